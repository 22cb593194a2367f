"""The geometry of windows, against brute force."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinygrad_cnn.backend import Window, convolution_window, pooling_window
from tinygrad_cnn.errors import ShapeError


@given(
    n=st.integers(1, 30),
    k=st.integers(1, 6),
    s=st.integers(1, 5),
    p=st.integers(0, 5),
    d=st.integers(1, 4),
    ceil_mode=st.booleans(),
)
def test_output_size(n: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> None:
    """Windows start at −p, −p + s, … and end inside the padding; `ceil_mode` adds one that starts inside the image."""
    window = Window((k,), (s,), ((p, p),), (d,), ceil_mode=ceil_mode)
    reach = d * (k - 1)
    starts = [start for start in range(-p, n + p, s) if start + reach < n + p]
    if ceil_mode:
        assume(starts and p <= reach)
        if starts[-1] + reach < n + p - 1:
            starts.append(starts[-1] + s)
        starts = [start for start in starts if start < n]
    if starts:
        assert window.output_size((n,)) == (len(starts),)
    else:
        with pytest.raises(ShapeError, match="does not fit into an image"):
            window.output_size((n,))


@given(n=st.integers(1, 20), k=st.integers(1, 6), d=st.integers(1, 3))
def test_same_padding_keeps_the_size(n: int, k: int, d: int) -> None:
    window = convolution_window("conv2d", (k,), 1, "same", d, 1)
    assert window.output_size((n,)) == (n,)
    ((before, after),) = window.padding
    assert after - before in (0, 1)  # an odd pixel goes behind, as in PyTorch


@given(n=st.integers(1, 12), k=st.integers(1, 4), s=st.integers(1, 4), ceil_mode=st.booleans(), include=st.booleans())
def test_pixels_per_window(n: int, k: int, s: int, ceil_mode: bool, include: bool) -> None:
    p = k // 2
    window = pooling_window("avg_pool2d", 1, k, s, p, 1, ceil_mode)
    assume(n + 2 * p >= k)
    low, high = (-p, n + p) if include else (0, n)
    expected = [sum(low <= i * s - p + tap < high for tap in range(k)) for i in range(window.output_size((n,))[0])]
    assert window.pixels_per_window((n,), include_padding=include) == [expected]


def test_what_a_window_says() -> None:
    window = convolution_window("conv2d", (3, 2), (2, 1), [1, 0], 2, 1)
    assert (window.rank, window.extent, window.tap_count, window.overlaps) == (2, (5, 3), 6, True)
    assert window.padding == ((1, 1), (0, 0))
    assert not pooling_window("max_pool2d", 2, 2).overlaps
    assert pooling_window("max_pool2d", 2, (3,), ()).stride == (3, 3)
    assert list(pooling_window("max_pool2d", 2, (1, 2)).taps()) == [(0, 0), (0, 1)]
