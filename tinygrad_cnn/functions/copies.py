"""`name_copy` for each method that gives a view: the same values, in memory of their own, with gradients."""

from collections.abc import Callable
from typing import Any

from .. import ops
from ..tensor import Tensor
from .wrap import of_a_tensor


def _copied(name: str, view: Callable[..., Any]) -> Any:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        out = view(self, *args, **kwargs)
        return ops.copy(out) if isinstance(out, Tensor) else tuple(ops.copy(part) for part in out)

    method.__name__, method.__doc__ = f"{name}_copy", f"`{name}`, as a copy."
    return of_a_tensor(method)


def _slice(self: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    place = dim % max(self.ndim, 1)
    return self[(*(slice(None),) * place, slice(start, end, step))]


alias_copy = _copied("alias", lambda x: x)
as_strided_copy = _copied("as_strided", Tensor.as_strided)
detach_copy = _copied("detach", Tensor.detach)
diagonal_copy = _copied("diagonal", Tensor.diagonal)
expand_copy = _copied("expand", Tensor.expand)
narrow_copy = _copied("narrow", Tensor.narrow)
permute_copy = _copied("permute", Tensor.permute)
select_copy = _copied("select", Tensor.select)
slice_copy = _copied("slice", _slice)
split_copy = _copied("split", Tensor.split)
split_with_sizes_copy = _copied("split_with_sizes", Tensor.split_with_sizes)
squeeze_copy = _copied("squeeze", Tensor.squeeze)
t_copy = _copied("t", Tensor.t)
transpose_copy = _copied("transpose", Tensor.transpose)
unbind_copy = _copied("unbind", Tensor.unbind)
unfold_copy = _copied("unfold", Tensor.unfold)
unsqueeze_copy = _copied("unsqueeze", Tensor.unsqueeze)
view_copy = _copied("view", Tensor.view)

__all__ = [
    "alias_copy",
    "as_strided_copy",
    "detach_copy",
    "diagonal_copy",
    "expand_copy",
    "narrow_copy",
    "permute_copy",
    "select_copy",
    "slice_copy",
    "split_copy",
    "split_with_sizes_copy",
    "squeeze_copy",
    "t_copy",
    "transpose_copy",
    "unbind_copy",
    "unfold_copy",
    "unsqueeze_copy",
    "view_copy",
]
