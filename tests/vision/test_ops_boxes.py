"""Boxes: formats, overlaps, edges, and the focal loss."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.errors import ShapeError
from tinygrad_cnn.vision import ops

BOXES = [[0.0, 0.0, 4.0, 2.0], [1.0, 0.0, 5.0, 3.0], [7.0, 7.0, 9.0, 8.0]]


@pytest.mark.parametrize("there", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize("back", ["xyxy", "xywh", "cxcywh"])
def test_formats(there: str, back: str) -> None:
    boxes = tg.tensor(BOXES)
    converted = ops.box_convert(ops.box_convert(boxes, "xyxy", there), there, back)
    assert converted.tolist() == ops.box_convert(boxes, "xyxy", back).tolist()
    assert converted is not boxes
    assert ops.box_convert(boxes, "xyxy", "xywh")[1].tolist() == [1, 0, 4, 3]


def test_generalized_overlap_by_hand() -> None:
    overlap = ops.generalized_box_iou(tg.tensor(BOXES), tg.tensor(BOXES)).numpy()
    np.testing.assert_allclose(np.diag(overlap), 1)
    np.testing.assert_allclose(overlap[0, 1], 6 / 14 - (15 - 14) / 15, rtol=1e-6)
    np.testing.assert_allclose(overlap[0, 2], 0 - (72 - 10) / 72, rtol=1e-6)


def test_categories_leave_each_other_alone() -> None:
    boxes = tg.tensor([BOXES[0], BOXES[0], BOXES[0], BOXES[2]])
    scores = tg.tensor([0.2, 0.9, 0.4, 0.6])
    assert ops.batched_nms(boxes, scores, tg.tensor([0, 1, 0, 1]), 0.5).tolist() == [1, 3, 2]
    assert ops.batched_nms(tg.zeros(0, 4), tg.zeros(0), tg.zeros(0), 0.5).shape == (0,)


def test_edges_and_small_boxes() -> None:
    boxes = tg.tensor([[-3.0, 1.0, 9.0, 20.0], [2.0, -2.0, 3.0, 4.0]])
    clipped = ops.clip_boxes_to_image(boxes, (10, 8))
    assert clipped.tolist() == [[0, 1, 8, 10], [2, 0, 3, 4]]
    assert ops.remove_small_boxes(clipped, 2).tolist() == [0]


def test_boxes_around_masks() -> None:
    masks = tg.zeros(2, 5, 6)
    masks[0, 1:4, 2:5] = 1
    masks[1, 4, 0] = 1
    assert ops.masks_to_boxes(masks).tolist() == [[2, 1, 4, 3], [0, 4, 0, 4]]


@pytest.mark.parametrize("alpha", [0.25, -1])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_focal_loss_is_its_formula(alpha: float, reduction: str) -> None:
    x, t = np.array([[-2.0, 0.5, 3.0]]), np.array([[0.0, 1.0, 0.0]])
    p = np.where(t == 1, 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(x)))
    expected = -np.log(p) * (1 - p) ** 3 * (np.where(t == 1, alpha, 1 - alpha) if alpha >= 0 else 1)
    expected = expected if reduction == "none" else getattr(np, reduction)(expected)
    ours = ops.sigmoid_focal_loss(tg.tensor(x), tg.tensor(t), alpha, 3, reduction)
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: ops.box_convert(tg.zeros(1, 4), "xyxy", "yxyx"),
            ValueError,
            "format xyxy, xywh or cxcywh; got 'yx",
        ),
        (lambda: ops.remove_small_boxes(tg.zeros(4), 1), ShapeError, r"remove_small_boxes: expected boxes \(N, 4\)"),
        (lambda: ops.masks_to_boxes(tg.zeros(2, 2)), ShapeError, r"masks_to_boxes: expected masks \(N, H, W\)"),
        (lambda: ops.masks_to_boxes(tg.zeros(1, 2, 2)), ValueError, "masks_to_boxes: a mask in which nothing is set"),
        (
            lambda: ops.sigmoid_focal_loss(tg.zeros(1), tg.zeros(1), reduction="x"),
            ValueError,
            "reduction must be",
        ),
    ],
)
def test_messages(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call()
