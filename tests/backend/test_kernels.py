"""The CPU's kernels against the reference that they replace, and both against loops, for random geometries."""

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests import references as R
from tinygrad_cnn.backend import Backend, NumbaBackend, Window, convolution_window, cpu, numpy_convolution
from tinygrad_cnn.errors import ShapeError


class Reference(Backend):
    """The plain kernels, over NumPy."""

    name = "reference"
    xp = np
    array_type = np.ndarray

    def to_numpy(self, x: Any) -> Any:
        return x


reference = Reference()
with_numba = pytest.mark.skipif(find_spec("numba") is None, reason="Numba is not installed")
CPUS = [pytest.param(cpu, id="numpy"), pytest.param(NumbaBackend(cpu.rng), id="numba", marks=with_numba)]
BACKENDS = [cpu, NumbaBackend(cpu.rng), reference] if find_spec("numba") else [cpu, reference]
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def geometries(draw: Any, pooling: bool = False) -> tuple[tuple[int, ...], int, Window]:
    """An image batch, a number of output channels, and a window that fits."""
    size = draw(pairs)
    most = [k // 2 for k in size] if pooling else [3, 3]
    padding = tuple((draw(st.integers(0, p)), draw(st.integers(0, p))) for p in most)
    window = Window(
        size,
        draw(pairs),
        tuple((a, a) for a, _ in padding) if pooling else padding,
        draw(pairs),
        groups=1 if pooling else draw(st.integers(1, 3)),
        ceil_mode=pooling and draw(st.booleans()),
    )
    image = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    try:
        window.output_size(image)
    except ShapeError:
        assume(False)
    channels = window.groups * draw(st.sampled_from([1, 2, 9]))
    return (draw(st.integers(0, 3)), channels, *image), window.groups * draw(st.integers(1, 3)), window


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


def convolve(backend: Backend, shape: tuple[int, ...], outputs: int, window: Window, layout: str = "C") -> list[Any]:
    """The three kernels of convolution on the same numbers."""
    x = np.asarray(numbers(*shape), order=layout)
    w = np.asarray(numbers(outputs, shape[1] // window.groups, *window.size, seed=1), order=layout)
    g = np.asarray(numbers(shape[0], outputs, *window.output_size(shape[2:]), seed=2), order=layout)
    return [
        backend.conv2d(x, w, None, window),
        backend.conv2d_input_grad(g, w, shape, window),
        backend.conv2d_weight_grad(g, x, window),
    ]


def check(found: list[Any], expected: list[Any]) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-11)


ONE_PIXEL = Window((1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1))
WIDE_PADDING = Window((1, 2), (1, 1), ((3, 0), (0, 3)), (1, 1))


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("block", [1, 1000, numpy_convolution.BLOCK_BYTES])
@given(geometry=geometries(), layout=st.sampled_from("CF"))
@example(geometry=((2, 3, 1, 1), 2, ONE_PIXEL), layout="C")
@example(geometry=((0, 1, 4, 4), 1, ONE_PIXEL), layout="C")
@example(geometry=((1, 2, 2, 3), 2, WIDE_PADDING), layout="C")
def test_convolution_agrees_with_the_reference(cpu: Backend, block: int, geometry: Any, layout: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numpy_convolution, "BLOCK_BYTES", block)  # 1: one row of the output at a time
        check(convolve(cpu, *geometry, layout), convolve(reference, *geometry))


@given(geometry=geometries())
def test_the_reference_agrees_with_loops(geometry: Any) -> None:
    shape, outputs, window = geometry
    assume(shape[0] * shape[1] * shape[2] * shape[3] < 150)
    x, w = numbers(*shape), numbers(outputs, shape[1] // window.groups, *window.size, seed=1)
    g = numbers(shape[0], outputs, *window.output_size(shape[2:]), seed=2)
    expected = [
        R.conv2d(x, w, window=window),
        R.conv2d_input_grad(g, w, shape=shape, window=window),
        R.conv2d_weight_grad(g, x, window=window),
    ]
    check(convolve(reference, *geometry), expected)


@pytest.mark.parametrize("backend", [*CPUS, pytest.param(reference, id="reference")])
@given(geometry=geometries(pooling=True), layout=st.sampled_from("CF"))
def test_pooling_agrees_with_loops(backend: Backend, geometry: Any, layout: str) -> None:
    shape, _, window = geometry
    x = np.asarray(np.round(numbers(*shape)), order=layout)  # rounded: many ties
    reading = {place for place, _, _ in R.reads(window, shape[2:])}
    assume(len(reading) == np.prod(window.output_size(shape[2:])))  # no window of padding alone
    values, taps = R.max_taps(x, window)
    found_values, found_taps = backend.max_pool2d(x, window)
    np.testing.assert_array_equal(found_values, values)
    np.testing.assert_array_equal(found_taps, taps)
    g = numbers(*values.shape, seed=1)
    check(
        [
            backend.pool_gather(x, found_taps, window),
            backend.pool_scatter(g, found_taps, shape, window),
            backend.sum_windows(x, window),
            backend.spread_windows(g, shape, window),
        ],
        [
            R.pool_gather(x, taps=taps, window=window),
            R.pool_scatter(g, taps=taps, shape=shape, window=window),
            R.sum_windows(x, window=window),
            R.spread_windows(g, shape=shape, window=window),
        ],
    )


@pytest.mark.parametrize("cpu", CPUS)
def test_one_huge_image_is_cut_into_rows(cpu: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The columns of one block stay within the bound, and the blocks together are the whole."""
    window = Window((5, 5), (1, 1), ((2, 2), (2, 2)), (1, 1))
    monkeypatch.setattr(numpy_convolution, "BLOCK_BYTES", 64_000)
    check(convolve(cpu, (1, 3, 120, 50), 4, window), convolve(reference, (1, 3, 120, 50), 4, window))


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("groups", [1, 3])
def test_rank_one_and_three_fall_back(cpu: Backend, groups: int) -> None:
    """The kernels' sums over taps know no rank."""
    for rank in (1, 3):
        window = Window((2,) * rank, (2,) * rank, ((1, 1),) * rank, (1,) * rank, groups)
        geometry = ((2, 3, *(5,) * rank), 3, window)
        check(convolve(cpu, *geometry), convolve(reference, *geometry))


@pytest.mark.parametrize("cpu", CPUS)
def test_a_maximum_is_nan_where_one_is_inside(cpu: Backend) -> None:
    x = np.array([[[[1.0, np.nan], [np.nan, 2.0]]]])
    values, taps = cpu.max_pool2d(x, Window((2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)))
    assert np.isnan(values).all()
    assert taps.item() == 1


@pytest.mark.parametrize("cpu", CPUS)
def test_padding_is_below_every_value(cpu: Backend) -> None:
    window = Window((3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1))
    for dtype, low in (("float32", -np.inf), ("int64", np.iinfo("int64").min), ("float64", -5.0)):
        values, _ = cpu.max_pool2d(np.full((1, 1, 3, 3), low, dtype=dtype), window)
        assert (values == low).all()
        assert values.dtype == dtype


@pytest.mark.parametrize("cpu", CPUS)
def test_more_than_256_taps(cpu: Backend) -> None:
    x = np.arange(20 * 20.0).reshape(1, 1, 20, 20)
    values, taps = cpu.max_pool2d(x, Window((17, 17), (1, 1), ((0, 0), (0, 0)), (1, 1)))
    assert values[0, 0, 0, 0] == 16 * 20 + 16
    assert (taps == 17 * 17 - 1).all()


@given(
    shape=st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple),
    seed=st.integers(0, 5),
    weighted=st.booleans(),
    biased=st.booleans(),
)
def test_batch_norm_agrees_with_loops(shape: tuple[int, ...], seed: int, weighted: bool, biased: bool) -> None:
    x, g = numbers(*shape, seed=seed), numbers(*shape, seed=seed + 1)
    w = numbers(shape[1], seed=7) if weighted else None
    b = numbers(shape[1], seed=8) if biased else None
    for backend in BACKENDS:
        out, mean, invstd = backend.batch_norm(x, w, b, 0.1)
        gradients = backend.batch_norm_input_grad(g, x, w, mean, invstd)
        check([out], [R.batch_norm(x, w, b, eps=0.1)])
        check([gradients[0]], [R.batch_norm_input_grad(g, x, w, eps=0.1)])
        normal = R.batch_norm(x, None, None, eps=0.1)
        axes = tuple(i for i in range(x.ndim) if i != 1)
        check(list(gradients[1:]), [(g * normal).sum(axes), g.sum(axes)])


def test_scatter_add_adds_and_keeps_the_dtype() -> None:
    for backend in BACKENDS:
        out = backend.scatter_add(np.array([[0, 5], [5, 5]]), np.array([[1, 2], [3, 4]], dtype="float32"), (2, 3))
        assert out.tolist() == [[1, 0, 0], [0, 0, 9]]
        assert out.dtype == "float32"


def test_scatter_add_of_integers_is_exact() -> None:
    large = 2**53 + 1  # more than a float64 can tell from its neighbour
    for backend in BACKENDS:
        out = backend.scatter_add(np.array([0, 1]), np.array([large, 1]), (2,))
        assert out.tolist() == [large, 1]


@pytest.mark.parametrize("cpu", CPUS)
def test_dropout_mask_lies_like_its_image(cpu: Backend) -> None:
    x = np.zeros((2, 3, 4, 5)).transpose(0, 2, 3, 1)
    mask = cpu.dropout_mask(x, 0.5, x.shape)
    assert mask.strides == tuple(n // 8 for n in x.strides)
    assert cpu.dropout_mask(x, 0.5, (2, 1, 1, 3)).shape == (2, 1, 1, 3)
    assert cpu.dropout_mask(np.zeros((3, 0)), 0.5, (3, 0)).shape == (3, 0)


def test_what_a_new_backend_must_bring() -> None:
    assert reference.asarray([1, 2]).tolist() == [1, 2]
    assert reference.copy_from(cpu, np.ones(2)).tolist() == [1, 1]
    with reference.quiet():
        reference.synchronize()
    for missing in (lambda: Backend.to_numpy(reference, np.ones(1)), reference.new_generator):
        with pytest.raises(NotImplementedError):
            missing()


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize(("groups", "channels"), [(1, 16), (2, 32), (32, 32)])
@pytest.mark.parametrize("stride", [1, 2])
def test_an_empty_batch_of_many_channels(cpu: Backend, groups: int, channels: int, stride: int) -> None:
    window = convolution_window("conv2d", (3, 3), stride, 0, 1, groups)
    x, w = np.ones((0, channels, 5, 5)), np.ones((2 * groups, channels // groups, 3, 3))
    out = cpu.conv2d(x, w, None, window)
    assert out.shape == (0, 2 * groups, *window.output_size((5, 5)))
    assert cpu.conv2d_input_grad(out, w, x.shape, window).shape == x.shape
    assert not cpu.conv2d_weight_grad(out, x, window).any()
