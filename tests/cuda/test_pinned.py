"""Pinned memory: where tensors lie, what waits, and batches of a loader."""

from collections import namedtuple
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.backend import cuda
from tinygrad_cnn.utils.data import DataLoader, TensorDataset

Pair = namedtuple("Pair", ["x", "y"])


def flying() -> int:
    return len(import_module(f"{cuda.__name__}.host_memory")._flying)


def test_a_pinned_tensor_is_copied_without_waiting(device: Any) -> None:
    x = tg.arange(6).reshape(2, 3).t().contiguous().float()
    pinned = x.pin_memory()
    assert pinned.is_pinned()
    assert not x.is_pinned()
    assert pinned.pin_memory() is pinned
    assert pinned.device == x.device
    assert pinned[1:].is_pinned()
    there = pinned.to("cuda", non_blocking=True)
    assert flying() == 1
    np.testing.assert_array_equal(there.cpu().numpy(), x.numpy())
    pinned.to("cuda")
    assert flying() == 0
    for _ in range(3):
        pinned.cuda(non_blocking=True)
    assert flying() == 1  # those that are over are forgotten at the next
    assert not there.is_pinned()
    assert pinned.t().to("cuda", non_blocking=True).tolist() == x.t().tolist()
    with pytest.raises(RuntimeError, match="pin_memory: only tensors on the CPU can be pinned; this one is on cuda:0"):
        there.pin_memory()
    assert tg.zeros(0).pin_memory().shape == (0,)


def test_batches_of_a_loader_are_pinned(device: Any) -> None:
    loader = DataLoader(TensorDataset(tg.randn(5, 2), tg.arange(5)), batch_size=2, pin_memory=True)
    for x, y in loader:
        assert x.is_pinned()
        assert y.is_pinned()
        x.to("cuda", non_blocking=True)
    here = DataLoader(TensorDataset(tg.randn(5, 2, device="cuda")), batch_size=2, pin_memory=True)
    assert {str(x.device) for (x,) in here} == {"cuda:0"}


def test_batches_keep_their_form(device: Any) -> None:
    pin = import_module("tinygrad_cnn.data.pinning").pin_memory

    class Own:
        def pin_memory(self) -> str:
            return "by itself"

    found = pin({"pair": Pair(tg.ones(1), 2), "list": [tg.ones(1), "a"], "tuple": (tg.ones(1),), "own": Own()})
    assert type(found["pair"]) is Pair
    assert found["pair"].x.is_pinned()
    assert found["list"][0].is_pinned()
    assert found["tuple"][0].is_pinned()
    assert found["own"] == "by itself"


def test_without_a_device_nothing_is_pinned() -> None:
    if cuda.missing() is None:
        pytest.skip("there is one")
    x = tg.ones(2)
    assert x.pin_memory() is x
    (batch,) = DataLoader(TensorDataset(x), batch_size=2, pin_memory=True)
    assert not batch[0].is_pinned()
