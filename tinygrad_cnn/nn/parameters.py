"""Parameters in order or by name."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from ..tensor import Tensor
from .containers import position_of
from .module import Module
from .parameter import Parameter


class ParameterList(Module):
    """A list of parameters that the model they are in can find; plain tensors become parameters.

    >>> import tinygrad_cnn as tg
    >>> weights = ParameterList([tg.zeros(2), tg.zeros(3)])
    >>> [tuple(weight.shape) for weight in weights]
    [(2,), (3,)]
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _put(self, position: int, value: Any) -> None:
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value)
        setattr(self, str(position), value)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, str(position_of(self, index)))

    def __setitem__(self, index: int, value: Any) -> None:
        self._put(position_of(self, index), value)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([getattr(self, str(i)) for i in range(self._size)])

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)

    def append(self, value: Any) -> Self:
        """Add a parameter at the end."""
        self._put(self._size, value)
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add several parameters at the end."""
        given: object = values
        if not isinstance(given, Iterable) or isinstance(given, Tensor):
            raise TypeError(f"ParameterList: expected several parameters; got {type(values).__name__}")
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        """One line per item."""
        return "\n".join(f"  ({i}): {_described(value)}" for i, value in enumerate(self))


class ParameterDict(Module):
    """A dict of parameters that the model they are in can find; plain tensors become parameters.

    >>> import tinygrad_cnn as tg
    >>> weights = ParameterDict({"left": tg.zeros(2), "right": tg.zeros(3)})
    >>> [(name, tuple(weight.shape)) for name, weight in weights.items()]
    [('left', (2,)), ('right', (3,))]
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[Any, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: Any) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, str(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._keys[key] = None
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value)
        setattr(self, str(key), value)

    def __delitem__(self, key: Any) -> None:
        del self._keys[key]
        delattr(self, str(key))

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[Any]:
        return iter(list(self._keys)[::-1])

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def copy(self) -> "ParameterDict":
        """Another dict of the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def get(self, key: Any, default: Any = None) -> Any:
        """The parameter of a name, or the default."""
        return self.get(key, default)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The parameter of a name, put there first if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Take all parameters out."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: Any) -> Any:
        """Take a parameter out and return it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[Any, Any]:
        """Take the last name and parameter out and return them."""
        key = next(reversed(self))
        return key, self.pop(key)

    def fromkeys(self, keys: Iterable[Any], default: Any = None) -> "ParameterDict":
        """A new dict with the same value under every name."""
        return ParameterDict((key, default) for key in keys)

    def keys(self) -> Iterable[Any]:
        """The names."""
        return self._keys.keys()

    def items(self) -> Iterable[tuple[Any, Any]]:
        """Names and parameters."""
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return (self[key] for key in self._keys)

    def update(self, parameters: Any) -> None:
        """Add parameters from a dict, or from pairs of a name and a parameter."""
        given = parameters.items() if isinstance(parameters, ParameterDict | Mapping) else parameters
        if not isinstance(given, Iterable) or isinstance(given, str):
            raise TypeError(f"ParameterDict: expected a dict of parameters, or pairs; got {type(parameters).__name__}")
        for pair in given:
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise ValueError(f"ParameterDict: expected pairs of a name and a parameter; got {pair!r:.80}")
            self[pair[0]] = pair[1]

    def __or__(self, other: "ParameterDict") -> "ParameterDict":
        joined = self.copy()
        joined.update(other)
        return joined

    def __ror__(self, other: "ParameterDict") -> "ParameterDict":
        joined = other.copy()
        joined.update(self)
        return joined

    def __ior__(self, other: "ParameterDict") -> Self:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        """One line per item."""
        return "\n".join(f"  ({key}): {_described(value)}" for key, value in self.items())


def _described(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"{kind} containing: [{value.dtype} of size {'x'.join(map(str, value.shape))}]"


__all__ = ["ParameterDict", "ParameterList"]
