"""Normalisation of channels, rows and groups, and its derivative; a factor and an offset per channel.

With x̂ = s·(x − mean) and s = 1/√(variance + eps), taken over the same dimensions, the derivative of x̂ is v ↦ s·P(v),
where P(v) = v − mean(v) − x̂·mean(v·x̂) takes out what normalisation cannot pass on. P is its own adjoint.
"""

from math import prod
from typing import Any

from ..autograd import op, sum_to
from .exponential import rsqrt
from .reductions import channel_sum, mean, var
from .shape import reshape

Dims = tuple[int, ...]

ROW: Dims = (-1,)


def _channel(x: Any) -> Dims:
    """The dimensions that a channel extends over."""
    return (0, *range(2, len(x.shape)))


def _per_channel(values: Any, x: Any) -> Any:
    return reshape(values, shape=(1, -1, *(1,) * (len(x.shape) - 2)))


def _average(v: Any, dims: Dims) -> Any:
    return mean(v, dim=dims, keepdim=True)


def _normalized(x: Any, dims: Dims, eps: float) -> tuple[Any, Any]:
    """x̂ and s, as formulas that can be differentiated."""
    s = rsqrt(var(x, dim=dims, correction=0, keepdim=True) + eps)
    return (x - _average(x, dims)) * s, s


def _project(v: Any, normal: Any, dims: Dims) -> Any:
    """P(v) = v − mean(v) − x̂·mean(v·x̂)"""
    return v - _average(v, dims) - normal * _average(v * normal, dims)


def _bend(g: Any, v: Any, x: Any, dims: Dims, eps: float) -> Any:
    """The gradient in x of ⟨g, s·P(v)⟩."""
    normal, s = _normalized(x, dims, eps)
    along_g, along_v = _average(g * normal, dims), _average(v * normal, dims)
    shrink = normal * _average(g * _project(v, normal, dims), dims)  # from s, which falls as x spreads
    return -s * s * (_project(g * along_v + v * along_g, normal, dims) + shrink)


# channels -------------------------------------------------------------------------------------------------------------


def _channel_gradients(g: Any, x: Any, w: Any, mu: Any, invstd: Any, eps: float) -> tuple[Any, Any, Any]:
    x_grad, (w_grad, b_grad) = batch_norm_input_grad.with_residuals(g, x, w, mu=mu, invstd=invstd, eps=eps)
    if hasattr(g, "__apply_op__"):
        # The kernel's two sums are plain arrays; to be differentiated again they must be operations.
        w_grad, b_grad = channel_sum(g * _normalized(x, _channel(x), eps)[0]), channel_sum(g)
    return x_grad, w_grad, b_grad


@op(dtypes="equal", residuals=("mu", "invstd"), joint=_channel_gradients)
def batch_norm(backend: Any, x: Any, w: Any, b: Any, *, eps: float) -> Any:
    """x̂·w + b with this batch's statistics, which are returned too: mean μ and 1/√(variance + eps), per channel.

    x (N, C, …); w and b (C), or None. Ioffe & Szegedy 2015.
    """
    return backend.batch_norm(x, w, b, eps)


def _second_w_grad(g: Any, y: Any, x: Any, eps: float) -> Any:
    normal, s = _normalized(x, _channel(x), eps)
    return channel_sum(g * s * _project(y, normal, _channel(x)))


@op(
    residuals=("w_grad", "b_grad"),
    y=lambda g, x, w, mu, invstd, eps: batch_norm_input_grad(g, x, w, mu=mu, invstd=invstd, eps=eps),
    x=lambda g, y, x, w, eps: _bend(g, y if w is None else y * _per_channel(w, y), x, _channel(x), eps),
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


def _factor(var: Any, w: Any, eps: float) -> Any:
    return rsqrt(var + eps) if w is None else rsqrt(var + eps) * w


@op(
    dtypes="promote",
    x=lambda g, var, w, eps: scale_channels(g, _factor(var, w, eps), None),
    mu=lambda g, var, w, eps: -channel_sum(g) * _factor(var, w, eps),
    var=lambda g, x, mu, var, w, eps: (
        channel_sum(g * (x - _per_channel(mu, x))) * _factor(var, w, eps) / (-2 * (var + eps))
    ),
    w=lambda g, x, mu, var, eps: channel_sum(g * (x - _per_channel(mu, x))) * rsqrt(var + eps),
    b=lambda g: channel_sum(g),
)
def standardize_channels(backend: Any, x: Any, mu: Any, var: Any, w: Any, b: Any, *, eps: float) -> Any:
    """(x − μ) / √(variance + eps) · w + b with given statistics: x (N, C, …), all others (C), w and b or None."""
    with backend.quiet():
        scale = 1 / backend.xp.sqrt(var + eps)
    if w is not None:
        scale = scale * w
    shift = -mu * scale if b is None else b - mu * scale
    return backend.scale_channels(x, scale, shift)


# rows -----------------------------------------------------------------------------------------------------------------


def _row_gradients(g: Any, x: Any, w: Any, mu: Any, invstd: Any, eps: float) -> tuple[Any, Any, Any]:
    x_grad, (w_grad, b_grad) = layer_norm_input_grad.with_residuals(g, x, w, mu=mu, invstd=invstd, eps=eps)
    if hasattr(g, "__apply_op__"):
        row = tuple(x.shape[-1:])
        w_grad, b_grad = sum_to(g * _normalized(x, ROW, eps)[0], shape=row), sum_to(g, shape=row)
    return x_grad, w_grad, b_grad


@op(dtypes="equal", residuals=("mu", "invstd"), joint=_row_gradients)
def layer_norm(backend: Any, x: Any, w: Any, b: Any, *, eps: float) -> Any:
    """x̂·w + b with the statistics of each row, which are returned too: mean μ and 1/√(variance + eps), (…, 1).

    x (…, D); w and b (D), or None. Ba, Kiros & Hinton 2016.
    """
    return backend.layer_norm(x, w, b, eps)


def _second_y_grad(g: Any, x: Any, w: Any, mu: Any, invstd: Any, eps: float) -> Any:
    passed = layer_norm_input_grad(g, x, None, mu=mu, invstd=invstd, eps=eps)
    return passed if w is None else passed * w


@op(
    residuals=("w_grad", "b_grad"),
    y=_second_y_grad,
    x=lambda g, y, x, w, eps: _bend(g, y if w is None else y * w, x, ROW, eps),
    w=lambda g, y, x, mu, invstd, eps, w_shape: sum_to(
        y * layer_norm_input_grad(g, x, None, mu=mu, invstd=invstd, eps=eps), shape=w_shape
    ),
)
def layer_norm_input_grad(backend: Any, y: Any, x: Any, w: Any, *, mu: Any, invstd: Any, eps: float) -> Any:
    """s·P(y·w), the gradient in x when y is the output's; returned beside it: those in w, Σ y·x̂, and b, Σ y."""
    return backend.layer_norm_input_grad(y, x, w, mu, invstd)


# groups ---------------------------------------------------------------------------------------------------------------


def _groups(x: Any, groups: int) -> Any:
    """(N, C, …) → (N, groups, values of a group), which are its rows."""
    n, size = x.shape[0], prod(x.shape[1:])
    return reshape(x, shape=(n, groups, size // groups))


def _group_gradients(g: Any, x: Any, w: Any, mu: Any, invstd: Any, groups: int, eps: float) -> tuple[Any, Any, Any]:
    fixed = {"mu": mu, "invstd": invstd, "groups": groups, "eps": eps}
    x_grad, (w_grad, b_grad) = group_norm_input_grad.with_residuals(g, x, w, **fixed)
    if hasattr(g, "__apply_op__"):
        normal = reshape(_normalized(_groups(x, groups), ROW, eps)[0], shape=tuple(x.shape))
        w_grad, b_grad = channel_sum(g * normal), channel_sum(g)
    return x_grad, w_grad, b_grad


@op(dtypes="equal", residuals=("mu", "invstd"), joint=_group_gradients)
def group_norm(backend: Any, x: Any, w: Any, b: Any, *, groups: int, eps: float) -> Any:
    """x̂·w + b with the statistics of each group of channels, returned too: mean μ and 1/√(variance + eps), (N, groups).

    x (N, C, …); w and b (C), or None. Wu & He 2018.
    """
    return backend.group_norm(x, w, b, groups, eps)


def _group_y_grad(g: Any, x: Any, w: Any, mu: Any, invstd: Any, groups: int, eps: float) -> Any:
    passed = group_norm_input_grad(g, x, None, mu=mu, invstd=invstd, groups=groups, eps=eps)
    return passed if w is None else passed * _per_channel(w, x)


def _group_x_grad(g: Any, y: Any, x: Any, w: Any, groups: int, eps: float) -> Any:
    v = y if w is None else y * _per_channel(w, y)
    bent = _bend(_groups(g, groups), _groups(v, groups), _groups(x, groups), ROW, eps)
    return reshape(bent, shape=tuple(x.shape))


@op(
    residuals=("w_grad", "b_grad"),
    y=_group_y_grad,
    x=_group_x_grad,
    w=lambda g, y, x, mu, invstd, groups, eps: channel_sum(
        y * group_norm_input_grad(g, x, None, mu=mu, invstd=invstd, groups=groups, eps=eps)
    ),
)
def group_norm_input_grad(
    backend: Any, y: Any, x: Any, w: Any, *, mu: Any, invstd: Any, groups: int, eps: float
) -> Any:
    """s·P(y·w), the gradient in x when y is the output's; returned beside it: those in w, Σ y·x̂, and b, Σ y."""
    return backend.group_norm_input_grad(y, x, w, mu, invstd)
