"""Nests of dicts, lists and tuples with tensors in them: taken apart into leaves, and put together again."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Build = Callable[[Iterator[Any]], Any]  # makes a nest of as many leaves as it takes from the iterator


def flatten(tree: Any) -> tuple[list[Any], Build]:
    """The leaves of a nest in order (of dicts, in the order of their keys), and what builds the nest of leaves.

    >>> leaves, build = flatten({"a": [1, 2], "b": (3, None)})
    >>> leaves, build(iter("wxyz"))
    ([1, 2, 3, None], {'a': ['w', 'x'], 'b': ('y', 'z')})
    """
    leaves: list[Any] = []
    return leaves, _take_apart(tree, leaves)


def _take_apart(tree: Any, leaves: list[Any]) -> Build:
    kind = type(tree)
    if isinstance(tree, dict):
        parts = [(key, _take_apart(value, leaves)) for key, value in tree.items()]
        make = OrderedDict if isinstance(tree, OrderedDict) else dict
        return lambda rest: make([(key, part(rest)) for key, part in parts])
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        items = [_take_apart(value, leaves) for value in tree]
        return lambda rest: kind(*[item(rest) for item in items])
    if kind in (list, tuple):
        items = [_take_apart(value, leaves) for value in tree]
        return lambda rest: kind([item(rest) for item in items])
    leaves.append(tree)
    return next


def map_tree(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """`function` of each leaf (and of those in the same place of other nests), in the same nest.

    >>> map_tree(lambda a, b: a + b, {"a": 1, "b": [2]}, {"a": 10, "b": [20]})
    {'a': 11, 'b': [22]}
    """
    leaves, build = flatten(tree)
    columns = [leaves, *(flatten(other)[0] for other in others)]
    return build(iter([function(*each) for each in zip(*columns, strict=True)]))


def spread(prefix: Any, tree: Any, what: str) -> list[Any]:
    """For each leaf of a nest the value that a smaller nest has above it: one value stands for a whole branch.

    Raises:
        ValueError: where the two do not match.
    """
    if isinstance(prefix, list | tuple | dict):
        if type(prefix) is not type(tree) or len(prefix) != len(tree):
            raise ValueError(f"{what} {prefix!r} does not match the structure of what it is for")
        keys: Iterable[Any] = prefix.keys() if isinstance(prefix, dict) else range(len(prefix))
        return [value for key in keys for value in spread(prefix[key], tree[key], what)]
    return [prefix] * len(flatten(tree)[0])
