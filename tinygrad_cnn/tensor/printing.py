"""Tensors as text, laid out as PyTorch does it."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np

from ..autograd import Leaf
from ..dtypes import bool_, get_default_dtype, int64, is_floating
from .base import TensorBase


@dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_options = _Options()
_PROFILES = {"default": (4, 1000, 3), "short": (2, 1000, 2), "full": (4, inf, 3)}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors are printed.

    Args:
        precision: digits after the point.
        threshold: a tensor with more elements is printed in part.
        edgeitems: so many items at both ends of each dimension, then.
        linewidth: characters per line.
        profile: "default", "short" or "full", for the first three at once.
        sci_mode: with powers of ten always, never, or (None) where numbers are large, small or far apart.

    >>> tg.set_printoptions(precision=2)
    >>> tg.tensor([1 / 3])
    tensor([0.33])
    >>> tg.set_printoptions(profile="default")
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"set_printoptions: profile must be one of {', '.join(_PROFILES)}; got {profile!r}")
        _options.precision, _options.threshold, _options.edgeitems = _PROFILES[profile]
        _options.linewidth = 80
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    for name, value in given.items():
        if value is not None:
            setattr(_options, name, value)
    _options.sci_mode = sci_mode


def describe(tensor: TensorBase) -> str:
    """The values, and what they do not show: device, dtype, part in a graph.

    >>> import tinygrad_cnn as tg
    >>> tg.tensor([[1.0, -2.0]]), tg.tensor([0.5, 1.0]), tg.tensor([0.001, 200.0])
    (tensor([[ 1., -2.]]), tensor([0.5000, 1.0000]), tensor([1.0000e-03, 2.0000e+02]))
    """
    array = tensor.backend.to_numpy(tensor.array)
    text = f"tensor({_values(array, len('tensor('))}"
    usual = (get_default_dtype(), int64, bool_) if array.size else (get_default_dtype(),)
    notes = [f"device='{tensor.device}'"] if tensor.device.type != "cpu" else []
    notes += [f"size={tuple(tensor.shape)}"] if not array.size and array.ndim != 1 else []
    notes += [f"dtype={tensor.dtype}"] if tensor.dtype not in usual else []
    if isinstance(tensor.node, Leaf):
        notes.append("requires_grad=True")
    elif tensor.node is not None:
        notes.append(f"grad_fn=<{''.join(part.capitalize() for part in _name(tensor.node).split('_'))}>")
    for note in notes:
        fits = len(text) - text.rfind("\n") + len(note) + 3 <= _options.linewidth
        text += (", " if fits else ",\n" + " " * len("tensor(")) + note
    return text + ")"


def _name(node: Any) -> str:
    """Of the operation: outputs of a Function show its name."""
    return str(getattr(node, "hub", node).name)


def _values(array: Any, indent: int) -> str:
    if not array.size:
        return "[]"
    part = array.size > _options.threshold
    form, width = _number_format(array[np.ix_(*map(_ends, array.shape))] if part else array)
    return _nested(array, form, width, indent, part)


def _ends(n: int) -> list[int]:
    """Which of n items are printed when they are too many."""
    items = list(range(n))
    del items[_options.edgeitems : max(n - _options.edgeitems, _options.edgeitems)]
    return items


def _number_format(array: Any) -> tuple[Callable[[Any], str], int]:
    """How to write one number, and the width of the widest: "1." if all are whole, else with so many digits."""
    if not is_floating(array.dtype):
        return str, max(map(len, map(str, array.ravel().tolist())), default=1)
    known = array[np.isfinite(array) & (array != 0)].astype(float)
    sizes = np.abs(known).tolist()
    low, high = min(sizes, default=1.0), max(sizes, default=1.0)
    wide = high / low > 1000 or high > 1e8 or low < 1e-4
    scientific = bool(sizes) and (wide if _options.sci_mode is None else _options.sci_mode)
    whole = not scientific and bool((known == np.ceil(known)).all())
    spec = f".{_options.precision}e" if scientific else ".0f" if whole else f".{_options.precision}f"

    def form(value: float) -> str:
        return format(value, spec) + ("." if whole and isfinite(value) else "")

    return form, max(map(len, map(form, known.tolist())), default=1)


def _nested(array: Any, form: Callable[[Any], str], width: int, indent: int, part: bool) -> str:
    """The values in brackets, one pair per dimension."""
    if not array.ndim:
        return form(array.item()).rjust(width)
    shown = _ends(len(array)) if part else range(len(array))
    items = [_nested(array[i, ...], form, width, indent + 1, part) for i in shown]
    if len(items) < len(array):
        items.insert(_options.edgeitems, "..." if array.ndim > 1 else " ...")
    if array.ndim == 1:
        per_line = max((_options.linewidth - indent) // (width + 2), 1)
        items = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
    between = "," + "\n" * max(array.ndim - 1, 1) + " " * (indent + 1)
    return f"[{between.join(items)}]"
