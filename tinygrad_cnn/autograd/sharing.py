"""Who else can see an array: what nobody else sees may be written to.

CPython counts the references to every object, so that one whose only holder is known is one that nobody else can reach:
no variable, no saved value, no hook; and no view, since a view holds its base. PyTorch asks the same of its own counts
before it adds to a gradient in place.
"""

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

# Where references are not counted nobody can be excluded.
_count: Callable[[Any], int] = getattr(sys, "getrefcount", lambda _: 0)


def _holders(arrays: dict[Any, Any], key: Any) -> int:
    return _count(arrays[key])


def _holders_of_base(array: Any) -> int:
    return _count(array.base)


# What the two count, look-up included, when there is one holder; it differs between versions of Python.
_ONE = _holders({"key": object()}, "key")
_ONE_VIEW = _holders_of_base(SimpleNamespace(base=object()))


def only_here(arrays: dict[Any, Any], key: Any) -> bool:
    """Whether `arrays` holds the one way to the array under `key` and to its memory, which may be written to."""
    if _ONE == 0 or _holders(arrays, key) != _ONE:
        return False
    array = arrays[key]
    if not array.flags.writeable:
        return False
    kind = type(array)
    while array.base is not None:
        if _holders_of_base(array) != _ONE_VIEW or not isinstance(array.base, kind):
            return False
        array = array.base
    return bool(array.flags.owndata)
