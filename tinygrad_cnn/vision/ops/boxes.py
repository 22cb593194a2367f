"""Boxes (x₁, y₁, x₂, y₂) in pictures: areas, overlaps, and which of many to keep."""

import numpy as np

from ...errors import ShapeError
from ...functions import cat, stack
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


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """`nms` within each category: boxes with different numbers in `idxs` (N,) leave each other alone.

    >>> import tinygrad_cnn as tg
    >>> boxes = tg.tensor([[0.0, 0.0, 2.0, 2.0], [0.1, 0.0, 2.0, 2.0]])
    >>> batched_nms(boxes, tg.tensor([0.5, 0.9]), tg.tensor([0, 1]), 0.5)
    tensor([1, 0])
    """
    _check("batched_nms", boxes)
    if not len(boxes):
        return nms(boxes, scores, iou_threshold)
    apart = idxs.to(boxes.dtype) * (boxes.max() - boxes.min() + 1)  # each category in a region of its own
    return nms(boxes + apart[:, None], scores, iou_threshold)


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """IoU − |hull without the union| / |hull|, (N, M): negative where boxes lie apart.

    Rezatofighi et al., "Generalized Intersection over Union", 2019.

    >>> import tinygrad_cnn as tg
    >>> generalized_box_iou(tg.tensor([[0.0, 0.0, 1.0, 1.0]]), tg.tensor([[2.0, 0.0, 4.0, 1.0]]))
    tensor([[-0.2500]])
    """
    overlap = box_iou(boxes1, boxes2)
    both = box_area(boxes1)[:, None] + box_area(boxes2)
    union = both / (1 + overlap)  # since IoU = (both − union) / union
    low = boxes1[:, None, :2].minimum(boxes2[:, :2])
    high = boxes1[:, None, 2:].maximum(boxes2[:, 2:])
    sides = (high - low).clamp(min=0)
    hull = sides[:, :, 0] * sides[:, :, 1]
    return overlap - (hull - union) / hull


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Boxes (…, 4) in another format: "xyxy" corners, "xywh" corner and size, "cxcywh" centre and size.

    Raises:
        ValueError: for another format.

    >>> import tinygrad_cnn as tg
    >>> box_convert(tg.tensor([[1.0, 1.0, 3.0, 5.0]]), "xyxy", "cxcywh")
    tensor([[2., 3., 2., 4.]])
    """
    for name in (in_fmt, out_fmt):
        if name not in {"xyxy", "xywh", "cxcywh"}:
            raise ValueError(f"box_convert: expected the format xyxy, xywh or cxcywh; got {name!r}")
    if in_fmt == out_fmt:
        return boxes.clone()
    a, b = boxes[..., :2], boxes[..., 2:]
    low = a - b / 2 if in_fmt == "cxcywh" else a
    size = b - a if in_fmt == "xyxy" else b
    parts = {"xyxy": (low, low + size), "xywh": (low, size), "cxcywh": (low + size / 2, size)}
    return cat(parts[out_fmt], -1)


def clip_boxes_to_image(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes (…, 4) cut off at the edges of a picture of size (height, width).

    >>> import tinygrad_cnn as tg
    >>> clip_boxes_to_image(tg.tensor([[-1.0, 2.0, 9.0, 9.0]]), (8, 6))
    tensor([[0., 2., 6., 8.]])
    """
    height, width = size
    x, y = boxes[..., 0::2].clamp(0, width), boxes[..., 1::2].clamp(0, height)
    return stack((x, y), -1).reshape(boxes.shape)


def remove_small_boxes(boxes: Tensor, min_size: float) -> Tensor:
    """The numbers of the boxes whose sides are both at least so long.

    >>> import tinygrad_cnn as tg
    >>> remove_small_boxes(tg.tensor([[0.0, 0.0, 1.0, 9.0], [0.0, 0.0, 2.0, 2.0]]), 2)
    tensor([1])
    """
    _check("remove_small_boxes", boxes)
    sides = boxes[:, 2:] - boxes[:, :2]
    return (sides >= min_size).all(1).nonzero()[:, 0]


def masks_to_boxes(masks: Tensor) -> Tensor:
    """The boxes (N, 4) around what is set in masks (N, H, W), each with at least one element.

    >>> import tinygrad_cnn as tg
    >>> masks_to_boxes(tg.eye(4)[None, 1:3])
    tensor([[1., 0., 2., 1.]])
    """
    if masks.ndim != 3:
        raise ShapeError(f"masks_to_boxes: expected masks (N, H, W); got shape {tuple(masks.shape)}")
    set_ = masks.numpy(force=True) != 0
    out = np.zeros((len(set_), 4), np.float32)
    for box, mask in zip(out, set_, strict=True):
        rows, columns = np.nonzero(mask)
        if not len(rows):
            raise ValueError("masks_to_boxes: a mask in which nothing is set has no box; leave it out")
        box[:] = columns.min(), rows.min(), columns.max(), rows.max()
    return as_tensor(out)
