"""Compiled kernels never let a result depend on what their memory held before: here it holds NaN, or huge numbers."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

from tinygrad_cnn.backend import NumbaBackend, Window, cpu, pooling_window, set_num_threads, winograd
from tinygrad_cnn.backend.numba import compile as compiling
from tinygrad_cnn.backend.numba import convolution, pooling_methods, workspace

numba = NumbaBackend(cpu.rng)


def window(size: int, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1) -> Window:
    return Window((size, size), (stride, stride), ((padding, padding),) * 2, (dilation, dilation), groups)


GEOMETRIES = [  # images, output channels, window
    ((1, 1, 1, 1), 1, window(1)),
    ((2, 1, 9, 7), 5, window(3)),
    ((3, 3, 17, 13), 18, window(3, padding=1)),
    ((2, 8, 13, 11), 9, window(3, padding=1)),  # Winograd, with a few tiles beyond the last block
    ((5, 16, 21, 19), 33, window(3)),
    ((1, 70, 26, 26), 65, window(3, padding=1)),
    ((2, 6, 14, 14), 16, window(5)),
    ((2, 5, 15, 16), 7, window(5, stride=2, padding=2)),
    ((2, 4, 6, 5), 3, window(2, stride=3)),  # pixels that no window reads
    ((1, 3, 2, 2), 4, window(3, padding=2, dilation=2)),
    ((2, 8, 9, 9), 16, window(3, padding=1, groups=2)),
    ((2, 20, 10, 9), 20, window(3, padding=1, groups=20)),
    ((2, 17, 8, 8), 40, window(1)),
]


def everything(shape: tuple[int, ...], outputs: int, win: Window) -> list[Any]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape).astype("float32")
    w = rng.standard_normal((outputs, shape[1] // win.groups, *win.size)).astype("float32")
    out = numba.conv2d(x, w, None, win)
    results = [out, numba.conv2d_input_grad(out, w, shape, win), numba.conv2d_weight_grad(out, x, win)]
    if min(shape[2:]) >= 2:
        pool = pooling_window("p", 2, 2)
        values, taps = numba.max_pool2d(x, pool)
        results += [values, taps, numba.pool_scatter(values, taps, shape, pool), numba.sum_windows(x, pool)]
    return [result.copy() for result in results]


@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize("launch", [-1.0, 1e9])
@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_what_memory_held_before_does_not_matter(
    geometry: Any, allowed: bool, launch: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "LAUNCH", launch)
    monkeypatch.setattr(convolution, "FEWEST_TILES", 1)
    monkeypatch.setattr(pooling_methods, "SMALL", 0)
    filled: list[tuple[int, ...]] = []

    def filling(value: float) -> Any:
        def take(purpose: str, *shape: int) -> Any:
            filled.append(shape)
            memory = workspace.take(purpose, *shape)
            memory.fill(value)
            return memory

        return take

    def empty(value: float) -> Any:
        return lambda shape, dtype=np.float32: np.full(shape, value if np.dtype(dtype).kind == "f" else 99, dtype=dtype)

    found = []
    with winograd(allowed):
        for threads, value in ((1, 0.0), (1, np.nan), (2, np.nan), (2, np.inf), (2, 1e30)):
            set_num_threads(threads)
            monkeypatch.setattr(convolution, "take", filling(value))
            for module in (convolution, pooling_methods):
                monkeypatch.setattr(module, "empty", empty(value))
            found.append(everything(*geometry))
    assert filled
    for others in found[1:]:
        for ours, theirs in zip(found[0], others, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert all(np.isfinite(result).all() for result in found[0])
