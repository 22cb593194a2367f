"""Modules that hold other modules, in order or by name."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from .module import Module


def position_of(owner: Any, index: Any) -> int:
    """A position from the front, from one that may count from the back."""
    if not hasattr(index, "__index__"):
        raise TypeError(f"{type(owner).__name__}: an index must be an int or a slice; got {index!r}")
    position, length = int(index), len(owner)
    if not -length <= position < length:
        raise IndexError(f"{type(owner).__name__}: index {position} is out of range; there are {length} items")
    return position % length


class _Listed(Module):
    """Modules at the names "0", "1", …"""

    def _renumber(self, modules: Iterable[Any]) -> None:
        modules = list(modules)
        self._modules.clear()
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def _name_at(self, index: Any) -> str:
        return list(self._modules)[position_of(self, index)]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __contains__(self, module: object) -> bool:
        return any(module is each for each in self._modules.values())

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index: Any) -> None:
        names = list(self._modules)
        for name in names[index] if isinstance(index, slice) else [self._name_at(index)]:
            del self._modules[name]
        self._renumber(self._modules.values())

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        number = len(self)
        while str(number) in self._modules:  # a slice keeps the names of what it was cut from
            number += 1
        self.add_module(str(number), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add several modules at the end."""
        given: object = modules
        if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
            raise TypeError(f"{type(self).__name__}.extend: expected several modules; got {type(modules).__name__}")
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, index: Any = -1) -> Any:
        """Take a module out and return it."""
        module = self._modules[self._name_at(index)]
        del self[index]
        return module


class Sequential(_Listed):
    """Modules called one after the other, each with what the one before returned.

    Given as arguments, or with names in an OrderedDict. It can be indexed and sliced; a slice shares its modules.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import nn
    >>> model = Sequential(nn.Flatten(), nn.Linear(4, 2), nn.ReLU())
    >>> model(tg.ones(3, 1, 2, 2)).shape, model[:2]
    ((3, 2), Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=4, out_features=2, bias=True)
    ))
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], dict) else enumerate(args)
        for name, module in named:
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        """The last module's result."""
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return self._modules[self._name_at(index)]

    def insert(self, index: int, module: Module) -> Self:
        """Put a module before the one at this position."""
        if not isinstance(module, Module):
            raise TypeError(f"Sequential.insert: expected a Module; got {type(module).__name__}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Sequential.insert: index {index} is out of range; there are {len(self)} modules")
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def __add__(self, other: "Sequential") -> "Sequential":
        if not isinstance(other, Sequential):
            return NotImplemented
        return Sequential(*self, *other)

    def __iadd__(self, other: "Sequential") -> Self:
        if not isinstance(other, Sequential):
            return NotImplemented
        return self.extend(other)

    def __mul__(self, times: int) -> "Sequential":
        """The same modules several times over, in another Sequential."""
        self._check_times(times)
        return Sequential(*(module for _ in range(times) for module in self))

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Self:
        self._check_times(times)
        return self.extend([module for _ in range(times - 1) for module in list(self)])

    @staticmethod
    def _check_times(times: Any) -> None:
        if not hasattr(times, "__index__"):
            raise TypeError(f"Sequential: can only be multiplied by an int; got {type(times).__name__}")
        if times <= 0:
            raise ValueError(f"Sequential: can only be multiplied by a positive int; got {times}")


class ModuleList(_Listed):
    """A list of modules that the model they are in can find.

    >>> from tinygrad_cnn import nn
    >>> layers = ModuleList(nn.Linear(4, 4) for _ in range(3))
    >>> layers.append(nn.ReLU())
    ModuleList(
      (0-2): 3 x Linear(in_features=4, out_features=4, bias=True)
      (3): ReLU()
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self._modules.values())[index])
        return self._modules[self._name_at(index)]

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> "ModuleList":
        return ModuleList([*self, *other])

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at this position."""
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._renumber(modules)

    def __repr__(self) -> str:
        runs: list[list[Any]] = []  # first, last, text
        for i, module in enumerate(self):
            text = repr(module)
            if runs and runs[-1][2] == text:
                runs[-1][1] = i
            else:
                runs.append([i, i, text])
        if not runs:
            return f"{self._get_name()}()"
        lines = []
        for first, last, text in runs:
            label = f"({first})" if first == last else f"({first}-{last})"
            times = "" if first == last else f"{last - first + 1} x "
            lines.append(f"  {label}: {times}{text}".replace("\n", "\n  "))
        inside = "\n".join(lines)
        return f"{self._get_name()}(\n{inside}\n)"


class ModuleDict(Module):
    """A dict of modules that the model they are in can find.

    >>> from tinygrad_cnn import nn
    >>> heads = ModuleDict({"class": nn.Linear(8, 10), "box": nn.Linear(8, 4)})
    >>> list(heads), heads["box"]
    (['class', 'box'], Linear(in_features=8, out_features=4, bias=True))
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Take all modules out."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Take a module out and return it."""
        return self._modules.pop(key)

    def keys(self) -> Any:
        """The names."""
        return self._modules.keys()

    def items(self) -> Any:
        """Names and modules."""
        return self._modules.items()

    def values(self) -> Any:
        """The modules."""
        return self._modules.values()

    def update(self, modules: Any) -> None:
        """Add modules from a dict, or from pairs of a name and a module."""
        if isinstance(modules, ModuleDict | Mapping):
            pairs = list(modules.items())
        elif isinstance(modules, Iterable) and not isinstance(modules, str):
            pairs = [tuple(pair) for pair in modules]
        else:
            raise TypeError(f"ModuleDict: expected a dict of modules, or pairs; got {type(modules).__name__}")
        for pair in pairs:
            if len(pair) != 2:
                raise ValueError(f"ModuleDict: expected pairs of a name and a module; got {pair!r:.80}")
            self[pair[0]] = pair[1]


class Container(Module):
    """A module with the modules given by name, as PyTorch once had it.

    >>> nn.Container(first=nn.Identity()).first
    Identity()
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        for name, module in kwargs.items():
            self.add_module(name, module)


__all__ = ["Container", "ModuleDict", "ModuleList", "Sequential"]
