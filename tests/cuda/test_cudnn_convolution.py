"""Convolution through plans, with a stand-in for cuDNN that reads channels-last memory at addresses as cuDNN does."""

import ctypes
import sys
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.backend import Window, convolution_window, cpu, cuda


class Plan:
    """Computes a convolution on the CPU, from tensors that lie as (N, …, C)."""

    workspace = 0

    def __init__(self, kind: str, shapes: dict[str, tuple[int, ...]], window: Window, dtype: str) -> None:
        self.kind, self.shapes, self.window, self.dtype, self.runs = kind, shapes, window, np.dtype(dtype), 0

    def _at(self, name: str, address: int) -> Any:
        shape = self.shapes[name]
        raw = (ctypes.c_char * (prod(shape) * self.dtype.itemsize)).from_address(address)
        last = np.frombuffer(raw, self.dtype).reshape(shape[0], *shape[2:], shape[1])
        return last.transpose(0, last.ndim - 1, *range(1, last.ndim - 1))

    def run(self, handle: Any, x: int, w: int, y: int, workspace: int) -> None:
        images, kernels, out = (self._at(name, address) for name, address in zip("xwy", (x, w, y), strict=True))
        if self.kind == "output":
            out[...] = cpu.conv2d(images, kernels, None, self.window)
        elif self.kind == "input_grad":
            images[...] = cpu.conv2d_input_grad(out, kernels, self.shapes["x"], self.window)
        else:
            kernels[...] = cpu.conv2d_weight_grad(out, images, self.window)
        self.runs += 1


@pytest.fixture
def made(device: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Plan, dict[str, Any]]]]:
    """The plans that were made, with what was asked for."""
    found: list[tuple[Plan, dict[str, Any]]] = []

    def plans(kind: str, shapes: Any, window: Window, dtype: str, **options: Any) -> Iterator[Plan]:
        for _ in range(3):
            found.append((Plan(kind, shapes, window, dtype), options))
            yield found[-1][0]

    module = sys.modules[f"{cuda.__name__}.cudnn_convolution"]
    monkeypatch.setattr(module.cudnn, "library", object)
    monkeypatch.setattr(module.cudnn, "plans", plans)
    monkeypatch.setattr(module, "_handle", lambda *_: 0)
    module._choice.cache_clear()
    yield found
    module._choice.cache_clear()


@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        ((3, 4, 7, 8), (6, 4, 3, 2), (2, (1, 0), 1, 1)),
        ((3, 4, 7, 8), (6, 2, 3, 3), (1, 2, (2, 1), 2)),
        ((2, 4, 9), (6, 4, 3), (2, 1, 1, 1)),
        ((2, 2, 5, 4, 6), (4, 2, 3, 2, 3), (1, 1, 1, 1)),
    ],
)
def test_all_three_go_through_plans(device: Any, made: Any, x: Any, w: Any, options: Any) -> None:
    window = convolution_window("conv2d", w[2:], *options)
    rng = np.random.default_rng(0)
    images, kernels, bias = rng.standard_normal(x), rng.standard_normal(w), rng.standard_normal(w[0])
    g = rng.standard_normal((x[0], w[0], *window.output_size(x[2:])))
    X, W, B, G = map(device.asarray, (images, kernels, bias, g))
    for _ in range(2):
        found = device.conv2d(X, W, B, window)
        np.testing.assert_allclose(found.get(), cpu.conv2d(images, kernels, bias, window), rtol=1e-10, atol=1e-12)
        found = device.conv2d_input_grad(G, W, x, window)
        np.testing.assert_allclose(found.get(), cpu.conv2d_input_grad(g, kernels, x, window), rtol=1e-10, atol=1e-12)
        found = device.conv2d_weight_grad(G, X, window)
        np.testing.assert_allclose(found.get(), cpu.conv2d_weight_grad(g, images, window), rtol=1e-10, atol=1e-12)
    assert [(plan.kind, plan.runs) for plan, _ in made] == [("output", 2), ("input_grad", 2), ("weight_grad", 2)]


def test_switches_reach_the_plans(device: Any, made: Any) -> None:
    x, w = device.asarray(np.ones((1, 1, 4, 4), "float32")), device.asarray(np.ones((1, 1, 3, 3), "float32"))
    window = convolution_window("conv2d", (3, 3), 1, 0, 1, 1)
    device.conv2d(x, w, None, window)
    with tg.backends.cudnn.flags(allow_tf32=False, deterministic=True):
        device.conv2d(x, w, None, window)
    with tg.backends.cudnn.flags(enabled=False):
        device.conv2d(x, w, None, window)
    asked = [(options["tf32"], options["deterministic"]) for _, options in made]
    assert asked == [(True, False), (False, True)]


def test_benchmark_times_several_plans(device: Any, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = device.asarray(np.ones((1, 1, 4, 4))), device.asarray(np.ones((1, 1, 3, 3)))
    with tg.backends.cudnn.flags(benchmark=True, benchmark_limit=2):
        out = device.conv2d(x, w, None, convolution_window("conv2d", (3, 3), 1, 0, 1, 1))
    assert (out.get() == 9).all()
    assert sorted(plan.runs for plan, _ in made) == [4, 5]  # one to warm up, three timed; the winner's real one


def test_without_a_plan_columns_are_multiplied(device: Any, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[f"{cuda.__name__}.cudnn_convolution"]

    def refused(*_: Any, **__: Any) -> Any:
        raise module.cudnn.CudnnError("CUDNN_STATUS_NOT_SUPPORTED")

    monkeypatch.setattr(module.cudnn, "plans", refused)
    x, w = device.asarray(np.ones((1, 1, 4, 4))), device.asarray(np.ones((1, 1, 3, 3)))
    window = convolution_window("conv2d", (3, 3), 1, 0, 1, 1)
    assert (device.conv2d(x, w, None, window).get() == 9).all()
    monkeypatch.setattr(module.cudnn, "plans", lambda *_, **__: iter(()))
    module._choice.cache_clear()
    assert (device.conv2d(x, w, None, window).get() == 9).all()


def test_a_plan_that_fails_makes_room_for_the_next(device: Any, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[f"{cuda.__name__}.cudnn_convolution"]
    run, tries = Plan.run, []

    def refusing(plan: Plan, *arguments: Any) -> None:
        tries.append(plan)
        if len(set(map(id, tries))) < 3:
            raise module.cudnn.CudnnError("CUDNN_STATUS_NOT_SUPPORTED")
        run(plan, *arguments)

    monkeypatch.setattr(Plan, "run", refusing)
    x, w = device.asarray(np.ones((1, 1, 4, 4))), device.asarray(np.ones((1, 1, 3, 3)))
    window = convolution_window("conv2d", (3, 3), 1, 0, 1, 1)
    for _ in range(2):
        assert (device.conv2d(x, w, None, window).get() == 9).all()
    assert len(made) == 3
    assert len(tries) == 4


def test_what_begins_anywhere_is_copied_for_cudnn(device: Any, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    run = Plan.run

    def looking(plan: Plan, handle: Any, *addresses: int) -> None:
        seen.extend(address % 16 for address in addresses[:3])
        run(plan, handle, *addresses)

    monkeypatch.setattr(Plan, "run", looking)
    x, w = device.asarray(np.ones((3, 1, 5, 5), "float32")), device.asarray(np.ones((2, 1, 3, 3), "float32"))
    window = convolution_window("conv2d", (3, 3), 1, 0, 1, 1)
    assert (device.conv2d(x[1:], w, None, window).get() == 9).all()
    assert seen == [0, 0, 0]
