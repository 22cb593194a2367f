"""Sums of products over named dimensions: einsum, tensordot; and distances between rows."""

from math import inf, prod
from typing import Any

from .. import ops
from ..autograd.modes import in_scope
from ..errors import ArgumentError, ShapeError
from ..tensor import Tensor, dimension
from ..tensor.words import numpy_words
from .out import with_out
from .shapes import broadcast_shapes
from .wrap import tensor_list

DOTS = "."  # stands for the dimensions of an ellipsis, which are numbered from behind: ".2", ".1"


def _labels(equation: str, operands: list[Tensor]) -> tuple[list[list[str]], list[str]]:
    """The label of each dimension of each operand, and of the result."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ArgumentError(f"einsum: {equation!r} names {len(terms)} operands; got {len(operands)}{in_scope()}")
    if bad := set(left + right) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,"):
        raise ArgumentError(
            f"einsum: {equation!r} may hold letters, ',', '...' and '->'; got {sorted(bad)}{in_scope()}"
        )

    def spelled(term: str, ndim: int | None, widest: int) -> list[str]:
        before, dots, after = term.partition("...")
        if "." in before + after:
            raise ArgumentError(f"einsum: {term!r} in {equation!r} may hold one '...'{in_scope()}")
        count = widest if ndim is None else ndim - len(before) - len(after)
        if ndim is not None and (count < 0 or (count and not dots)):
            raise ShapeError(f"einsum: {term!r} in {equation!r} does not fit {ndim} dimensions{in_scope()}")
        return [*before, *(f"{DOTS}{i}" for i in range(count if dots else 0, 0, -1)), *after]

    inputs = [spelled(term, x.ndim, 0) for term, x in zip(terms, operands, strict=True)]
    every = [label for labels in inputs for label in labels]
    dots = sorted({label for label in every if label[0] == DOTS}, key=lambda label: -int(label[1:]))
    if arrow:
        output = spelled(right, None, len(dots))
        for label in output:
            if output.count(label) > 1 or label not in every:
                raise ArgumentError(f"einsum: {label!r} of the result of {equation!r} must occur once{in_scope()}")
        return inputs, output
    return inputs, dots + sorted(label for label in set(every) if every.count(label) == 1 and label[0] != DOTS)


def _spelled_out(parts: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The equation of operands that stand each before a list of the numbers of its dimensions."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # in the order of the numbers: the result's, too
    pairs, last = len(parts) // 2, parts[-1] if len(parts) % 2 else None
    lists = [*parts[1 : 2 * pairs : 2], *([] if last is None else [last])]
    numbers = [n for numbers in lists for n in numbers if n is not ...]
    if bad := [n for n in numbers if not (hasattr(n, "__index__") and 0 <= n < len(letters))]:
        raise ArgumentError(f"einsum: dimensions have numbers from 0 to {len(letters) - 1}; got {bad[0]}{in_scope()}")
    terms = ["".join("..." if n is ... else letters[n] for n in numbers) for numbers in lists]
    equation = ",".join(terms[:pairs]) + ("" if last is None else f"->{terms[-1]}")
    return equation, parts[: 2 * pairs : 2]


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Einstein's summation: dimensions with one letter are multiplied together, those not in the result summed.

    In place of letters, numbers may name the dimensions: `einsum(x, [0, 1], y, [1, 2], [0, 2])`.

    Raises:
        RuntimeError: for an equation that is malformed or does not fit the operands.

    >>> import tinygrad_cnn as tg
    >>> einsum("ij,jk->ik", tg.eye(2), tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 2.],
            [3., 4.]])
    """
    if isinstance(equation, Tensor):
        equation, operands = _spelled_out((equation, *operands))
    given = operands[0] if len(operands) == 1 and isinstance(operands[0], tuple | list) else operands
    tensors = tensor_list("einsum", given)
    inputs, output = _labels(equation, tensors)
    sizes: dict[str, int] = {}
    for labels, x in zip(inputs, tensors, strict=True):
        for label, n in zip(labels, x.shape, strict=True):
            if n != 1 and sizes.setdefault(label, n) not in (1, n):
                raise ShapeError(f"einsum: {label!r} in {equation!r} has sizes {sizes[label]} and {n}{in_scope()}")
            sizes[label] = n if n != 1 else sizes.get(label, 1)

    terms = [_without_repeats(x, labels) for x, labels in zip(tensors, inputs, strict=True)]
    out, labels = terms[0]
    for i, (other, more) in enumerate(terms[1:], start=2):
        needed = {*output, *(label for _, rest in terms[i:] for label in rest)}
        out, labels = _contract(out, labels, other, more, needed)
    summed = tuple(i for i, label in enumerate(labels) if label not in output)
    if summed:
        out, labels = ops.sum_(out, dim=summed, keepdim=False), [label for label in labels if label in output]
    return out.permute([labels.index(label) for label in output]) if labels else out


def _without_repeats(x: Tensor, labels: list[str]) -> tuple[Tensor, list[str]]:
    """The diagonal where a label occurs twice."""
    labels = list(labels)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            x = x.diagonal(0, first, second)
            labels = [*(one for i, one in enumerate(labels) if i not in (first, second)), label]
    return x, labels


def _contract(x: Tensor, a: list[str], y: Tensor, b: list[str], needed: set[str]) -> tuple[Tensor, list[str]]:
    """The product of two, summed over the labels that nobody needs any more: as products of matrices."""
    for labels, others in ((a, b), (b, a)):
        alone = tuple(i for i, label in enumerate(labels) if label not in needed and label not in others)
        if alone:
            if labels is a:
                x, a = ops.sum_(x, dim=alone, keepdim=False), [one for i, one in enumerate(a) if i not in alone]
            else:
                y, b = ops.sum_(y, dim=alone, keepdim=False), [one for i, one in enumerate(b) if i not in alone]
    batch = [label for label in a if label in b and label in needed]
    inner = [label for label in a if label in b and label not in needed]
    rows, columns = [label for label in a if label not in b], [label for label in b if label not in a]
    size = {label: max(x.shape[a.index(label)], y.shape[b.index(label)]) for label in batch + inner}
    size |= {label: x.shape[a.index(label)] for label in rows} | {label: y.shape[b.index(label)] for label in columns}

    def matrices(z: Tensor, labels: list[str], left: list[str], right: list[str]) -> Tensor:
        wanted = batch + left + right
        z = z.permute([labels.index(label) for label in wanted]) if wanted else z
        z = z.expand([size[label] for label in wanted])
        shape = [prod(size[label] for label in part) for part in (batch, left, right)]
        return z.reshape(shape)

    if x.dtype != y.dtype:
        raise ShapeError(f"einsum: all operands must have one dtype; got {x.dtype} and {y.dtype}{in_scope()}")
    out = matrices(x, a, rows, inner).bmm(matrices(y, b, inner, columns))
    labels = batch + rows + columns
    return out.reshape([size[label] for label in labels]), labels


@with_out
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Σ over dimensions of both: the last `dims` of a and first of b, or two lists of them.

    >>> import tinygrad_cnn as tg
    >>> tensordot(tg.ones(2, 3), tg.ones(3, 4), dims=1).shape
    (2, 4)
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise ArgumentError(f"tensordot: dims must lie in [0, {min(a.ndim, b.ndim)}]; got {dims}{in_scope()}")
        dims = (list(range(a.ndim - dims, a.ndim)), list(range(dims)))
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    left, right = (
        [dimension("tensordot", d, a.ndim) for d in first],
        [dimension("tensordot", d, b.ndim) for d in second],
    )
    if len(left) != len(right):
        raise ShapeError(f"tensordot: {len(left)} dimensions of a and {len(right)} of b{in_scope()}")
    for i, j in zip(left, right, strict=True):
        if a.shape[i] != b.shape[j] and 1 not in (a.shape[i], b.shape[j]):
            raise ShapeError(f"tensordot: dim {i} of {tuple(a.shape)} and {j} of {tuple(b.shape)} differ{in_scope()}")
        if a.shape[i] != b.shape[j]:
            a, b = (
                ops.sum_(x, dim=(d,), keepdim=True) if n == 1 else x
                for x, d, n in ((a, i, b.shape[j]), (b, j, a.shape[i]))
            )
    kept, more = [i for i in range(a.ndim) if i not in left], [j for j in range(b.ndim) if j not in right]
    inner = prod(a.shape[i] for i in left)
    outer, beyond = [a.shape[i] for i in kept], [b.shape[j] for j in more]
    rows = a.permute(kept + left).reshape([prod(outer), inner]) if a.ndim else a.reshape([1, 1])
    columns = b.permute(right + more).reshape([inner, prod(beyond)]) if b.ndim else b.reshape([1, 1])
    return rows.mm(columns).reshape(outer + beyond)


@with_out
def chain_matmul(*matrices: Any) -> Tensor:
    """The product of several matrices, from left to right.

    >>> chain_matmul(tg.eye(2), tg.ones(2, 1), tg.full((1, 1), 3.0))
    tensor([[3.],
            [3.]])
    """
    out, *rest = tensor_list("chain_matmul", matrices)
    for x in rest:
        out = out.mm(x)
    return out


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str | None = None) -> Tensor:
    """The p-norm of the difference of each row of x1 (…, n, k) and each of x2 (…, m, k), → (…, n, m).

    >>> import tinygrad_cnn as tg
    >>> cdist(tg.tensor([[0.0, 0.0]]), tg.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(f"cdist: expects (…, n, k), (…, m, k); got {tuple(x1.shape)}, {tuple(x2.shape)}{in_scope()}")
    if p < 0:
        raise ArgumentError(f"cdist: p must not be negative; got {p}{in_scope()}")
    gaps = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    return gaps.norm(p, -1) if gaps.shape[-1] or p != inf else gaps.sum(-1)


@numpy_words
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along a dimension: x·y / (max(‖x‖, eps) · max(‖y‖, eps)).

    >>> cosine_similarity(tg.tensor([[1.0, 0.0]]), tg.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    shape = broadcast_shapes(x1.shape, x2.shape)
    x, y = x1.expand(shape), x2.expand(shape)
    lengths = [z.norm(2, dim, keepdim=True).clamp(min=eps) for z in (x, y)]
    return ((x / lengths[0]) * (y / lengths[1])).sum(dim)


__all__ = ["cdist", "chain_matmul", "cosine_similarity", "einsum", "tensordot"]
