"""Dual numbers: tensors with the direction in which they move, carried through a computation as in PyTorch.

In `dual_level`, `make_dual` gives a tensor a tangent, and `unpack_dual` of what is computed from it tells how that
moves: J v. It is reverse mode applied twice, so the computation is recorded: under `no_grad` nothing moves.
"""

from contextvars import ContextVar
from typing import NamedTuple

from .autograd import ancestors, enable_grad
from .autograd.modes import in_scope
from .errors import DtypeError, GraphError, ShapeError
from .func.levels import Forward, Level
from .ops import copy
from .tensor import Tensor

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class UnpackedDualTensor(NamedTuple):
    """What `unpack_dual` returns: the values, and the direction in which they move, None if they stay.

    >>> UnpackedDualTensor(tg.ones(1), None).tangent is None
    True
    """

    primal: Tensor
    tangent: Tensor | None


class _DualLevel(Level):
    """The duals that were made since the level was entered."""

    def __init__(self) -> None:
        super().__init__("make_dual")
        self.duals: list[tuple[Tensor, Tensor]] = []


_LEVEL: ContextVar[_DualLevel | None] = ContextVar("dual level", default=None)


def enter_dual_level() -> int:
    """Begin a level, in which tensors can have tangents; returns its number, 0.

    Raises:
        RuntimeError: inside of another level, as in PyTorch; `func.jvp` can be nested.

    >>> enter_dual_level()
    0
    >>> exit_dual_level()
    """
    if _LEVEL.get() is not None:
        raise GraphError(f"enter_dual_level: levels can't be nested; func.jvp can{in_scope()}")
    _LEVEL.set(_DualLevel())
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End the level: from here on nothing has a tangent.

    Raises:
        RuntimeError: outside of a level, or for another number than that of the level.

    >>> _ = enter_dual_level()
    >>> exit_dual_level()
    """
    if _LEVEL.get() is None or level not in (None, 0):
        raise GraphError(f"exit_dual_level: there is no such level to leave; got {level}{in_scope()}")
    _LEVEL.set(None)


class dual_level:  # noqa: N801 - PyTorch's name
    """A block in which tensors can have tangents.

    >>> import tinygrad_cnn as tg
    >>> with dual_level():
    ...     x = make_dual(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 10.0]))
    ...     unpack_dual(x**2).tangent
    tensor([ 2., 40.])
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exception: object) -> None:
        exit_dual_level(level=0)


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A tensor with the same values that moves in the direction `tangent`, of the same shape and dtype.

    Its values are a copy; what is computed from it moves along, and has a gradient with respect to `tensor` too.

    Raises:
        RuntimeError: outside of `dual_level`, or for a tangent of another shape or dtype.
        TypeError: for something else than floating-point tensors.

    >>> with dual_level():
    ...     unpack_dual(make_dual(tg.ones(2), tg.tensor([3.0, 4.0])).sum()).tangent
    tensor(7.)
    """
    duals = _LEVEL.get()
    if duals is None:
        raise GraphError(f"make_dual: there is no level to make it in; use `with dual_level():`{in_scope()}")
    if not isinstance(tangent, Tensor):
        raise TypeError(f"make_dual: the tangent must be a tensor; got {type(tangent).__name__}{in_scope()}")
    watched = duals.watch(tensor, "the first argument")
    if tangent.shape != watched.shape:
        raise ShapeError(
            f"make_dual: the tangent must have the shape of the tensor, {tuple(watched.shape)}; got "
            f"{tuple(tangent.shape)}{in_scope()}"
        )
    if tangent.dtype != watched.dtype:
        raise DtypeError(
            f"make_dual: the tangent must have the dtype of the tensor, {watched.dtype}; got "
            f"{tangent.dtype}{in_scope()}"
        )
    duals.duals.append((watched, tangent))
    with enable_grad():
        return copy(watched)  # may be written to, which a leaf may not


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The values of a tensor, and the direction in which they move with the duals that it was computed from.

    >>> with dual_level():
    ...     unpack_dual(make_dual(tg.tensor(2.0), tg.tensor(1.0)) ** 3)
    UnpackedDualTensor(primal=tensor(8.), tangent=tensor(12.))
    >>> unpack_dual(tg.ones(1))
    UnpackedDualTensor(primal=tensor([1.]), tangent=None)
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"unpack_dual: expected a tensor; got {type(tensor).__name__}{in_scope()}")
    duals = _LEVEL.get()
    if duals is None or tensor.node is None:
        return UnpackedDualTensor(tensor, None)
    tensor.refresh()
    behind = set(ancestors([tensor.node]))
    pairs = [(x, v) for x, v in duals.duals if x.node in behind]
    if not pairs:
        return UnpackedDualTensor(tensor, None)
    forward = Forward(duals, [tensor], [x for x, _ in pairs])
    (moved,) = forward.product([v for _, v in pairs])
    return UnpackedDualTensor(duals.let_go(tensor), duals.let_go(moved))
