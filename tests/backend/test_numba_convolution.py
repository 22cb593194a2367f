"""Compiled convolution against the reference in float64, with the error that each algorithm is allowed."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")

from tests.backend.test_kernels import numbers, reference
from tinygrad_cnn.backend import NumbaBackend, Window, cpu, set_num_threads, winograd
from tinygrad_cnn.backend.numba import compile as compiling
from tinygrad_cnn.backend.numba import convolution, few_pixels
from tinygrad_cnn.errors import ShapeError

numba = NumbaBackend(cpu.rng)

DIRECT = 5e-6  # of the largest result; sums of a few thousand products in float32
WINOGRAD = 1e-5


def window(
    size: Any = 3, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1, rank: int = 2
) -> Window:
    def each(value: Any) -> Any:
        return value if isinstance(value, tuple) else (value,) * rank

    pads = tuple(p if isinstance(p, tuple) else (p, p) for p in each(padding))
    return Window(each(size), each(stride), pads, each(dilation), groups)


def values(shape: tuple[int, ...], outputs: int, win: Window, layout: str = "last") -> list[Any]:
    x = numbers(*shape).astype("float32")
    w = numbers(outputs, shape[1] // win.groups, *win.size, seed=1).astype("float32")
    g = numbers(shape[0], outputs, *win.output_size(shape[2:]), seed=2).astype("float32")
    if layout == "last":
        x, g = (np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1) for a in (x, g))
    if layout == "reversed":
        x, g, w = (np.flip(np.flip(a).copy()) for a in (x, g, w))
    if layout == "read-only":
        x, g, w = (np.broadcast_to(a, a.shape) for a in (x, g, w))
    return [x, w, g]


def convolve(backend: Any, x: Any, w: Any, g: Any, win: Window) -> list[Any]:
    return [
        backend.conv2d(x, w, None, win),
        backend.conv2d_input_grad(g, w, x.shape, win),
        backend.conv2d_weight_grad(g, x, win),
    ]


def check(shape: tuple[int, ...], outputs: int, win: Window, bound: float = DIRECT, layout: str = "last") -> None:
    given = values(shape, outputs, win, layout)
    expected = convolve(reference, *(a.astype("float64") for a in given), win)
    for ours, theirs in zip(convolve(numba, *given, win), expected, strict=True):
        assert ours.shape == theirs.shape
        assert ours.dtype == "float32"
        if theirs.size:
            assert abs(ours - theirs).max() <= bound * abs(theirs).max()


@st.composite
def geometries(draw: Any) -> tuple[tuple[int, ...], int, Window]:
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    padding = tuple((draw(st.integers(0, 3)), draw(st.integers(0, 3))) for _ in range(2))
    groups = draw(st.integers(1, 3))
    win = Window(draw(pairs), draw(pairs), padding, draw(pairs), groups)
    image = draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    try:
        win.output_size(image)
    except ShapeError:
        assume(False)
    inputs, outputs = (groups * draw(st.sampled_from([1, 2, 7, 16, 33])) for _ in range(2))
    return (draw(st.integers(0, 5)), inputs, *image), outputs, win


@settings(max_examples=150)
@given(geometry=geometries(), layout=st.sampled_from(["first", "last", "reversed", "read-only"]))
@example(geometry=((1, 1, 1, 1), 1, window(1)), layout="last")
@example(geometry=((0, 3, 5, 5), 4, window(3)), layout="last")
@example(geometry=((2, 3, 2, 2), 4, window((5, 4), padding=2)), layout="first")  # a kernel larger than the image
@example(geometry=((2, 16, 3, 3), 16, window(1, padding=((3, 0), (0, 2)))), layout="last")
@example(geometry=((2, 3, 9, 9), 5, window(2, stride=3, padding=1)), layout="last")  # pixels that no window reads
@example(geometry=((2, 3, 9, 9), 5, window(2, stride=2, dilation=2)), layout="last")
def test_any_geometry(geometry: Any, layout: str) -> None:
    check(*geometry, bound=WINOGRAD, layout=layout)


@settings(max_examples=60)
@given(geometry=geometries(), layout=st.sampled_from(["first", "last", "reversed", "read-only"]))
@example(geometry=((1, 70, 9, 9), 140, window(3, padding=1)), layout="last")
@example(geometry=((1, 300, 5, 5), 70, window(1)), layout="last")
def test_few_pixels_that_meet_many_weights(geometry: Any, layout: str) -> None:
    limits = {"MOST_PIXELS": 10**9, "FEWEST_WEIGHTS": 0, "OF_SEVERAL_TAPS": 0}
    with pytest.MonkeyPatch.context() as patch, winograd(False):
        for name, value in limits.items():
            patch.setattr(few_pixels, name, value)
        check(*geometry, layout=layout)


def test_last_layers_of_one_image() -> None:
    check((1, 512, 3, 3), 128, window(3, padding=1))
    check((2, 300, 4, 4), 260, window(1))


@pytest.mark.parametrize("outputs", [1, 5, 16, 17, 32, 47, 48, 64, 65, 70, 100, 130])
def test_panels_of_every_width(outputs: int) -> None:
    check((2, 5, 8, 9), outputs, window(2, stride=(1, 2), padding=1))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_first_layer(channels: int) -> None:
    check((5, channels, 28, 28), 32, window(3), layout="first")
    check((2, channels, 33, 30), 20, window(7, stride=2, padding=3), layout="first")


@pytest.mark.parametrize(("channels", "stride", "dilation"), list(product([2, 16, 20, 40], [1, 2], [1, 2])))
def test_a_kernel_per_channel(channels: int, stride: int, dilation: int) -> None:
    check((3, channels, 11, 9), channels, window(3, stride, 1, dilation, channels))


@settings(max_examples=100)
@given(
    channels=st.sampled_from([2, 15, 16, 17, 40]),
    image=st.tuples(st.integers(1, 12), st.integers(1, 21)),
    rows=st.integers(1, 5),
    columns=st.sampled_from([3, 5, 7]),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    padding=st.tuples(*[st.tuples(st.integers(0, 4), st.integers(0, 4))] * 2),
)
def test_neighbours_share_what_they_read(
    channels: int, image: Any, rows: int, columns: int, stride: Any, padding: Any
) -> None:
    win = window((rows, columns), stride, padding, groups=channels)
    try:
        win.output_size(image)
    except ShapeError:
        assume(False)
    check((2, channels, *image), channels, win)


@pytest.mark.parametrize(("inputs", "outputs", "groups"), [(8, 16, 2), (64, 64, 4), (6, 3, 3), (12, 24, 12)])
def test_groups(inputs: int, outputs: int, groups: int) -> None:
    check((3, inputs, 9, 10), outputs, window(3, padding=1, groups=groups))


@pytest.mark.parametrize("channels", [(8, 8), (9, 23), (16, 16), (64, 80), (128, 37)])
@pytest.mark.parametrize("image", [(4, 4), (7, 8), (13, 11), (16, 16)])
@pytest.mark.parametrize("padding", [0, 1, 2, ((0, 3), (2, 1)), 4])
def test_winograd(channels: tuple[int, int], image: tuple[int, int], padding: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(convolution, "FEWEST_TILES", 1)
    monkeypatch.setattr(convolution, "FULLEST", 16.0)
    check((3, channels[0], *image), channels[1], window(3, padding=padding), WINOGRAD)


def test_winograd_of_many_channels() -> None:
    """Errors grow with the square root of the number of channels, about as the results do."""
    check((8, 512, 8, 8), 512, window(3, padding=1), WINOGRAD)


def test_winograd_in_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "SUM_BYTES", 1 << 16)
    monkeypatch.setattr(convolution, "TILE_BYTES", 1 << 16)
    check((9, 20, 17, 18), 24, window(3, padding=1), WINOGRAD)


def test_forbidding_winograd_is_heard() -> None:
    win, given = window(3, padding=1), values((8, 32, 16, 16), 32, window(3, padding=1))
    x, w, _ = given
    exact = reference.conv2d(x.astype("float64"), w.astype("float64"), None, win)
    fast = numba.conv2d(x, w, None, win)
    with winograd(False):
        direct = numba.conv2d(x, w, None, win)
    assert not np.array_equal(fast, direct)
    assert abs(direct - exact).max() <= abs(fast - exact).max()


@pytest.mark.parametrize("threads", ["one", "all"])
@pytest.mark.parametrize(
    ("shape", "outputs", "win"),
    [
        ((2, 5, 7, 6), 6, window(3, padding=1)),
        ((3, 20, 9, 8), 70, window((2, 3), stride=2)),
        ((4, 12, 6, 6), 12, window(3, padding=1, groups=12)),
        ((2, 12, 7, 5), 18, window(3, groups=3)),
        ((4, 16, 12, 13), 24, window(3, padding=1)),  # Winograd
        ((3, 4, 11), 5, window(3, rank=1)),
    ],
)
def test_a_bias_is_added(shape: Any, outputs: int, win: Window, threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "LAUNCH", -1.0 if threads == "all" else 1e9)
    x, w, _ = values(shape, outputs, win)
    b = numbers(2 * outputs, seed=3).astype("float32")[::2]
    found = numba.conv2d(x, w, b, win)
    exact = reference.conv2d(*(a.astype("float64") for a in (x, w, b)), win)
    assert abs(found - exact).max() <= WINOGRAD * abs(exact).max()
    np.testing.assert_allclose(cpu.conv2d(x, w, b, win), exact, rtol=1e-4, atol=1e-4)
    wrong = numbers(outputs + 1).astype("float32")
    with pytest.raises(ValueError, match="broadcast"):
        numba.conv2d(x, w, wrong, win)


@pytest.mark.parametrize("threads", ["one", "all"])
@pytest.mark.parametrize("channels", [1, 3, 6, 8])
@pytest.mark.parametrize(
    "win",
    [
        window(5),
        window((5, 4), stride=(2, 3), padding=((3, 1), (0, 2))),
        window(3, padding=1, dilation=(2, 1)),
        window(2, stride=3),  # pixels that no window reads
        window(11, padding=5),  # larger than the image
        window(1),
    ],
)
def test_gradients_in_few_channels(channels: int, win: Window, threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "LAUNCH", -1.0 if threads == "all" else 1e9)
    check((9, channels, 10, 11), 19, win)


@pytest.mark.parametrize("shape", [(1, 3, 40, 37), (1, 24, 33, 31), (2, 3, 30, 30), (13, 7, 5, 5)])
@pytest.mark.parametrize("win", [window(3, padding=1), window(5, stride=2, padding=2), window(1), window(1, stride=2)])
def test_threads_share_few_images(shape: Any, win: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "LAUNCH", -1.0)
    with winograd(False):
        check(shape, 20, win)
        check(shape, 20, win, layout="first")


SIZES = [
    ((16, 6, 14, 14), 16, window(5)),
    ((16, 64, 14, 14), 48, window(3, padding=1, groups=4)),
    ((1, 20, 30, 31), 24, window(5, padding=2)),
    ((64, 1, 28, 28), 32, window(3)),
    ((16, 32, 20, 20), 64, window(3)),
    ((8, 3, 40, 40), 24, window(5, stride=2, padding=2)),
    ((8, 64, 20, 20), 64, window(3, padding=1, groups=64)),
    ((2, 72, 26, 26), 70, window(3, padding=1)),  # Winograd's kernels are large enough for several threads too
]


@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize("geometry", SIZES)
def test_the_same_bits_for_any_number_of_threads(geometry: Any) -> None:
    given, alone = values(*geometry), []
    for threads in (1, 2):
        set_num_threads(threads)
        alone.append([a.tobytes() for a in convolve(numba, *given, geometry[2])])
    assert all(found == alone[0] for found in alone)


@pytest.mark.parametrize("geometry", SIZES)
def test_large_work_is_shared_among_threads(geometry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "LAUNCH", 0.0)
    check(*geometry, bound=WINOGRAD)


def test_signals() -> None:
    check((3, 5, 20), 6, window(3, padding=1, stride=2, rank=1))
    check((3, 16, 20), 16, window(3, padding=1, groups=16, rank=1))


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_other_types_and_ranks_go_to_numpy(dtype: str) -> None:
    x, w, g = (a.astype(dtype) for a in values((2, 3, 5, 5), 4, window(3)))
    for ours, theirs in zip(convolve(numba, x, w, g, window(3)), convolve(cpu, x, w, g, window(3)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    check((1, 2, 4, 4, 4), 3, window(2, rank=3))


def test_nan_and_infinity_stay_where_they_are_read() -> None:
    x = np.zeros((1, 1, 9, 9), dtype="float32")
    x[0, 0, 4, 4] = np.nan
    out = numba.conv2d(x, np.ones((1, 1, 3, 3), dtype="float32"), None, window(3, padding=1))
    assert np.isnan(out[0, 0, 3:6, 3:6]).all()
    assert np.isnan(out).sum() == 9


def test_results_lie_channels_last() -> None:
    x, w, _ = values((2, 8, 9, 9), 16, window(3))
    assert numba.conv2d(x, w, None, window(3)).transpose(0, 2, 3, 1).flags.c_contiguous


@pytest.mark.parametrize(
    ("channels", "outputs", "groups"), [(8, 16, 8), (16, 8, 8), (14, 14, 7), (3, 6, 3), (40, 40, 20)]
)
def test_narrow_groups_are_taken_together(channels: int, outputs: int, groups: int) -> None:
    check((3, channels, 7, 6), outputs, window(3, (1, 2), 1, groups=groups))


def test_what_is_not_finite_stays_in_its_group() -> None:
    win = window(3, padding=1, groups=8)
    x, w, g = values((2, 16, 5, 5), 16, win)
    x[:, 2], g[:, 7] = np.nan, np.inf
    with np.errstate(all="ignore"):
        out, dx, dw = convolve(numba, x, w, g, win)
    apart = np.arange(16)
    assert np.isnan(out).any(axis=(0, 2, 3)).tolist() == (apart // 2 == 1).tolist()
    assert (~np.isfinite(dx)).any(axis=(0, 2, 3)).tolist() == (apart // 2 == 3).tolist()
    assert (~np.isfinite(dw)).any(axis=(1, 2, 3)).tolist() == ((apart // 2 == 1) | (apart == 7)).tolist()
