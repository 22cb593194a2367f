"""How much of an image a unit of a layer can see, by the windows on the way, and what it looks at in fact.

An interval of positions is followed back from one output: a window with stride s, padding p, dilation d and k taps
turns the interval [a, b] of its outputs into [s·a − p, s·b − p + d(k − 1)] of its inputs; where paths meet, the union
counts.
(Araujo et al. 2019, "Computing receptive fields of convolutional neural networks".)
"""

from typing import Any

import numpy as np

from .figures import FIRST, GREY, HEAT, Shown, as_picture, new_figure
from .looking import (
    evaluating,
    last_convolution,
    layer_of,
    numbers,
    one_image,
    outputs_of,
    untouched_gradients,
)

Span = tuple[int, int, int]  # stride, and the first and the last input position that output 0 sees
WINDOWED = {"conv2d", "max_pool2d", "sum_windows"}


def receptive_field(model: Any, image: Any, layer: Any = None) -> Shown:
    """The part of an image that one unit of a layer can see, and how strongly it looks at each pixel of it.

    The size follows from the windows of the graph, through branches and skip connections; what it looks at is the
    gradient of the middle unit, all channels together (the *effective* receptive field, Luo et al. 2016).

    Args:
        model: the model, which runs in evaluation.
        image: one image (C, H, W) or (1, C, H, W).
        layer: a layer that gives maps, or its path; the last convolution if nothing is said.

    Returns:
        The figure; `size` (height, width) in pixels, `stride` between neighbouring units, `box` of the middle unit
        (top, left, bottom, right; it may reach beyond the image), `effective` (H, W). A layer behind an operation that
        sees the whole image, such as global pooling, has the image's size and stride 0.

    Raises:
        ValueError: for a layer that gives no maps.

    >>> import tinygrad_cnn as tg
    >>> nn = tg.nn
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(2, 2, 3))
    >>> arrays = receptive_field(model, tg.rand(1, 16, 16)).arrays
    >>> print(arrays["size"], arrays["stride"])
    (8, 8) (2, 2)
    """
    op = "receptive_field"
    batch = one_image(op, image)
    path, found = last_convolution(model, op) if layer is None else layer_of(model, layer, op)
    with evaluating(model), untouched_gradients(model), outputs_of({path: found}) as caught:
        pixels = batch.clone().requires_grad_()
        model(pixels)
        out = caught.get(path)
        if out is None or out.ndim != 4:
            raise ValueError(f"{op}: {path or type(found).__name__} gives no maps (1, C, H, W)")
        middle = (out.shape[2] // 2, out.shape[3] // 2)
        spans = [_span(out.node, pixels.node, dim) for dim in (0, 1)]
        out[0, :, middle[0], middle[1]].sum().backward()
        effective = np.abs(numbers(pixels.grad)[0]).sum(axis=0)
    sides = [
        (0, size - 1) if span is None else (span[0] * at + span[1], span[0] * at + span[2])
        for span, at, size in zip(spans, middle, batch.shape[2:], strict=True)
    ]
    box = (sides[0][0], sides[1][0], sides[0][1], sides[1][1])
    arrays = {
        "size": tuple(int(last - first + 1) for first, last in sides),
        "stride": tuple(0 if span is None else span[0] for span in spans),
        "box": box,
        "effective": effective,
    }
    return Shown(_figure(numbers(batch)[0], effective, box, path, arrays), arrays)


def _span(out: Any, image: Any, dim: int) -> Span | None:
    """What output 0 sees along a spatial dimension of the image; None for everything."""
    spans: dict[Any, Span | None] = {out: (1, 0, 0)}
    for node in _before(out):
        for i, source in enumerate(node.inputs):
            windowed = node.name in WINDOWED
            if node not in spans or source is None or (windowed and i > 0):  # kernels and biases are no images
                continue
            step = _through(node, i, spans[node], dim)
            spans[source] = step if source not in spans else _union(spans[source], step)
    return spans.get(image)


def _before(out: Any) -> list[Any]:
    """Every node that an output was computed from, each before its inputs."""
    seen, stack = {out}, [out]
    while stack:
        for source in stack.pop().inputs:
            if source is not None and source not in seen:
                seen.add(source)
                stack.append(source)
    return sorted(seen, key=lambda node: node.order, reverse=True)


def _through(node: Any, i: int, span: Span | None, dim: int) -> Span | None:
    """A span of a node's outputs, as a span of its input i."""
    if span is None or len(node.shape) != 4 or len(node.input_shapes[i]) != 4:
        return None
    stride, first, last = span
    if node.name in WINDOWED:
        window = node.params["window"]
        s, d, k, p = window.stride[dim], window.dilation[dim], window.size[dim], window.padding[dim][0]
        return stride * s, s * first - p, s * last - p + d * (k - 1)
    if node.name == "pad":
        before = node.params["pads"][2 + dim][0]
        return stride, first - before, last - before
    return span if node.shape[2 + dim] == node.input_shapes[i][2 + dim] else None


def _union(a: Span | None, b: Span | None) -> Span | None:
    if a is None or b is None or a[0] != b[0]:
        return None
    return a[0], min(a[1], b[1]), max(a[2], b[2])


def _figure(image: Any, effective: Any, box: Any, path: str, arrays: dict[str, Any]) -> Any:
    from matplotlib.patches import Rectangle

    figure = new_figure(6.4, 3.3)
    panels = figure.subplots(1, 2)
    picture = as_picture(image)
    panels[0].imshow(picture, cmap=GREY)
    panels[0].set_title(f"{path or 'output'} sees {arrays['size'][0]} × {arrays['size'][1]}", fontsize=9)
    panels[1].imshow(effective, cmap=HEAT)
    panels[1].set_title("what it looks at", fontsize=9)
    top, left, bottom, right = box
    for panel in panels:
        frame = Rectangle((left - 0.5, top - 0.5), right - left + 1, bottom - top + 1, fill=False, color=FIRST, lw=2)
        panel.add_patch(frame)
        panel.axis("off")
    return figure
