"""Parameters that are computed from others by modules: `layer.weight` becomes f(original) wherever it is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ...autograd import no_grad
from ...errors import ShapeError
from ...tensor import Tensor
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]

_cache: ContextVar[dict[tuple[int, str], Any] | None] = ContextVar("parametrized", default=None)


@contextmanager
def cached() -> Iterator[None]:
    """A block in which each parametrized tensor is computed once, however often it is read.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 1))
    >>> with nn.utils.parametrize.cached():
    ...     layer.weight is layer.weight
    True
    """
    if _cache.get() is not None:  # the outer block keeps them
        yield
        return
    token = _cache.set({})
    try:
        yield
    finally:
        _cache.reset(token)


class ParametrizationList(ModuleList):
    """The modules that compute one tensor, one after the other, and what they start from.

    Attributes:
        original: what is learned; `original0`, `original1`, … where the first module takes several tensors.

    >>> class Positive(nn.Module):
    ...     def forward(self, x):
    ...         return x.abs()
    >>> layer = nn.utils.parametrize.register_parametrization(nn.Linear(2, 1), "weight", Positive())
    >>> type(layer.parametrizations.weight).__name__, bool((layer.weight >= 0).all())
    ('ParametrizationList', True)
    """

    def __init__(self, modules: list[Module], original: Tensor, unsafe: bool = False) -> None:
        super().__init__(modules)
        self.unsafe = unsafe
        with no_grad():
            start: Any = original
            for module in reversed(modules):
                if hasattr(module, "right_inverse"):
                    start = module.right_inverse(start)
        self.is_tensor = isinstance(start, Tensor)
        self.ntensors = 1 if self.is_tensor else len(start)
        learned = isinstance(original, Parameter)
        for name, part in zip(self._names(), (start,) if self.is_tensor else start, strict=True):
            if not learned:
                self.register_buffer(name, part)
            elif part is original:
                self.register_parameter(name, original)
            else:
                self.register_parameter(name, Parameter(part.detach().clone(), original.requires_grad))

    def _names(self) -> list[str]:
        return ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the tensor is, as far as possible, this value."""
        with no_grad():
            found: Any = value
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrize: {type(module).__name__} has no right_inverse, so it can't be assigned to"
                    )
                found = module.right_inverse(found)
            for name, part in zip(self._names(), (found,) if self.is_tensor else found, strict=True):
                getattr(self, name).data = part.detach().clone()

    def forward(self) -> Tensor:
        """The tensor, computed."""
        modules = list(self)
        x = modules[0](*(getattr(self, name) for name in self._names()))
        for module in modules[1:]:
            x = module(x)
        return x  # type: ignore[no-any-return]


def _make_property(cls: type[Module], name: str) -> None:
    def read(self: Any) -> Any:
        kept = _cache.get()
        if kept is None:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in kept:
            kept[key] = self.parametrizations[name]()
        return kept[key]

    def write(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(cls, name, property(read, write))


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let a parameter or buffer be computed by a module from what it was; several stack up.

    The module's `right_inverse`, if it has one, says what to start from for the value of now. The tensor lies in
    `module.parametrizations.<name>.original` from then on, and the module is of a class of its own, `Parametrized…`.

    Args:
        module: whose tensor; it is returned.
        tensor_name: of the parameter or buffer.
        parametrization: a module of one tensor (or of the several that its `right_inverse` returns).
        unsafe: let shape and dtype change.

    Raises:
        ValueError: if there is no such tensor, or shape or dtype would change.

    >>> from tinygrad_cnn import nn
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.T).all()), list(layer.state_dict())
    (True, ['bias', 'parametrizations.weight.original'])
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        held = _lists(module)[tensor_name]
        before = getattr(module, tensor_name)
        after = parametrization(before)
        _check(parametrization, before, after, unsafe or held.unsafe)
        if hasattr(parametrization, "right_inverse"):
            with no_grad():
                held.right_inverse(parametrization.right_inverse(before))
        held.append(parametrization)
        return module
    original = module._parameters.get(tensor_name)
    if original is None:
        original = module._buffers.get(tensor_name)  # type: ignore[assignment]
    if original is None:
        raise ValueError(f"parametrize: {type(module).__name__} has no parameter or buffer {tensor_name!r}")
    held = ParametrizationList([parametrization], original, unsafe)
    _check(parametrization, original, held(), unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        base = type(module)
        module.__class__ = type(f"Parametrized{base.__name__}", (base,), {"__module__": base.__module__})
        module.parametrizations = ModuleDict()
    _make_property(type(module), tensor_name)
    _lists(module)[tensor_name] = held
    return module


def _lists(module: Any) -> ModuleDict:
    return module.parametrizations  # type: ignore[no-any-return]


def _check(parametrization: Module, before: Tensor, after: Any, unsafe: bool) -> None:
    if unsafe:
        return
    name = type(parametrization).__name__
    if not isinstance(after, Tensor):
        raise ValueError(f"parametrize: {name} must return a tensor; got {type(after).__name__}")
    if after.shape != before.shape or after.dtype != before.dtype:
        raise ShapeError(
            f"parametrize: {name} must keep shape and dtype, {tuple(before.shape)} {before.dtype}; got "
            f"{tuple(after.shape)} {after.dtype}; or pass unsafe=True"
        )


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a tensor of the module, or any, is computed.

    >>> is_parametrized(nn.Linear(2, 1)), is_parametrized(nn.utils.parametrizations.weight_norm(nn.Linear(2, 1)))
    (False, True)
    """
    held = module._modules.get("parametrizations")
    if not isinstance(held, ModuleDict):
        return False
    return len(held) > 0 if tensor_name is None else tensor_name in held


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a tensor ordinary again.

    Args:
        module: whose tensor; it is returned.
        tensor_name: which one.
        leave_parametrized: with its value of now; otherwise with the original's.

    Raises:
        ValueError: if it is not computed, or there are several originals to go back to.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 1))
    >>> is_parametrized(remove_parametrizations(layer, "weight"))
    False
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"parametrize: {tensor_name!r} of {type(module).__name__} is not parametrized")
    held = _lists(module)[tensor_name]
    if not leave_parametrized and not held.is_tensor:
        raise ValueError("parametrize: there are several originals; only leave_parametrized=True is possible")
    learned = bool(held._parameters)
    with no_grad():
        value = getattr(module, tensor_name) if leave_parametrized else held.original
    requires_grad = all(p.requires_grad for p in held._parameters.values() if p is not None)
    delattr(type(module), tensor_name)
    del _lists(module)[tensor_name]
    if not len(_lists(module)):
        del module._modules["parametrizations"]
        module.__class__ = type(module).__bases__[0]
    if learned:
        module.register_parameter(tensor_name, Parameter(value.detach().clone(), requires_grad))
    else:
        module.register_buffer(tensor_name, value.detach().clone())
    return module


def type_before_parametrizations(module: Module) -> type[Module]:
    """The class that the module had, or has.

    >>> type_before_parametrizations(nn.utils.parametrizations.weight_norm(nn.Linear(2, 1))) is nn.Linear
    True
    """
    return type(module).__bases__[0] if is_parametrized(module) else type(module)
