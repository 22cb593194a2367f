"""Functions and methods of tensors on a CUDA device that is not there, against the CPU, on PyTorch's own samples."""

import gc
import os
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the samples are PyTorch's")
pytest.importorskip("expecttest", reason="PyTorch's samples need it")

import tinygrad_cnn as tg
from tests.against_torch.operators import entries, moved, ours, samples, tensors, torch
from tests.device_agreement import TOLERANCE, on_host
from tinygrad_cnn.autograd import grad

# Random ones (dropouts are too), one that names a device itself, and one whose samples PyTorch makes with a warning.
APART = {"nn.functional.rrelu", "to", "linalg.pinv/singular"}
CASES = [
    pytest.param(entry, function, id=label)
    for label, entry in entries()
    if (function := ours(entry)) is not None and label not in APART and "dropout" not in label
]
EVERY = 1 if os.environ.get("TGC_EVERY_OPERATOR") else 25  # all of them take minutes


@pytest.fixture(scope="module", autouse=True)
def nothing_left() -> Iterator[None]:
    """What PyTorch's samples leave to the collector runs code of PyTorch's when it goes: here, not in another test."""
    yield
    gc.collect()


def on_device(value: Any, place: str) -> Any:
    """An argument with its tensors on a device, leaves again."""
    if isinstance(value, tg.Tensor):
        return value.detach().to(place).requires_grad_(value.requires_grad)
    if isinstance(value, tuple | list):
        made = [on_device(part, place) for part in value]
        return type(value)(made)
    if isinstance(value, dict):
        return {key: on_device(part, place) for key, part in value.items()}
    return value


def computed(function: Any, sample: Any, place: str) -> list[Any] | Exception:
    """Results and first gradients; or what was raised."""
    args = on_device(moved((sample.input, *sample.args)), place)
    kwargs = on_device(moved(sample.kwargs), place)
    if kwargs.get("device") is not None:
        kwargs["device"] = place
    try:
        found = function(*args, **kwargs)
    except Exception as error:
        return error
    outputs = tensors(found, tg.Tensor)
    smooth = [out for out in outputs if out.requires_grad]
    wanted = [x for x in tensors([args, kwargs], tg.Tensor) if x.requires_grad]
    if smooth and wanted:
        weights = [np.random.default_rng(i).standard_normal(tuple(out.shape)) for i, out in enumerate(smooth)]
        weights = [tg.tensor(w, dtype=out.dtype, device=place) for w, out in zip(weights, smooth, strict=True)]
        outputs += grad(smooth, wanted, weights, materialize_grads=True)
    return outputs


@pytest.mark.parametrize(("entry", "function"), CASES[::EVERY])
def test_it_agrees_with_the_cpu(device: Any, entry: Any, function: Any) -> None:
    for dtype in (torch.float64, torch.int64):
        if dtype not in entry.dtypes:
            continue
        for sample in samples(entry, dtype, 2, gradients=dtype is torch.float64 and entry.supports_autograd):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                here, there = computed(function, sample, "cpu"), computed(function, sample, device.name)
            if isinstance(here, Exception):
                assert type(there) is type(here)
                continue
            if isinstance(there, Exception):
                raise there
            for ours_, theirs in zip(there, here, strict=True):
                assert ours_.dtype == theirs.dtype
                assert str(ours_.device) == device.name
                tolerance = TOLERANCE.get(str(theirs.dtype), TOLERANCE["float64"])
                np.testing.assert_allclose(on_host(ours_), on_host(theirs), **tolerance)
