"""Which pixels an answer rests on: by gradient, along a path, by class activation, by covering them up."""

from typing import Any

import numpy as np

from .figures import Shown, beside
from .looking import (
    chosen_target,
    evaluating,
    last_convolution,
    layer_of,
    numbers,
    one_image,
    outputs_of,
    untouched_gradients,
)


def _score_gradient(op: str, model: Any, batch: Any, target: int | None) -> tuple[int, float, Any]:
    """The target, its score, and the score's gradient (C, H, W) in the image."""
    image = batch.clone().requires_grad_()
    scores = model(image)
    target = chosen_target(op, scores, target)
    scores[0, target].backward()
    return target, float(scores[0, target].item()), numbers(image.grad)[0]


def saliency(model: Any, image: Any, target: int | None = None) -> Shown:
    """|∂ score / ∂ pixel|, the largest over the channels: where a small change matters most. Simonyan et al. 2014.

    Args:
        model: it gives scores (1, classes), and runs in evaluation.
        image: one image (C, H, W) or (1, C, H, W).
        target: the class; the most likely one if nothing is said.

    Returns:
        The figure; `saliency` (H, W), `gradient` (C, H, W), `target` and its `score`.

    >>> import tinygrad_cnn as tg
    >>> model = tg.nn.Sequential(tg.nn.Flatten(), tg.nn.Linear(16, 3))
    >>> saliency(model, tg.rand(1, 4, 4)).arrays["saliency"].shape
    (4, 4)
    """
    batch = one_image("saliency", image)
    with evaluating(model), untouched_gradients(model):
        target, score, gradient = _score_gradient("saliency", model, batch, target)
    strength = np.abs(gradient).max(axis=0)
    figure = beside(numbers(batch)[0], {f"saliency of class {target}": strength})
    return Shown(figure, {"saliency": strength, "gradient": gradient, "target": target, "score": score})


def integrated_gradients(
    model: Any, image: Any, target: int | None = None, *, baseline: Any = None, steps: int = 64
) -> Shown:
    """Each pixel's share of the score: (x − x₀) · ∫ ∂score/∂x along the line from a baseline x₀.

    The shares add up to score(x) − score(x₀); how far they miss it, since the integral is a sum of `steps` midpoints,
    is returned as `error`. Sundararajan et al. 2017.

    Args:
        model: it gives scores (1, classes), and runs in evaluation.
        image: one image (C, H, W) or (1, C, H, W).
        target: the class; the most likely one if nothing is said.
        baseline: an image of the same shape, or a number for all pixels; 0 if nothing is said.
        steps: points on the line.

    Returns:
        The figure; `attribution` (C, H, W), its sum over the channels `map` (H, W), `target`, `difference`, `error`.

    >>> import tinygrad_cnn as tg
    >>> model = tg.nn.Sequential(tg.nn.Flatten(), tg.nn.Linear(16, 3))
    >>> arrays = integrated_gradients(model, tg.rand(1, 4, 4), steps=4).arrays
    >>> abs(arrays["error"]) < 1e-5
    True
    """
    op = "integrated_gradients"
    batch = one_image(op, image)
    start = batch * 0 + (0 if baseline is None else baseline)
    with evaluating(model), untouched_gradients(model):
        scores = model(batch)
        target = chosen_target(op, scores, target)
        difference = float((scores[0, target] - model(start.detach())[0, target]).item())
        total = 0.0
        for step in range(steps):
            point = (start + (batch - start) * ((step + 0.5) / steps)).detach()
            total = total + _score_gradient(op, model, point, target)[2] / steps
    attribution = numbers(batch - start)[0] * total
    shares = attribution.sum(axis=0)
    figure = beside(numbers(batch)[0], {f"share in the score of class {target}": shares}, signed=True)
    error = float(attribution.sum()) - difference
    return Shown(
        figure,
        {"attribution": attribution, "map": shares, "target": target, "difference": difference, "error": error},
    )


def grad_cam(model: Any, image: Any, layer: Any = None, target: int | None = None) -> Shown:
    """relu(Σ_c α_c A_c), with α_c the mean gradient of the score in channel c of a layer's output A.

    Selvaraju et al. 2017.

    Args:
        model: it gives scores (1, classes), and runs in evaluation.
        image: one image (C, H, W) or (1, C, H, W).
        layer: a layer that gives maps, or its path; the last convolution if nothing is said.
        target: the class; the most likely one if nothing is said.

    Returns:
        The figure; `cam` of the layer's size, `map` of the image's, `weights` α (C), and `target`.

    Raises:
        ValueError: for a layer that gives no maps.

    >>> import tinygrad_cnn as tg
    >>> nn = tg.nn
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    >>> grad_cam(model, tg.rand(1, 8, 8), "1").arrays["map"].shape
    (8, 8)
    """
    batch = one_image("grad_cam", image)
    path, found = last_convolution(model, "grad_cam") if layer is None else layer_of(model, layer, "grad_cam")
    with evaluating(model), untouched_gradients(model), outputs_of({path: found}, retain_grad=True) as caught:
        scores = model(batch.clone().requires_grad_())
        target = chosen_target("grad_cam", scores, target)
        if path not in caught or caught[path].ndim != 4:
            raise ValueError(f"grad_cam: {path or type(found).__name__} gives no maps (1, C, H, W)")
        scores[0, target].backward()
        maps, gradient = numbers(caught[path])[0], numbers(caught[path].grad)[0]
    weights = gradient.mean(axis=(1, 2))
    cam = np.maximum(np.tensordot(weights, maps, axes=1), 0)
    large = _bilinear(cam, tuple(batch.shape[2:]))
    figure = beside(numbers(batch)[0], {f"class {target} in {path}": large})
    return Shown(figure, {"cam": cam, "map": large, "weights": weights, "target": target})


def _bilinear(values: Any, size: tuple[int, ...]) -> Any:
    """A map in another size, each new pixel a mixture of its neighbours along both axes."""
    for axis, wanted in enumerate(size):
        there = (np.arange(wanted) + 0.5) * values.shape[axis] / wanted - 0.5
        there = np.clip(there, 0, values.shape[axis] - 1)
        below = np.floor(there).astype(int)
        above = np.minimum(below + 1, values.shape[axis] - 1)
        share = (there - below).reshape((-1, 1) if axis == 0 else (1, -1))
        values = np.take(values, below, axis) * (1 - share) + np.take(values, above, axis) * share
    return values


def occlusion(
    model: Any,
    image: Any,
    target: int | None = None,
    *,
    size: int | None = None,
    stride: int | None = None,
    value: float = 0.0,
    batch_size: int = 64,
) -> Shown:
    """How much the probability of a class falls when a square is covered, averaged at each pixel. Zeiler & Fergus 2014.

    Args:
        model: it gives scores (N, classes), and runs in evaluation.
        image: one image (C, H, W) or (1, C, H, W).
        target: the class; the most likely one if nothing is said.
        size: side of the square; an eighth of the image's shorter side (at least 2) if nothing is said.
        stride: distance of the squares; half their side if nothing is said.
        value: what covers the pixels.
        batch_size: covered images per run.

    Returns:
        The figure; `map` (H, W) of falls, `target`, and its `probability` in the whole image.

    >>> import tinygrad_cnn as tg
    >>> model = tg.nn.Sequential(tg.nn.Flatten(), tg.nn.Linear(64, 3))
    >>> occlusion(model, tg.rand(1, 8, 8), size=2).arrays["map"].shape
    (8, 8)
    """
    batch = one_image("occlusion", image)
    height, width = batch.shape[2:]
    size = max(min(height, width) // 8, 2) if size is None else size
    stride = max(size // 2, 1) if stride is None else stride
    if not 0 < size <= min(height, width) or stride < 1:
        raise ValueError(f"occlusion: squares of side {size} at distance {stride} do not fit into {(height, width)}")
    places = [(i, j) for i in _starts(height, size, stride) for j in _starts(width, size, stride)]
    pixels = numbers(batch)
    falls, counts = np.zeros((height, width)), np.zeros((height, width))
    with evaluating(model):
        scores = model(batch)
        target = chosen_target("occlusion", scores, target)
        probability = float(_softmax(numbers(scores))[0, target])
        for first in range(0, len(places), batch_size):
            some = places[first : first + batch_size]
            covered = np.repeat(pixels, len(some), axis=0)
            for one, (i, j) in zip(covered, some, strict=True):
                one[:, i : i + size, j : j + size] = value
            likely = _softmax(numbers(model(batch.new_tensor(covered))))[:, target]
            for (i, j), p in zip(some, likely, strict=True):
                falls[i : i + size, j : j + size] += probability - p
                counts[i : i + size, j : j + size] += 1
    falls /= counts
    figure = beside(pixels[0], {f"fall of p(class {target}) = {probability:.2f}": falls}, signed=True)
    return Shown(figure, {"map": falls, "target": target, "probability": probability})


def _starts(length: int, size: int, stride: int) -> list[int]:
    """Where squares begin, so that each pixel is covered by one at least."""
    return [*range(0, length - size, stride), length - size]


def _softmax(scores: Any) -> Any:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
