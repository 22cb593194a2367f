"""`name_copy` for each method that gives a view: the same values, in memory of their own, with gradients."""

from collections.abc import Callable
from typing import Any

from .. import ops
from ..tensor import Tensor
from .wrap import of_a_tensor


def _copied(name: str, view: Callable[..., Any], call: str, shows: str) -> Any:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        out = view(self, *args, **kwargs)
        return ops.copy(out) if isinstance(out, Tensor) else tuple(ops.copy(part) for part in out)

    method.__name__ = f"{name}_copy"
    method.__doc__ = f"`{name}`, as a copy: the same values in memory of their own.\n\n>>> {name}_copy({call})\n{shows}"
    return of_a_tensor(method)


def _slice(self: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    place = dim % max(self.ndim, 1)
    return self[(*(slice(None),) * place, slice(start, end, step))]


alias_copy = _copied("alias", lambda x: x, "tg.arange(2)", "tensor([0, 1])")
as_strided_copy = _copied("as_strided", Tensor.as_strided, "tg.arange(4), (2, 2), (1, 2)", "tensor([[0, 2], [1, 3]])")
detach_copy = _copied("detach", Tensor.detach, "tg.arange(2)", "tensor([0, 1])")
diagonal_copy = _copied("diagonal", Tensor.diagonal, "tg.eye(2)", "tensor([1., 1.])")
expand_copy = _copied("expand", Tensor.expand, "tg.arange(2), (2, 2)", "tensor([[0, 1], [0, 1]])")
narrow_copy = _copied("narrow", Tensor.narrow, "tg.arange(5), 0, 1, 3", "tensor([1, 2, 3])")
permute_copy = _copied("permute", Tensor.permute, "tg.arange(2).view(1, 2), (1, 0)", "tensor([[0], [1]])")
select_copy = _copied("select", Tensor.select, "tg.eye(2), 0, 1", "tensor([0., 1.])")
slice_copy = _copied("slice", _slice, "tg.arange(5), 0, 1, 5, 2", "tensor([1, 3])")
split_copy = _copied("split", Tensor.split, "tg.arange(4), 2", "(tensor([0, 1]), tensor([2, 3]))")
split_with_sizes_copy = _copied(
    "split_with_sizes", Tensor.split_with_sizes, "tg.arange(3), [1, 2]", "(tensor([0]), tensor([1, 2]))"
)
squeeze_copy = _copied("squeeze", Tensor.squeeze, "tg.ones(1, 2)", "tensor([1., 1.])")
t_copy = _copied("t", Tensor.t, "tg.tensor([[1, 2], [3, 4]])", "tensor([[1, 3], [2, 4]])")
transpose_copy = _copied("transpose", Tensor.transpose, "tg.tensor([[1, 2]]), 0, 1", "tensor([[1], [2]])")
unbind_copy = _copied("unbind", Tensor.unbind, "tg.arange(2)", "(tensor(0), tensor(1))")
unfold_copy = _copied("unfold", Tensor.unfold, "tg.arange(3), 0, 2, 1", "tensor([[0, 1], [1, 2]])")
unsqueeze_copy = _copied("unsqueeze", Tensor.unsqueeze, "tg.arange(2), 0", "tensor([[0, 1]])")
view_copy = _copied("view", Tensor.view, "tg.arange(2), (2, 1)", "tensor([[0], [1]])")

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
