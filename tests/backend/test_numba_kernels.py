"""Compiled kernels against the reference in float64: pooling, batch norm, dropout, losses.

Bounds: pooling moves values and sums a few, so maxima are equal bit for bit and sums agree to 1e-6 of the largest;
batch norm, with sums over blocks added in float64, and the losses to 1e-5.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.backend.test_kernels import reference
from tinygrad_cnn import nn, optim, tensor
from tinygrad_cnn.backend import (
    Backend,
    Kept,
    Window,
    cpu,
    pooling_window,
    set_num_threads,
)

pytest.importorskip("numba")

from tinygrad_cnn.backend.numba import (
    NumbaBackend,
    compile,
    dropout_methods,
    memory,
    normalization_methods,
    pooling_methods,
)
from tinygrad_cnn.backend.numba.memory import channels_last, flat_views, in_order_of, row_major
from tinygrad_cnn.backend.numpy import NumpyGenerator

ORDERS = ["channels last", "channels first", "strided"]


@pytest.fixture(autouse=True)
def _small_arrays_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels run for tiny arrays as well."""
    for module in (pooling_methods, normalization_methods, dropout_methods):
        monkeypatch.setattr(module, "SMALL", 0)


def images(*shape: int, order: str = "channels last", seed: int = 0) -> Any:
    """float32 numbers whose memory has a given order."""
    values = np.random.default_rng(seed).standard_normal(shape).astype("float32")
    if order == "channels last":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 1, -1)), -1, 1)
    return np.repeat(values, 2, axis=-1)[..., ::2] if order == "strided" else values


def close(found: Any, expected: Any, bound: float) -> None:
    """Within `bound` of the largest of the expected values, in float32 and in shape."""
    assert found.dtype == "float32"
    assert found.shape == expected.shape
    if found.size:
        assert np.abs(found - expected).max() <= bound * max(np.abs(expected).max(), 1)


def wide(*arrays: Any) -> list[Any]:
    return [array.astype("float64") for array in arrays]


# pooling --------------------------------------------------------------------------------------------------------------

WINDOWS = [  # images, window
    ((2, 16, 4, 6), pooling_window("p", 2, 2)),
    ((2, 17, 7, 5), pooling_window("p", 2, 2, None, 0, 1, True)),
    ((1, 33, 8, 9), pooling_window("p", 2, 3, 2, 1)),
    ((2, 1, 7, 6), pooling_window("p", 2, (3, 2), (1, 3), (1, 0), (2, 1))),
    ((1, 5, 6, 6), pooling_window("p", 2, 2, 3)),
    ((3, 3, 1, 1), pooling_window("p", 2, 1)),
    ((1, 2, 1, 1), pooling_window("p", 2, 3, 1, 1)),
    ((0, 4, 6, 6), pooling_window("p", 2, 2)),
    ((1, 2, 16, 16), pooling_window("p", 2, 16)),
    ((1, 2, 18, 18), pooling_window("p", 2, 17)),
]


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("few", [1, 1000])  # channels in vectors, or whole lines of pixels
@pytest.mark.parametrize(("shape", "window"), WINDOWS)
@pytest.mark.parametrize("order", ORDERS)
def test_pooling(
    numba: Backend, shape: tuple[int, ...], window: Window, order: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pooling_methods, "FEW", few)
    monkeypatch.setattr(pooling_methods, "SMALL", 0 if few == 1 else 1)
    x = np.round(images(*shape, order=order))  # rounded: many ties
    values, taps = numba.max_pool2d(x, window)
    expected_values, expected_taps = reference.max_pool2d(x, window)
    np.testing.assert_array_equal(values, expected_values)
    np.testing.assert_array_equal(taps, expected_taps)
    assert values.dtype == x.dtype
    assert taps.dtype == expected_taps.dtype
    np.testing.assert_array_equal(numba.pool_gather(x, taps, window), expected_values)
    g = images(*values.shape, order=order, seed=1)
    (exact,) = wide(g)
    close(numba.pool_scatter(g, taps, shape, window), reference.pool_scatter(exact, taps, shape, window), 1e-6)
    close(numba.sum_windows(x, window), reference.sum_windows(x.astype("float64"), window), 1e-6)
    close(numba.spread_windows(g, shape, window), reference.spread_windows(exact, shape, window), 1e-6)


@pytest.mark.parametrize("few", [1, 1000])
@pytest.mark.parametrize("channels", [1, 40])
def test_a_maximum_is_nan_where_one_is_inside(
    numba: Backend, channels: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pooling_methods, "FEW", few)
    monkeypatch.setattr(pooling_methods, "SMALL", 0 if few == 1 else 1)
    x = images(2, channels, 6, 6)
    x[0, 0, 1, 1] = x[1, -1, 4, 5] = x[1, -1, 5, 4] = np.nan
    values, taps = numba.max_pool2d(x, pooling_window("p", 2, 2))
    expected = reference.max_pool2d(x, pooling_window("p", 2, 2))
    np.testing.assert_array_equal(values, expected[0])
    np.testing.assert_array_equal(taps, expected[1])
    assert np.isnan(values).sum() == 2


def test_gradients_of_a_mean_have_no_memory_of_their_own(numba: Backend) -> None:
    window = pooling_window("p", 2, 2)
    g = np.broadcast_to(np.float32(0.5), (2, 20, 3, 3))
    taps = reference.max_pool2d(images(2, 20, 6, 6), window)[1]
    np.testing.assert_array_equal(
        numba.pool_scatter(g, taps, (2, 20, 6, 6), window), reference.pool_scatter(g, taps, (2, 20, 6, 6), window)
    )


# batch normalisation --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize(
    "shape", [(5, 3), (1, 64), (2, 6, 5, 7), (3, 70, 4, 4), (2, 33, 9), (2, 64, 40, 40), (1, 1, 1, 1)]
)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("weighted", [True, False])
def test_batch_norm(numba: Backend, shape: tuple[int, ...], order: str, weighted: bool) -> None:
    x, g = 3 * images(*shape, order=order) + 10, images(*shape, order=order, seed=1)
    w, b = (images(shape[1], 1, seed=2)[:, 0], images(shape[1], 1, seed=3)[:, 0]) if weighted else (None, None)
    exact_w, exact_b = (None, None) if w is None else wide(w, b)
    found = numba.batch_norm(x, w, b, 1e-2)
    exact = reference.batch_norm(x.astype("float64"), exact_w, exact_b, 1e-2)
    for ours, theirs in zip(found, exact, strict=True):
        close(ours, theirs, 1e-5)
    found = numba.batch_norm_input_grad(g, x, w, *found[1:])
    exact = reference.batch_norm_input_grad(*wide(g, x), exact_w, *exact[1:])
    for ours, theirs in zip(found, exact, strict=True):
        close(ours, theirs, 1e-5)


def test_a_mean_far_from_zero_keeps_its_variance(numba: Backend) -> None:
    x = images(8, 5, 30, 30) + np.float32(3000)
    out, mean, invstd = numba.batch_norm(x, None, None, 0.0)
    exact = reference.batch_norm(x.astype("float64"), None, None, 0.0)
    np.testing.assert_allclose(mean, exact[1], rtol=1e-6)
    np.testing.assert_allclose(invstd, exact[2], rtol=1e-4)
    close(out, exact[0], 1e-3)  # the mean itself is rounded to float32: 3000 · 2⁻²⁴ = 2e-4


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("shape", [(5, 3), (2, 33, 9), (2, 64, 40, 40)])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("biased", [True, False])
def test_scale_channels(numba: Backend, shape: tuple[int, ...], order: str, biased: bool) -> None:
    x, w, b = images(*shape, order=order), images(shape[1], 1, seed=2)[:, 0], images(shape[1], 1, seed=3)[:, 0]
    found = numba.scale_channels(x, w, b if biased else None)
    close(found, reference.scale_channels(*wide(x, w), b.astype("float64") if biased else None), 1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_running_statistics(numba: Backend, dtype: str) -> None:
    rng = np.random.default_rng(0)
    running_mean, running_var = rng.random((2, 37)).astype(dtype)
    mean, invstd = rng.random((2, 37)).astype(dtype) + 0.5
    exact = wide(running_mean, running_var)
    options = {"momentum": 0.1, "eps": 1e-3, "count": 12}
    reference.update_running_statistics(*exact, *wide(mean, invstd), **options)
    numba.update_running_statistics(running_mean, running_var, mean, invstd, **options)
    np.testing.assert_allclose(running_mean, exact[0], rtol=1e-6)
    np.testing.assert_allclose(running_var, exact[1], rtol=1e-6)


# dropout --------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", [(3, 5, 7, 11), (1, 1), (2, 64, 50, 50)])
def test_dropout(numba: Backend, shape: tuple[int, ...], order: str) -> None:
    x = images(*shape, order=order)
    out, mask = numba.dropout(x, 0.25, shape)
    assert mask.dtype == bool
    close(out, reference.apply_mask(x.astype("float64"), mask, 0.25), 1e-6)
    np.testing.assert_array_equal(out == 0, ~mask)
    np.testing.assert_array_equal(numba.apply_mask(x, mask, 0.25), out)
    spread = 5 * (0.25 * 0.75 / mask.size) ** 0.5
    assert mask.size == 1 or abs(mask.mean() - 0.75) <= spread


@pytest.mark.parametrize("p", [0.0, 1.0, 1e-12])
def test_dropout_of_nothing_and_of_all(numba: Backend, p: float) -> None:
    x = images(4, 6)
    out, mask = numba.dropout(x, p, x.shape)
    assert mask.all() if p < 1 else not mask.any()
    np.testing.assert_array_equal(out, x * mask)


def test_dropout_of_whole_channels_and_of_nothing(numba: Backend) -> None:
    out, mask = numba.dropout(np.ones((4, 8, 3, 3), dtype="float32"), 0.5, (4, 8, 1, 1))
    np.testing.assert_array_equal(out, np.broadcast_to(mask * np.float32(2), out.shape))
    out, mask = numba.dropout(np.ones((0, 3), dtype="float32"), 0.5, (0, 3))
    assert out.shape == mask.shape == (0, 3)


def test_the_generator_is_philox() -> None:
    """The known answers of Random123 for counter and key of zeros, and for those of π's digits that fit here."""
    from tinygrad_cnn.backend.numba.dropout import philox

    words = np.empty((4, 2), dtype="uint32")
    philox(np.uint64(0), np.uint64(0), words)
    assert [f"{word:08x}" for word in words[:, 0]] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


def test_bits_are_fair() -> None:
    from tinygrad_cnn.backend.numba.dropout import philox

    words = np.empty((4, 1024), dtype="uint32")
    philox(np.uint64(12345678901234567), np.uint64(3), words)
    ones = np.unpackbits(words.view("uint8"))
    assert abs(ones.mean() - 0.5) < 5 * 0.5 / ones.size**0.5
    assert len(np.unique(words)) > 4090
    assert np.abs(np.corrcoef(words) - np.eye(4)).max() < 0.15


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_dropping_does_not_hide_what_is_not_finite(numba: Backend, value: float) -> None:
    x = np.full((3, 50), value, dtype="float32")
    with np.errstate(all="ignore"):
        out, mask = numba.dropout(x, 0.5, x.shape)
        np.testing.assert_array_equal(out, reference.apply_mask(x, mask, 0.5))


# losses ---------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("shape", [(1, 1), (7, 10), (300, 127), (5, 200), (3, 5000), (0, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_cross_entropy(numba: Backend, shape: tuple[int, int], order: str) -> None:
    x = np.asarray(10 * images(*shape), order=order)  # type: ignore[call-overload]
    x[:1] += 1e4
    target = np.random.default_rng(1).integers(0, shape[1], shape[0])
    g = images(shape[0], 1, seed=2)[:, 0]
    close(numba.softmax_cross_entropy(x, target), reference.softmax_cross_entropy(x.astype("float64"), target), 1e-5)
    found = numba.softmax_cross_entropy_grad(g, x, target.astype("uint16"))
    close(found, reference.softmax_cross_entropy_grad(*wide(g, x), target), 1e-5)
    if len(x):
        close(numba.cross_entropy(x, target), reference.cross_entropy(x.astype("float64"), target), 1e-5)
        # One number for all rows gives what an array of it gives.
        one = numba.softmax_cross_entropy_grad(g[0], x, target)
        np.testing.assert_array_equal(one, numba.softmax_cross_entropy_grad(np.full_like(g, g[0]), x, target))


@pytest.mark.parametrize("classes", [10, 1000])
def test_large_scores_cost_no_digits(numba: Backend, classes: int) -> None:
    """The largest score is subtracted before anything is added to it."""
    x = 10 * images(50, classes) + np.float32(1e4)
    target = np.random.default_rng(1).integers(0, classes, 50)
    exact = reference.softmax_cross_entropy(x.astype("float64"), target)
    assert np.abs(numba.softmax_cross_entropy(x, target) - exact).max() <= 2e-5


def test_scores_that_are_not_finite(numba: Backend) -> None:
    x = np.array([[np.nan, 1, 2], [1, np.nan, 2], [np.inf, 1, 2], [-np.inf, 1, 2]], dtype="float32")
    target = np.zeros(4, dtype="int64")
    np.testing.assert_array_equal(numba.softmax_cross_entropy(x, target), [np.nan, np.nan, np.nan, np.inf])


def test_labels_outside_the_classes_touch_no_memory(numba: Backend) -> None:
    """The public functions refuse them; an operation called with them anyway gives NaN."""
    x, target = images(3, 4), np.array([-1, 4, 2**40])
    assert np.isnan(numba.softmax_cross_entropy(x, target)).all()
    numba.softmax_cross_entropy_grad(x[:, 0], x, target)


# all of them ----------------------------------------------------------------------------------------------------------


def test_flat_views_share_memory() -> None:
    x = images(2, 3, 4, 5)
    views = flat_views(x, x.copy(order="K"))
    assert views is not None
    assert np.shares_memory(views[0], x)
    for others in ((x.copy(),), (x.astype("float64"),), (x[:1],)):
        assert flat_views(x, *others) is None
    assert flat_views(x[..., ::2]) is None
    assert flat_views(x.astype("float64")) is None


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "shape", [(2, 16, 8, 16), (3, 5, 70), (1, 300, 7, 5), (2, 17, 3, 3, 2), (4, 1, 9, 9), (0, 3, 2, 2)]
)
def test_memory_orders(shape: tuple[int, ...], dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "TRANSPOSED", 0)
    x = images(*shape, order="channels first").astype(dtype)
    last = channels_last(x)
    np.testing.assert_array_equal(last, np.moveaxis(x, 1, -1))
    assert last.flags.c_contiguous
    back = row_major(np.moveaxis(last, -1, 1))
    np.testing.assert_array_equal(back, x)
    assert back.flags.c_contiguous
    strided = np.repeat(x, 2, axis=-1)[..., ::2]
    for like in (x, np.moveaxis(last, -1, 1), strided, x.transpose(*range(x.ndim)[::-1]).copy().T):
        for other in (x, np.moveaxis(last, -1, 1), strided):
            found = in_order_of(like, other)
            np.testing.assert_array_equal(found, x)
            assert found.transpose(memory.memory_order(like)).flags.c_contiguous


def _everything() -> dict[str, Any]:
    """What each kernel gives from one seed, for arrays large enough for several blocks and threads."""
    backend = NumbaBackend(NumpyGenerator())  # with random numbers that nobody else draws from
    backend.rng.seed(7)
    x, window = images(4, 32, 41, 37), pooling_window("p", 2, 3, 2, 1)
    values, taps = backend.max_pool2d(x, window)
    out, mean, invstd = backend.batch_norm(x, None, None, 1e-5)
    scores, target = images(5000, 10), np.arange(5000) % 10
    p, g, m = (images(300_000, 1, seed=seed)[:, 0] for seed in range(3))
    square = m * m
    options: dict[str, Any] = {"lr": 0.1, "beta1": 0.8, "beta2": 0.9, "eps": 1e-3, "weight_decay": 0.1}
    backend.adam_steps([p], [g], [m], [square], None, steps=[2], kept=Kept(), decoupled=True, **options)
    bn_grads = backend.batch_norm_input_grad(out * out, x, None, mean, invstd)
    dropped, mask = backend.dropout(x, 0.3, x.shape)
    rows, factor = images(700, 300), p[:300]
    normal = backend.layer_norm(rows, factor, None, 1e-5)
    return {
        "layer_norm": normal[0],
        "layer_norm statistics": np.stack(normal[1:]),
        "layer_norm_input_grad": backend.layer_norm_input_grad(rows * rows, rows, factor, *normal[1:])[0],
        "layer_norm sums": np.stack(backend.layer_norm_input_grad(rows * rows, rows, factor, *normal[1:])[1:]),
        "max_pool2d": np.stack([values, taps]),
        "pool_scatter": backend.pool_scatter(values, taps, x.shape, window),
        "batch_norm": out,
        "batch_norm statistics": np.stack([mean, invstd]),
        "batch_norm_input_grad": bn_grads[0],
        "batch_norm sums": np.stack(bn_grads[1:]),
        "dropout": dropped,
        "dropout mask": mask,
        "softmax_cross_entropy": backend.softmax_cross_entropy(scores, target),
        "softmax_cross_entropy_grad": backend.softmax_cross_entropy_grad(scores[:, 0], scores, target),
        "cross_entropy": backend.cross_entropy(scores, target),
        "adam_steps": np.stack([p, m, square]),
    }


@pytest.mark.usefixtures("deterministic")
def test_the_same_bits_for_any_number_of_threads() -> None:
    results = []
    for threads in (1, 2):
        set_num_threads(threads)
        results.append(_everything())
    for name, alone in results[0].items():
        different = np.argwhere(results[1][name] != alone)
        assert not different.size, f"{name} {alone.shape}: {len(different)} values, from {different[0]} on"


def test_float64_takes_the_path_of_numpy(numba: Backend) -> None:
    x, window = images(2, 20, 8, 8).astype("float64"), pooling_window("p", 2, 2)
    for ours, theirs in zip(numba.max_pool2d(x, window), cpu.max_pool2d(x, window), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(numba.batch_norm(x, None, None, 0.1), cpu.batch_norm(x, None, None, 0.1), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert numba.dropout(x, 0.5, x.shape)[0].dtype == "float64"
    assert numba.softmax_cross_entropy(x[:, :, 0, 0], np.zeros(2, dtype="int64")).dtype == "float64"


def _train(seed: int, steps: int = 3) -> list[float]:
    """The losses of a small network, from parameters and images of a seed."""
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    model.append(nn.Linear(16 * 36, 5))
    for parameter in model.parameters():
        parameter.array[...] = rng.standard_normal(parameter.shape) / 10
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    x = tensor(rng.standard_normal((8, 3, 12, 12)).astype("float32"))
    labels, losses = tensor(rng.integers(0, 5, 8)), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.usefixtures("numba")
def test_two_threads_train_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile, "LAUNCH", -1)
    expected = [_train(seed) for seed in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            assert list(pool.map(_train, range(2))) == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_kernels_run_in_a_forked_child() -> None:
    """There no thread pool exists any more, and starting one may end the process."""
    program = (
        "import os, numpy as np; from tinygrad_cnn.backend import cpu_kernels, get_backend; cpu_kernels('numba')\n"
        "from tinygrad_cnn.backend.numba import compile; compile.LAUNCH = -1\n"
        "x = np.ones((2, 64, 40, 40), dtype='float32'); cpu = get_backend('cpu')\n"
        "expected = cpu.batch_norm(x, None, None, 1.0)[0]\n"
        "if child := os.fork(): raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "os._exit(0 if (cpu.batch_norm(x, None, None, 1.0)[0] == expected).all() else 1)"
    )
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], check=True, timeout=120, cwd=Path(__file__).parents[2]
    )
