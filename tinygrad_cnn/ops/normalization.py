"""Batch normalisation and its derivative; a factor and an offset per channel.

With x̂ = (x − mean) / √(variance + eps) over the batch and space of a channel, the derivative in x is s·w·P(g), where
P(v) = v − mean(v) − x̂·mean(v·x̂) takes out what normalisation cannot pass on.
"""

from typing import Any

from ..autograd import op
from .exponential import rsqrt
from .reductions import channel_sum, mean, var
from .shape import reshape


def _axes(x: Any) -> tuple[int, ...]:
    return (0, *range(2, len(x.shape)))


def _per_channel(values: Any, x: Any) -> Any:
    return reshape(values, shape=(1, -1, *(1,) * (len(x.shape) - 2)))


def _average(v: Any) -> Any:
    return mean(v, dim=_axes(v), keepdim=True)


def _normalized(x: Any, eps: float) -> tuple[Any, Any]:
    """x̂ and s = 1/√(variance + eps), as formulas that can be differentiated."""
    s = rsqrt(var(x, dim=_axes(x), correction=0, keepdim=True) + eps)
    return (x - _average(x)) * s, s


def _project(v: Any, normal: Any) -> Any:
    """P(v) = v − mean(v) − x̂·mean(v·x̂)"""
    return v - _average(v) - normal * _average(v * normal)


def _scaled(v: Any, w: Any) -> Any:
    return v if w is None else v * _per_channel(w, v)


def _all_gradients(g: Any, x: Any, w: Any, mu: Any, invstd: Any, eps: float) -> tuple[Any, Any, Any]:
    x_grad, (w_grad, b_grad) = batch_norm_input_grad.with_residuals(g, x, w, mu=mu, invstd=invstd, eps=eps)
    if hasattr(g, "__apply_op__"):
        # The kernel's two sums are plain arrays; to be differentiated again they must be operations.
        w_grad, b_grad = channel_sum(g * _normalized(x, eps)[0]), channel_sum(g)
    return x_grad, w_grad, b_grad


@op(dtypes="equal", residuals=("mu", "invstd"), joint=_all_gradients)
def batch_norm(backend: Any, x: Any, w: Any, b: Any, *, eps: float) -> Any:
    """x̂·w + b with this batch's statistics, which are returned too: mean μ and 1/√(variance + eps), per channel.

    x (N, C, …); w and b (C), or None. Ioffe & Szegedy 2015.
    """
    return backend.batch_norm(x, w, b, eps)


def _second_x_grad(g: Any, y: Any, x: Any, w: Any, eps: float) -> Any:
    normal, s = _normalized(x, eps)
    along_g, along_y = _average(g * normal), _average(y * normal)
    shrink = normal * _average(g * _project(y, normal))  # from s, which falls as x spreads
    return _scaled(-s * s * (_project(g * along_y + y * along_g, normal) + shrink), w)


def _second_w_grad(g: Any, y: Any, x: Any, eps: float) -> Any:
    normal, s = _normalized(x, eps)
    return channel_sum(g * s * _project(y, normal))


@op(
    residuals=("w_grad", "b_grad"),
    y=lambda g, x, w, mu, invstd, eps: batch_norm_input_grad(g, x, w, mu=mu, invstd=invstd, eps=eps),
    x=_second_x_grad,
    w=_second_w_grad,
)
def batch_norm_input_grad(backend: Any, y: Any, x: Any, w: Any, *, mu: Any, invstd: Any, eps: float) -> Any:
    """s·w·P(y), the gradient in x when y is the output's; returned beside it: those in w, Σ y·x̂, and b, Σ y."""
    return backend.batch_norm_input_grad(y, x, w, mu, invstd)


@op(
    dtypes="promote",
    x=lambda g, w: scale_channels(g, w, None),
    w=lambda g, x: channel_sum(g * x),
    b=lambda g: channel_sum(g),
)
def scale_channels(backend: Any, x: Any, w: Any, b: Any) -> Any:
    """x·w + b with a value per channel: x (N, C, …), w and b (C); b may be None."""
    return backend.scale_channels(x, w, b)
