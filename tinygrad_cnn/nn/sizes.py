"""What a layer is given for a size: a number, before anything is computed with it."""

from collections.abc import Iterable
from numbers import Real
from typing import Any


def require_numbers(layer: str, **sizes: Any) -> None:
    """Raise TypeError for a size that is no number, with its name.

    >>> require_numbers("Linear", in_features="a", out_features=3)
    Traceback (most recent call last):
    TypeError: Linear: in_features must be an int; got 'a'
    """
    for name, value in sizes.items():
        if not isinstance(value, Real) and not hasattr(value, "__index__"):
            raise TypeError(f"{layer}: {name} must be {'a number' if name == 'p' else 'an int'}; got {value!r:.80}")


def normal_shape(layer: str, normalized_shape: Any) -> tuple[int, ...]:
    """The last sizes of what a layer normalises, given as several or one.

    Raises:
        TypeError: for what is neither.

    >>> normal_shape("LayerNorm", 3)
    (3,)
    """
    if hasattr(normalized_shape, "__index__"):
        return (normalized_shape,)
    if not isinstance(normalized_shape, Iterable):
        raise TypeError(f"{layer}: normalized_shape must be an int or several; got {normalized_shape!r:.80}")
    return tuple(normalized_shape)
