"""Rows of a learned table: one by one, and summed up in bags; and the product of two vectors with a third."""

from typing import Any

from ... import ops
from ...autograd import no_grad, taken, unrecordable
from ...autograd.modes import in_scope
from ...errors import ArgumentError, DtypeError, ShapeError
from ...ops.precision import LOW
from ...tensor import Tensor
from ...tensor.precision import runs_in
from .checks import need_tensors


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of a table: numbers (…), table (rows, features) → (…, features).

    Args:
        input: integers in [0, rows).
        weight: the table.
        padding_idx: a row whose gradient is 0.
        max_norm: first scale the rows that are read, in the table itself, to at most this norm.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide a row's gradient by how often it is read here.
        sparse: without effect here.

    Raises:
        IndexError: for a number outside of the table, with its value.

    >>> import tinygrad_cnn as tg
    >>> embedding(tg.tensor([1, 0]), tg.tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    _check("embedding", input, weight)
    if padding_idx is not None and not -weight.shape[0] <= padding_idx < weight.shape[0]:
        raise ArgumentError(f"embedding: padding_idx {padding_idx} is not one of {weight.shape[0]} rows{in_scope()}")
    if max_norm is not None:
        _shorten(weight, input, max_norm, norm_type)
    out = weight[input]
    if scale_grad_by_freq:
        counts = taken(_occurrences, weight.backend.xp, input.array, weight.shape[0])
        shared = out / Tensor.from_array(counts[..., None].astype(weight.dtype))
        out = shared + (out - shared).detach()
    if padding_idx is None:
        return out
    return ops.where((input == padding_idx % weight.shape[0]).unsqueeze(-1), out.detach(), out)


def _check(op: str, input: Tensor, weight: Tensor) -> None:
    need_tensors(op, input=input, weight=weight)
    if input.dtype.kind not in "iu":
        raise DtypeError(f"{op}: row numbers must be integers; got dtype {input.dtype}{in_scope()}")
    if weight.ndim != 2:
        raise ShapeError(f"{op}: the table must have 2 dimensions; got shape {tuple(weight.shape)}{in_scope()}")
    taken(_check_rows, op, input.array, weight.shape[0], in_scope())


def _check_rows(op: str, numbers: Any, rows: int, scope: str) -> None:
    wrong = numbers[(numbers < 0) | (numbers >= rows)]
    if wrong.size:
        raise IndexError(f"{op}: row {int(wrong[0])} is outside [0, {rows}){scope}")


def _occurrences(xp: Any, numbers: Any, rows: int) -> Any:
    return xp.bincount(numbers.reshape(-1), minlength=rows)[numbers]


def _shorten(weight: Tensor, input: Tensor, max_norm: float, norm_type: float) -> None:
    unrecordable("embedding: max_norm changes the table")
    with no_grad():
        rows = Tensor.from_array(weight.backend.xp.unique(input.array))
        table = weight.detach()
        norms = table[rows].norm(norm_type, -1, keepdim=True)
        factors = ops.where(norms > max_norm, max_norm / (norms + 1e-7), 1.0)
        table[rows] = table[rows] * factors


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Rows of a table, reduced bag by bag: numbers (B, n), or (n) and where each bag begins (B) → (B, features).

    Args:
        input: integers in [0, rows).
        weight: the table (rows, features).
        offsets: the first number of each bag, if `input` has one dimension.
        max_norm, norm_type, scale_grad_by_freq, sparse: as of `embedding`.
        mode: "sum", "mean" or "max".
        per_sample_weights: a factor for each number, with mode "sum".
        include_last_offset: the last offset is where the last bag ends.
        padding_idx: a row that counts for nothing.

    Raises:
        ValueError: for arguments that don't fit each other.

    >>> import tinygrad_cnn as tg
    >>> embedding_bag(tg.tensor([[1, 0]]), tg.tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[2.0, 3.0]]
    """
    op = "embedding_bag"
    _check(op, input, weight)
    unrecordable(f"{op}: which rows are in which bag")
    xp = weight.backend.xp
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"{op}: mode must be 'sum', 'mean' or 'max'; got {mode!r}{in_scope()}")
    if per_sample_weights is not None:
        if per_sample_weights.shape != input.shape:
            raise ArgumentError(
                f"{op}: per_sample_weights must have the shape {tuple(input.shape)} of input; got "
                f"{tuple(per_sample_weights.shape)}{in_scope()}"
            )
        if mode != "sum":
            raise NotImplementedError(f"{op}: per_sample_weights need mode 'sum'; got {mode!r}{in_scope()}")
    if input.ndim == 2:
        if offsets is not None:
            raise ArgumentError(f"{op}: input (B, n) takes no offsets{in_scope()}")
        bags = input.shape[0]
        owner = xp.repeat(xp.arange(bags), input.shape[1])
    elif input.ndim == 1 and offsets is not None and offsets.ndim == 1:
        starts = offsets.array.astype("int64")
        bags = len(starts) - bool(include_last_offset)
        if starts.size and (int(starts[0]) != 0 or int(starts.max()) > input.shape[0]):
            raise ArgumentError(
                f"{op}: offsets must begin with 0 and not exceed {input.shape[0]}; got {offsets.tolist()!r:.80}"
                f"{in_scope()}"
            )
        owner = xp.searchsorted(starts[:bags], xp.arange(input.shape[0]), side="right") - 1
    else:
        raise ArgumentError(
            f"{op}: expected input (B, n), or (n) with offsets (B); got {tuple(input.shape)}{in_scope()}"
        )
    numbers = input.reshape(input.numel())
    rows = embedding(numbers, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq)
    counted = xp.ones(len(owner), dtype=bool)
    if padding_idx is not None:
        counted = numbers.array != padding_idx % weight.shape[0]
    if mode == "max":
        return _largest(rows, owner, counted, bags)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(numbers.numel(), 1)
    rows = ops.where(Tensor.from_array(counted[:, None]), rows, 0.0)
    sums = ops.scatter_items(rows, shape=(bags, weight.shape[1]), index=owner)
    if mode == "sum":
        return sums
    sizes = xp.maximum(xp.bincount(owner[counted], minlength=bags), 1)
    return sums / Tensor.from_array(sizes[:, None].astype(weight.dtype))


def _largest(rows: Tensor, owner: Any, counted: Any, bags: int) -> Tensor:
    """The maximum of each bag's rows, and 0 for an empty bag."""
    xp = rows.backend.xp
    places = xp.flatnonzero(counted)
    members = [places[owner[places] == bag] for bag in range(bags)]
    longest = max((len(m) for m in members), default=0)
    if not longest:
        return ops.scatter_items(rows * 0.0, shape=(bags, rows.shape[1]), index=owner)
    table = xp.stack([xp.resize(m, longest) if len(m) else xp.zeros(longest, dtype="int64") for m in members])
    best = rows.array[table].argmax(1)  # (bags, features)
    index = xp.take_along_axis(table, best, axis=1)
    out = ops.gather_along(rows, dim=0, index=index)
    filled = xp.asarray([len(m) > 0 for m in members])
    return ops.where(Tensor.from_array(filled[:, None]), out, 0.0)


@runs_in(LOW)
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Σᵢⱼ xᵢ Wₒᵢⱼ yⱼ + bₒ: (…, I), (…, J), (O, I, J), (O) → (…, O).

    Raises:
        RuntimeError: for shapes that do not fit.

    >>> import tinygrad_cnn as tg
    >>> bilinear(tg.ones(4, 2), tg.ones(4, 3), tg.ones(5, 2, 3)).shape
    (4, 5)
    """
    need_tensors("bilinear", input1=input1, input2=input2, weight=weight, bias=bias)
    if weight.ndim != 3:
        raise ShapeError(f"bilinear: weight must be (O, I, J); got shape {tuple(weight.shape)}{in_scope()}")
    outputs, first, second = weight.shape
    if input1.shape[-1] != first or input2.shape[-1] != second or input1.shape[:-1] != input2.shape[:-1]:
        raise ShapeError(
            f"bilinear: weight {tuple(weight.shape)} expects inputs (…, {first}) and (…, {second}); got "
            f"{tuple(input1.shape)} and {tuple(input2.shape)}{in_scope()}"
        )
    by_first = ops.linear(input1, weight.permute(0, 2, 1).reshape(outputs * second, first), None)
    terms = by_first.reshape(*input1.shape[:-1], outputs, second) * input2.unsqueeze(-2)
    out = terms.sum(-1)
    return out if bias is None else out + bias


__all__ = ["bilinear", "embedding", "embedding_bag"]
