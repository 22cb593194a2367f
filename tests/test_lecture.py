"""The numbers of the lecture (digits, filters, pooling tables), as tests."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F

TWO = np.array([
    [0.0, 0.0, 0.8, 0.9, 0.6, 0.0],
    [0.0, 0.9, 0.6, 0.0, 0.8, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.9, 0.0],
    [0.0, 0.0, 0.0, 0.9, 0.6, 0.0],
    [0.0, 0.0, 0.9, 0.0, 0.0, 0.0],
    [0.0, 0.8, 0.9, 0.9, 0.9, 0.9],
])  # fmt: skip
AVERAGE = [1 / 4, 1 / 2, 1 / 4]
BLUR = np.array([[0.050, 0.125, 0.050], [0.125, 0.300, 0.125], [0.050, 0.125, 0.050]])
SOBEL_VERTICAL = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
SOBEL_HORIZONTAL = np.array([[1.0, 2, 1], [0, 0, 0], [-1, -2, -1]])


def filtered(image: Any, kernel: Any, **options: Any) -> Any:
    """The image through one filter, zero-padded to keep its size."""
    out = F.conv2d(tg.tensor(image)[None, None], tg.tensor(kernel)[None, None], **{"padding": "same", **options})
    return out[0, 0]


def by_the_formula(image: Any, kernel: Any) -> Any:
    """z_ij = Σ_k Σ_l x_{i+k−1, j+l−1} · W_kl, with zeros outside of the image."""
    height, width = image.shape
    z = np.zeros(image.shape)
    for i in range(height):
        for j in range(width):
            for k in range(3):
                for m in range(3):
                    if 0 <= i + k - 1 < height and 0 <= j + m - 1 < width:
                        z[i, j] += image[i + k - 1, j + m - 1] * kernel[k, m]
    return z


# one dimension --------------------------------------------------------------------------------------------------------


def test_a_moving_average_is_a_toeplitz_matrix() -> None:
    """A convolution is a sparse linear map: the banded matrix of shifted weights times x."""
    x = np.array([2.0, 4, 8, 4, 0, 4, 8])
    toeplitz = np.array([[AVERAGE[j - i] if 0 <= j - i < 3 else 0 for j in range(7)] for i in range(5)])
    row = F.conv2d(tg.tensor(x).reshape(1, 1, 1, 7), tg.tensor(AVERAGE, dtype=tg.float64).reshape(1, 1, 1, 3))
    assert row.flatten().tolist() == [4.5, 6, 4, 2, 4]
    assert (tg.tensor(toeplitz) @ tg.tensor(x)).tolist() == [4.5, 6, 4, 2, 4]
    assert (toeplitz != 0).sum() == 15  # of 35 entries


def test_the_matrix_of_a_convolution_is_its_derivative() -> None:
    x = tg.ones(1, 1, 1, 7, dtype=tg.float64, requires_grad=True)
    z = F.conv2d(x, tg.tensor(AVERAGE, dtype=tg.float64).reshape(1, 1, 1, 3)).flatten()
    rows = [tg.autograd.grad(z[i], x, retain_graph=True)[0].flatten().tolist() for i in range(5)]
    assert rows == [[0] * i + AVERAGE + [0] * (4 - i) for i in range(5)]


# two dimensions -------------------------------------------------------------------------------------------------------


def test_the_blur_filter_sums_to_one() -> None:
    assert BLUR.sum() == pytest.approx(1)
    flat = filtered(np.full((5, 5), 0.7), BLUR)
    assert flat[1:4, 1:4].tolist() == pytest.approx(np.full((3, 3), 0.7))  # a flat image stays as it is


@pytest.mark.parametrize("kernel", [BLUR, SOBEL_VERTICAL, SOBEL_HORIZONTAL], ids=["blur", "vertical", "horizontal"])
def test_filters_on_the_digit(kernel: Any) -> None:
    np.testing.assert_allclose(filtered(TWO, kernel).array, by_the_formula(TWO, kernel), atol=1e-12)


def test_values_worked_out_by_hand() -> None:
    # Around row 1, column 1 lie 0 0 .8 / 0 .9 .6 / 0 0 0.
    assert filtered(TWO, BLUR)[1, 1].item() == pytest.approx(0.8 * 0.050 + 0.9 * 0.300 + 0.6 * 0.125)
    assert filtered(TWO, SOBEL_VERTICAL)[1, 1].item() == pytest.approx(-0.8 - 2 * 0.6)
    assert filtered(TWO, SOBEL_HORIZONTAL)[1, 1].item() == pytest.approx(0.8)
    # In the corner at row 5, column 5 all but 0 0 / .9 .9 lies outside, and counts as zero.
    assert filtered(TWO, BLUR)[5, 5].item() == pytest.approx(0.9 * 0.125 + 0.9 * 0.300)
    assert filtered(TWO, SOBEL_VERTICAL)[5, 5].item() == pytest.approx(2 * 0.9)


def test_sobel_finds_edges_and_nothing_else() -> None:
    edge = np.repeat([[0.0, 0, 0, 1, 1, 1]], 6, axis=0)
    inner = (slice(1, 5), slice(1, 5))
    assert filtered(edge, SOBEL_VERTICAL)[inner].tolist() == [[0, -4, -4, 0]] * 4
    assert filtered(edge, SOBEL_HORIZONTAL)[inner].abs().sum().item() == 0
    assert filtered(edge.T, SOBEL_HORIZONTAL)[inner].t().tolist() == [[0, -4, -4, 0]] * 4
    assert (SOBEL_VERTICAL.T == SOBEL_HORIZONTAL).all()


def test_equivariance_to_translation() -> None:
    """Convolution of a shifted image is the shifted convolution of the image: the difference is 0."""
    image = np.zeros((12, 12))
    image[3:9, 3:9] = TWO
    for kernel in (BLUR, SOBEL_VERTICAL):
        shifted = filtered(np.roll(image, (2, -1), axis=(0, 1)), kernel)
        assert (shifted - filtered(image, kernel).roll((2, -1), (0, 1))).abs().max().item() == 0


def test_a_stride_keeps_every_second_output() -> None:
    smaller = filtered(TWO, BLUR, padding=1, stride=2)
    assert smaller.shape == (3, 3)
    np.testing.assert_allclose(smaller.array, by_the_formula(TWO, BLUR)[::2, ::2], atol=1e-12)


# networks -------------------------------------------------------------------------------------------------------------


def test_counting_weights() -> None:
    """A dense layer between two 6 × 6 images has 36² weights; a filter has 9, shared over the whole image."""
    dense, one, many = tg.ones(36, 36), tg.ones(4, 1, 3, 3), tg.ones(6, 4, 3, 3)
    assert [weights.numel() for weights in (dense, one, many)] == [1296, 36, 216]
    image = tg.tensor(TWO, dtype=tg.float32)[None, None]
    assert F.linear(image.flatten(1), dense).shape == (1, 36)
    hidden = F.conv2d(image, one, padding=1)
    assert hidden.shape == (1, 4, 6, 6)
    assert F.conv2d(hidden, many, padding=1).shape == (1, 6, 6, 6)


LEFT = [
    [5, -2, 1, 0, 2, 4],
    [2, 3, 0, 3, 4, 2],
    [5, 7, 7, 4, 3, 4],
    [0, 4, 9, 0, 2, 3],
    [1, 3, 5, 2, 6, 2],
    [2, 2, 4, 3, 8, 0],
]
RIGHT = [
    [5, 2, 1, 0, 2, 4],
    [2, 3, 0, 3, -4, 2],
    [5, 7, 7, 4, 3, 4],
    [0, 4, 9, 0, 2, 3],
    [1, 3, 5, 2, 6, 2],
    [2, 2, 4, 3, 8, 0],
]
POOLED = [[5, 3, 4], [7, 9, 4], [3, 5, 8]]
# Where each maximum lies, the first of equals; the tables differ in their upper right corner.
PLACES = [(0, 0), (1, 3), (2, 1), (3, 2), (2, 5), (4, 1), (4, 2), (5, 4)]


@pytest.mark.parametrize(("table", "corner"), [(LEFT, (0, 5)), (RIGHT, (0, 5))], ids=["left", "right"])
def test_the_pooling_tables(table: list[list[int]], corner: tuple[int, int]) -> None:
    x = tg.tensor(table, dtype=tg.float32, requires_grad=True)
    pooled, indices = F.max_pool2d(x[None, None], 2, return_indices=True)
    assert pooled[0, 0].tolist() == POOLED
    expected = np.zeros((6, 6))
    for place in (*PLACES, corner):
        expected[place] = 1
    assert sorted(indices.flatten().tolist()) == np.flatnonzero(expected).tolist()
    F.max_pool2d(x[None, None], 2).sum().backward()
    assert x.grad.tolist() == expected.tolist()


def test_average_pooling_of_a_table() -> None:
    x = tg.tensor(LEFT, dtype=tg.float32, requires_grad=True)
    pooled = F.avg_pool2d(x[None, None], 2)
    assert pooled[0, 0, 0].tolist() == [2, 1, 3]
    pooled.sum().backward()
    assert x.grad.tolist() == [[0.25] * 6] * 6


def test_pooling_has_no_parameters_and_forgives_a_shift_inside_its_window() -> None:
    image = np.zeros((6, 6))
    image[2, 2] = 1
    moved = np.roll(image, (1, 1), axis=(0, 1))
    pools = [F.max_pool2d(tg.tensor(i)[None, None], 2) for i in (image, moved)]
    assert tg.equal(*pools)


def test_fewer_pixels() -> None:
    """The same picture with 4 times fewer pixels: averages of 2 × 2."""
    smaller = F.avg_pool2d(tg.tensor(TWO)[None, None], 2)[0, 0]
    np.testing.assert_allclose(smaller.array, TWO.reshape(3, 2, 3, 2).mean(axis=(1, 3)))


def test_a_filter_learns_to_become_the_sobel_filter() -> None:
    """From pairs of inputs and outputs, by gradient descent."""
    images = tg.randn(8, 1, 8, 8, generator=tg.Generator().manual_seed(0))
    target = F.conv2d(images, tg.tensor(SOBEL_VERTICAL, dtype=tg.float32)[None, None])
    w = tg.randn(1, 1, 3, 3, generator=tg.Generator().manual_seed(1)).requires_grad_()
    for _ in range(100):
        w.grad = None
        F.mse_loss(F.conv2d(images, w), target).backward()
        with tg.no_grad():
            w -= 0.3 * w.grad
    assert (w[0, 0].detach() - tg.tensor(SOBEL_VERTICAL, dtype=tg.float32)).abs().max().item() < 1e-3


def test_dropout_averages_to_the_input() -> None:
    """At rate r a unit is removed with probability r and scaled by 1 / (1 − r) otherwise; eval leaves it alone."""
    tg.manual_seed(0)
    x = tg.ones(100, 100)
    out = F.dropout(x, 0.3)
    assert sorted(set(out.flatten().tolist())) == pytest.approx([0, 1 / 0.7])
    assert (out == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert out.mean().item() == pytest.approx(1, abs=0.03)
    assert F.dropout(x, 0.3, training=False) is x
