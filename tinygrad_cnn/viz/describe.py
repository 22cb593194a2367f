"""The fixed parameters of an operation in a few words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# What the output's shape says already, or no reader asks for.
HIDDEN = {"shape", "source", "view", "eps", "taps"}


def describe_params(params: Mapping[str, Any]) -> tuple[str, ...]:
    """The fixed parameters of an op in a few words each; arrays by their shapes, never by their values.

    >>> describe_params({"dim": (1,), "keepdim": False, "p": 0.5})
    ('dim 1', 'p 0.5')
    """
    words: list[str] = []
    for name, value in params.items():
        if name in HIDDEN or value is None or value is False:
            continue
        if hasattr(value, "stride") and hasattr(value, "size") and hasattr(value, "padding"):
            words += _describe_window(value)
        elif value is True:
            words.append(name)
        elif name == "index":
            words.append(f"[{', '.join(map(_item, value if isinstance(value, tuple) else (value,)))}]")
        else:
            words.append(f"{name} {_item(value)}")
    return tuple(words)


def _describe_window(window: Any) -> Iterator[str]:
    yield _times(window.size)
    for name, usual in (("stride", 1), ("padding", 0), ("dilation", 1)):
        values = [v[0] if isinstance(v, tuple) and len(set(v)) == 1 else v for v in getattr(window, name)]
        if set(values) != {usual}:
            yield f"{name} {values[0] if len(set(values)) == 1 else _times(values)}"
    if getattr(window, "groups", 1) != 1:
        yield f"groups {window.groups}"
    if getattr(window, "ceil_mode", False):
        yield "ceil_mode"


def _times(values: Iterable[Any]) -> str:
    return "×".join(map(str, values))


def _item(value: Any) -> str:
    """One value, short."""
    if value is Ellipsis:
        return "…"
    if isinstance(value, slice):
        ends = ["" if end is None else str(end) for end in (value.start, value.stop)]
        return ":".join(ends if value.step is None else [*ends, str(value.step)])
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | list):
        return _item(value[0]) if len(value) == 1 else f"({', '.join(map(_item, value[:6]))}{', …' * (len(value) > 6)})"
    if isinstance(value, str | int | type(None)):
        return str(value)
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"of shape {shape}"
    name = getattr(value, "name", None)
    return name if isinstance(name, str) else type(value).__name__
