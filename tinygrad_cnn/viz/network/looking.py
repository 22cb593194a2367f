"""How to look into a model: find a layer by its path, run it in evaluation, catch what the layer gives."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def modules_of(op: str, model: Any) -> list[tuple[str, Any]]:
    """The modules of a model, with their paths.

    Raises:
        TypeError: for what is no model.
    """
    if not hasattr(model, "named_modules"):
        raise TypeError(f"{op}: expected a model, an nn.Module; got {type(model).__name__}")
    return list(model.named_modules())


def layer_of(model: Any, layer: Any, op: str) -> tuple[str, Any]:
    """A layer's path and the layer, from either.

    Raises:
        KeyError: for a path that the model has not, with those it has.
    """
    layers = dict(modules_of(op, model))
    if isinstance(layer, str):
        if layer not in layers:
            known = ", ".join(name for name in layers if name)
            raise KeyError(f"{op}: the model has no layer {layer!r}; it has {known or 'none'}")
        return layer, layers[layer]
    return next((name for name, other in layers.items() if other is layer), ""), layer


def convolutions(model: Any, op: str) -> list[tuple[str, Any]]:
    """The layers with kernels (O, C, KH, KW), in the model's order."""
    return [(name, m) for name, m in modules_of(op, model) if getattr(getattr(m, "weight", None), "ndim", 0) == 4]


def last_convolution(model: Any, op: str) -> tuple[str, Any]:
    """The last of them.

    Raises:
        ValueError: for a model without one.
    """
    found = convolutions(model, op)
    if not found:
        raise ValueError(f"{op}: the model has no 2-d convolution; name the layer with layer=")
    return found[-1]


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """A block in which dropout and batch norm behave as in evaluation; each layer gets its own mode back."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def outputs_of(layers: dict[str, Any], retain_grad: bool = False) -> Iterator[dict[str, Any]]:
    """A block that fills a dict with what the layers give when the model runs; of several runs, the last."""
    caught: dict[str, Any] = {}
    handles = []

    def catcher(name: str) -> Any:
        def catch(module: Any, args: Any, out: Any) -> None:
            if retain_grad and out.requires_grad:
                out.retain_grad()
            caught[name] = out

        return catch

    try:
        handles = [layer.register_forward_hook(catcher(name)) for name, layer in layers.items()]
        yield caught
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def untouched_gradients(model: Any) -> Iterator[None]:
    """A block after which the parameters' gradients are what they were before."""
    kept = [(parameter, parameter.grad) for parameter in model.parameters()]
    for parameter, _ in kept:
        parameter.grad = None
    try:
        yield
    finally:
        for parameter, gradient in kept:
            parameter.grad = gradient


def numbers(tensor: Any) -> Any:
    """The values of a tensor as a NumPy array, on the CPU and without history."""
    return np.array(tensor.detach().cpu().numpy()) if hasattr(tensor, "detach") else np.asarray(tensor)


def one_image(op: str, image: Any) -> Any:
    """A single image (C, H, W) or (1, C, H, W) as a batch of one, without history.

    Raises:
        TypeError: for what is no tensor.
        ValueError: for another shape.
    """
    if not hasattr(image, "detach"):
        raise TypeError(f"{op}: expected one image as a tensor (C, H, W) or (1, C, H, W); got {type(image).__name__}")
    if image.ndim == 3:
        image = image[None]
    if image.ndim != 4 or image.shape[0] != 1:
        raise ValueError(f"{op}: expected one image (C, H, W) or (1, C, H, W); got shape {tuple(image.shape)}")
    return image.detach()


def chosen_target(op: str, scores: Any, target: int | None) -> int:
    """The class to explain: the one named, else the one with the highest score.

    Raises:
        ValueError: for scores that are not (1, classes).
        IndexError: for a class that there is not.
    """
    if scores.ndim != 2 or scores.shape[0] != 1:
        raise ValueError(f"{op}: the model must give scores (1, classes); it gave shape {tuple(scores.shape)}")
    classes = int(scores.shape[1])
    if target is None:
        return int(numbers(scores)[0].argmax())
    if not -classes <= target < classes:
        raise IndexError(f"{op}: target {target} is out of range for {classes} classes")
    return target % classes
