"""Matrix products."""

from typing import Any

from ..autograd import op
from ..autograd.widened import summed_to
from .reductions import channel_sum


@op(
    dtypes="equal",
    x=lambda g, y, x_shape: summed_to(matmul(g, y.mT), x_shape),
    y=lambda g, x, y_shape: summed_to(matmul(x.mT, g), y_shape),
)
def matmul(backend: Any, x: Any, y: Any) -> Any:
    """Matrix products of the last two dimensions, (…, n, k) @ (…, k, m) → (…, n, m); those before broadcast."""
    return backend.matmul(x, y)


def _rows(x: Any) -> Any:
    """(…, n) → (rows, n), for empty batches too."""
    if x.ndim == 2:
        return x
    count = 1
    for n in x.shape[:-1]:
        count *= n
    return x.reshape((count, x.shape[-1]))


def _unfolded(rows: Any, shape: tuple[int, ...]) -> Any:
    """The inverse of `_rows`."""
    return rows if len(shape) == 2 else rows.reshape(shape)


@op(
    dtypes="equal",
    x=lambda g, w, x_shape: _unfolded(matmul(_rows(g), w), x_shape),
    w=lambda g, x: matmul(_rows(g).mT, _rows(x)),
    b=lambda g: channel_sum(_rows(g)),
)
def linear(backend: Any, x: Any, w: Any, b: Any) -> Any:
    """x wᵀ + b: (…, in), (out, in), (out) → (…, out); b may be None."""
    return backend.linear(x, w, b)
