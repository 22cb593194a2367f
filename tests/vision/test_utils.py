"""Grids, files and boxes."""

import io

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import vision
from tinygrad_cnn.vision.io import ImageReadMode, read_image, write_jpeg, write_png
from tinygrad_cnn.vision.ops import box_iou, nms
from tinygrad_cnn.vision.utils import draw_bounding_boxes, make_grid, save_image

image_module = pytest.importorskip("PIL.Image")


def test_a_grid():
    pictures = tg.arange(5).reshape(5, 1, 1, 1).expand(5, 3, 2, 3).float()
    grid = make_grid(pictures, nrow=3, padding=1, pad_value=9)
    assert grid[0].tolist() == [
        [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9],
        *[[9, 0, 0, 0, 9, 1, 1, 1, 9, 2, 2, 2, 9]] * 2,
        [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9],
        *[[9, 3, 3, 3, 9, 4, 4, 4, 9, 9, 9, 9, 9]] * 2,
        [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9],
    ]
    assert make_grid([tg.ones(1, 4, 4)] * 2).shape == (3, 8, 14)
    assert make_grid(tg.ones(4, 5)).shape == (3, 4, 5)
    assert make_grid(tg.ones(2, 4, 5)).shape == (2, 4, 5)


def test_scaled_grids():
    pictures = tg.tensor([[[[0.0, 2.0]]], [[[1.0, 5.0]]]])
    together = make_grid(pictures, padding=0, normalize=True)
    np.testing.assert_allclose(together[0].tolist(), [[0, 0.4, 0.2, 1]])
    each = make_grid(pictures, padding=0, normalize=True, scale_each=True)
    assert each[0].tolist() == [[0, 1, 0, 1]]
    given = make_grid(pictures, padding=0, normalize=True, value_range=(1, 3))
    assert given[0].tolist() == [[0, 0.5, 0, 1]]
    assert pictures.max().item() == 5


def test_files(tmp_path):
    picture = tg.rand(3, 6, 5, requires_grad=True)
    save_image(picture, tmp_path / "x.png")
    back = read_image(tmp_path / "x.png")
    assert back.dtype == tg.uint8
    np.testing.assert_array_equal(back.numpy(), (picture.detach().numpy() * 255 + 0.5).astype(np.uint8))
    assert read_image(tmp_path / "x.png", ImageReadMode.GRAY).shape == (1, 6, 5)
    out = io.BytesIO()
    save_image([tg.ones(1, 2, 2)] * 3, out, format="png", nrow=1)
    assert image_module.open(io.BytesIO(out.getvalue())).size == (6, 14)
    write_png(back, tmp_path / "y.png")
    assert (read_image(tmp_path / "y.png") == back).all()
    write_jpeg(back, tmp_path / "z.jpg")
    assert read_image(tmp_path / "z.jpg").shape == (3, 6, 5)
    with pytest.raises(TypeError, match=r"write_png: expected a tensor of bytes \(uint8\); got float32"):
        write_png(picture, tmp_path / "w.png")


def test_boxes_are_drawn():
    picture = tg.zeros(3, 20, 30)
    out = draw_bounding_boxes(picture, tg.tensor([[2, 3, 12, 10], [15, 5, 25, 15]]), ["a", None], ["red", (0, 255, 0)])
    assert out.dtype == tg.float32
    assert out[:, 3, 5].tolist() == [1, 0, 0]
    assert out[:, 5, 20].tolist() == [0, 1, 0]
    filled = draw_bounding_boxes(
        tg.zeros(1, 20, 30, dtype=tg.uint8), tg.tensor([[2, 3, 12, 10]]), fill=True, colors="red"
    )
    assert filled[:, 6, 6].tolist() == [100, 0, 0]
    assert draw_bounding_boxes(picture, tg.zeros(0, 4)).shape == (3, 20, 30)


def test_overlaps():
    boxes = tg.tensor([[0.0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6], [0, 0, 2, 2]])
    np.testing.assert_allclose(box_iou(boxes, boxes)[0].tolist(), [1, 1 / 3, 0, 1], rtol=1e-6)
    assert nms(boxes, tg.tensor([0.9, 0.8, 0.7, 0.6]), 0.5).tolist() == [0, 1, 2]
    assert nms(boxes, tg.tensor([0.6, 0.8, 0.7, 0.9]), 0.3).tolist() == [3, 2]
    assert nms(tg.zeros(0, 4), tg.zeros(0), 0.5).shape == (0,)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: make_grid([1]), TypeError, "make_grid: expected a tensor or a list of tensors; got int"),
        (lambda: make_grid([]), TypeError, "got an empty list"),
        (lambda: make_grid("x"), TypeError, "got str"),
        (lambda: make_grid(tg.ones(1)), ValueError, r"make_grid: expected pictures \(N, C, H, W\); got shape \(1,\)"),
        (lambda: draw_bounding_boxes(1, tg.ones(1, 4)), TypeError, "draw_bounding_boxes: expected a tensor; got int"),
        (
            lambda: draw_bounding_boxes(tg.ones(3, 4, 4), tg.ones(1, 3)),
            ValueError,
            r"expected a picture \(C, H, W\) and boxes \(N, 4\); got \(3, 4, 4\) and \(1, 3\)",
        ),
        (
            lambda: draw_bounding_boxes(tg.ones(3, 4, 4), tg.ones(2, 4), ["a"]),
            ValueError,
            "2 boxes have 2 colours and 1 labels",
        ),
        (lambda: box_iou(tg.ones(1, 4), tg.ones(2, 3)), ValueError, r"box_iou: expected boxes .*; got shape \(2, 3\)"),
        (lambda: nms(tg.ones(3), tg.ones(3), 1), ValueError, r"nms: expected boxes \(N, 4\), .*; got shape \(3,\)"),
        (lambda: nms(tg.ones(3, 4), tg.ones(2), 1), ValueError, r"nms: 3 boxes need 3 scores; got shape \(2,\)"),
        (lambda: vision.set_image_backend("accimage"), ValueError, "pictures are opened with 'PIL'; got 'accimage'"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
