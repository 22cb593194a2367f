"""Boxes (x₁, y₁, x₂, y₂) in pictures: areas, overlaps, and which of many to keep."""

import numpy as np

from ...errors import ShapeError
from ...tensor import Tensor, as_tensor


def _check(op: str, *several: Tensor) -> None:
    for boxes in several:
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise ShapeError(f"{op}: expected boxes (N, 4), each x₁, y₁, x₂, y₂; got shape {tuple(boxes.shape)}")


def box_area(boxes: Tensor) -> Tensor:
    """The areas (N,) of boxes (N, 4).

    >>> import tinygrad_cnn as tg
    >>> box_area(tg.tensor([[0.0, 0.0, 2.0, 3.0]]))
    tensor([6.])
    """
    _check("box_area", boxes)
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """The overlaps (N, M) of boxes (N, 4) with boxes (M, 4): intersection over union.

    >>> import tinygrad_cnn as tg
    >>> box_iou(tg.tensor([[0.0, 0.0, 2.0, 2.0]]), tg.tensor([[1.0, 0.0, 3.0, 2.0]]))
    tensor([[0.3333]])
    """
    _check("box_iou", boxes1, boxes2)
    low = boxes1[:, None, :2].maximum(boxes2[:, :2])
    high = boxes1[:, None, 2:].minimum(boxes2[:, 2:])
    sides = (high - low).clamp(min=0)
    shared = sides[:, :, 0] * sides[:, :, 1]
    return shared / (box_area(boxes1)[:, None] + box_area(boxes2) - shared)


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """The numbers of the boxes to keep, the highest score first: none overlaps a better one by more than the threshold.

    >>> import tinygrad_cnn as tg
    >>> boxes = tg.tensor([[0.0, 0.0, 2.0, 2.0], [0.1, 0.0, 2.0, 2.0], [5.0, 5.0, 6.0, 6.0]])
    >>> nms(boxes, tg.tensor([0.5, 0.9, 0.7]), 0.5)
    tensor([1, 2])
    """
    _check("nms", boxes)
    if scores.shape != boxes.shape[:1]:
        raise ShapeError(f"nms: {len(boxes)} boxes need {len(boxes)} scores; got shape {tuple(scores.shape)}")
    order = np.argsort(-scores.numpy(force=True), kind="stable")
    overlap = box_iou(boxes, boxes).numpy(force=True)
    gone = np.zeros(len(order), dtype=bool)
    kept = []
    for box in order:
        if not gone[box]:
            kept.append(box)
            gone |= overlap[box] > iou_threshold
    return as_tensor(np.array(kept, dtype=np.int64))
