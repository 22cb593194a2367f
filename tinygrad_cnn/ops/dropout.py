"""Dropout, and the fixed mask that is its derivative."""

from typing import Any

from ..autograd import op


@op(residuals=("mask",), x=lambda g, mask, p: apply_mask(g, mask=mask, p=p))
def dropout(backend: Any, x: Any, *, p: float, shape: tuple[int, ...]) -> Any:
    """Each value kept with probability 1 − p and scaled by 1/(1 − p), else 0; returns the mask too.

    `shape` is the mask's: x's own, or with 1 where neighbours are dropped together. Srivastava et al. 2014.
    """
    return backend.dropout(x, p, shape)


@op(x=lambda g, mask, p: apply_mask(g, mask=mask, p=p))
def apply_mask(backend: Any, x: Any, *, mask: Any, p: float) -> Any:
    """x / (1 − p) where the mask holds, else 0."""
    return backend.apply_mask(x, mask, p)
