"""The rest of the table in `op_samples.py`: convolution, pooling, normalisation, losses and dropout."""

import math
from typing import Any

import numpy as np

from tests import references as R
from tests.op_samples import softmax
from tests.samples import booleans, case, distinct, error, positive, row, some
from tinygrad_cnn import manual_seed, ops
from tinygrad_cnn.backend import convolution_window, pooling_window
from tinygrad_cnn.errors import DtypeError

# convolution and pooling ----------------------------------------------------------------------------------------------


def conv(size: tuple[int, int], stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:
    return convolution_window("conv2d", size, stride, padding, dilation, groups)


CONVOLUTIONS = (  # images, kernels, window
    ((2, 2, 4, 5), (3, 2, 3, 3), conv((3, 3))),
    ((2, 2, 5, 6), (2, 2, 3, 2), conv((3, 2), (2, 3), (1, 0))),
    ((1, 2, 6, 5), (2, 2, 2, 3), conv((2, 3), 1, "same", 2)),
    ((1, 1, 6, 7), (2, 1, 2, 2), conv((2, 2), 2, 1, (3, 2))),
    ((2, 4, 4, 4), (6, 2, 2, 2), conv((2, 2), 1, 1, 1, 2)),
    ((1, 3, 4, 4), (6, 1, 3, 3), conv((3, 3), 2, 1, 1, 3)),
    ((1, 2, 3, 3), (2, 2, 1, 1), conv((1, 1), 1, 1)),
    ((2, 2, 1, 1), (3, 2, 1, 1), conv((1, 1))),
    ((0, 2, 3, 3), (2, 2, 2, 2), conv((2, 2))),
    ((1, 9, 4, 3), (2, 9, 3, 3), conv((3, 3), 2, 1)),
)


def _output(x: tuple[int, ...], w: tuple[int, ...], window: Any) -> tuple[int, ...]:
    return (x[0], w[0], *window.output_size(x[2:]))


row(
    "conv2d",
    R.conv2d,
    *(case(some(*x), some(*w), some(w[0]), window=window) for x, w, window in CONVOLUTIONS),
    case(some(1, 2, 3, 3), some(2, 2, 2, 2), None, window=conv((2, 2))),
    errors=(
        error(
            DtypeError,
            "conv2d: all inputs must have one dtype; got x float64, w float32",
            *(some(1, 1, 2, 2), some(1, 1, 1, 1).astype("float32"), None),
            window=conv((1, 1)),
        ),
    ),
)
row(
    "conv2d_input_grad",
    R.conv2d_input_grad,
    *(case(some(*_output(x, w, window)), some(*w), shape=x, window=window) for x, w, window in CONVOLUTIONS),
    adjoint=lambda g, w, *, shape, window: ops.conv2d(g, w, None, window=window),
)
row(
    "conv2d_weight_grad",
    R.conv2d_weight_grad,
    *(case(some(*_output(x, w, window)), some(*x), window=window) for x, w, window in CONVOLUTIONS),
    adjoint=lambda g, x, *, window: ops.conv2d(x, g, None, window=window),
)


def pooled(size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False) -> Any:
    return pooling_window("max_pool2d", 2, size, stride, padding, dilation, ceil_mode)


POOLINGS = (  # images, window
    ((2, 2, 4, 4), pooled(2)),
    ((1, 2, 5, 6), pooled((3, 2), (2, 1), (1, 0))),
    ((1, 1, 6, 7), pooled(3, 2, 1, 2)),
    ((1, 2, 5, 5), pooled(2, 2, 0, 1, True)),
    ((1, 1, 6, 5), pooled((3, 2), (3, 2), 1, 1, True)),
    ((1, 1, 3, 3), pooled(3, 1, 1)),
    ((1, 1, 1, 1), pooled(1)),
    ((0, 2, 4, 4), pooled(2)),
)
row("max_pool2d", lambda x, *, window: R.max_taps(x, window)[0], *(case(distinct(*s), window=w) for s, w in POOLINGS))
TAPS = [(shape, R.max_taps(distinct(*shape), window)[1], window) for shape, window in POOLINGS]
row(
    "pool_gather",
    R.pool_gather,
    *(case(some(*shape), taps=taps, window=window) for shape, taps, window in TAPS),
    adjoint=lambda y, *, taps, window, x_shape: ops.pool_scatter(y, taps=taps, shape=x_shape, window=window),
)
row(
    "pool_scatter",
    R.pool_scatter,
    *(case(some(*taps.shape), taps=taps, shape=shape, window=window) for shape, taps, window in TAPS),
    adjoint=lambda y, *, taps, shape, window: ops.pool_gather(y, taps=taps, window=window),
)
row(
    "sum_windows",
    R.sum_windows,
    *(case(some(*shape), window=window) for shape, window in POOLINGS),
    adjoint=lambda y, *, window, x_shape: ops.spread_windows(y, shape=x_shape, window=window),
)
row(
    "spread_windows",
    R.spread_windows,
    *(case(some(*taps.shape), shape=shape, window=window) for shape, taps, window in TAPS),
    adjoint=lambda y, *, shape, window: ops.sum_windows(y, window=window),
)

row(
    "channel_sum",
    lambda x: np.array([math.fsum(np.moveaxis(x, 1, 0)[c].reshape(-1).tolist()) for c in range(x.shape[1])]),
    *(case(some(*shape)) for shape in ((2, 3, 2, 2), (4, 2), (2, 3, 5), (300, 2, 1), (0, 3, 2, 2))),
    adjoint=lambda y, *, x_shape: ops.broadcast_to(y.reshape(1, -1, *(1,) * (len(x_shape) - 2)), shape=x_shape),
)

# normalisation, losses, dropout ---------------------------------------------------------------------------------------

BATCHES = (((4, 2), 1e-5), ((2, 3, 2, 2), 0.1), ((3, 2, 2), 1e-3))
row(
    "batch_norm",
    R.batch_norm,
    *(case(some(*s), some(s[1]), some(s[1]), eps=eps) for s, eps in BATCHES),
    *(case(some(4, 2), w, b, eps=0.1) for w, b in [(None, None), (some(2), None), (None, some(2))]),
)


def _statistics(x: Any, eps: float) -> dict[str, Any]:
    """Mean and 1/√(variance + eps) per channel, as fixed parameters."""
    array = getattr(x, "array", x)
    axes = (0, *range(2, array.ndim))
    return {"mu": array.mean(axis=axes), "invstd": 1 / (array.var(axis=axes) + eps) ** 0.5, "eps": eps}


row(
    "batch_norm_input_grad",
    R.batch_norm_input_grad,
    *(case(some(*s), some(*s), some(s[1]), eps=eps) for s, eps in BATCHES),
    case(some(4, 2), some(4, 2), None, eps=0.1),
    call=lambda y, x, w, *, eps: ops.batch_norm_input_grad(y, x, w, **_statistics(x, eps)),
)
ROWS = (((4, 5), 1e-5), ((2, 3, 4), 0.1), ((3,), 1e-3), ((2, 2, 2, 3), 1e-3))
row(
    "layer_norm",
    R.layer_norm,
    *(case(some(*s), some(s[-1]), some(s[-1]), eps=eps) for s, eps in ROWS),
    *(case(some(2, 4), w, b, eps=0.1) for w, b in [(None, None), (some(4), None), (None, some(4))]),
    errors=(
        error(
            DtypeError,
            "layer_norm: all inputs must have one dtype; got x float64, w float32",
            *(some(2, 3), some(3).astype("float32"), None),
            eps=0.1,
        ),
    ),
)


def _row_statistics(x: Any, eps: float) -> dict[str, Any]:
    array = getattr(x, "array", x)
    mean, var = array.mean(axis=-1, keepdims=True), array.var(axis=-1, keepdims=True)
    return {"mu": mean, "invstd": 1 / (var + eps) ** 0.5, "eps": eps}


row(
    "layer_norm_input_grad",
    R.layer_norm_input_grad,
    *(case(some(*s), some(*s), some(s[-1]), eps=eps) for s, eps in ROWS),
    case(some(4, 2), some(4, 2), None, eps=0.1),
    call=lambda y, x, w, *, eps: ops.layer_norm_input_grad(y, x, w, **_row_statistics(x, eps)),
)
GROUPS = (((2, 4), 2, 0.1), ((2, 6, 2), 3, 1e-3), ((1, 4, 2, 3), 1, 1e-5), ((2, 2, 3), 2, 0.1))
row(
    "group_norm",
    R.group_norm,
    *(case(some(*s), some(s[1]), some(s[1]), groups=groups, eps=eps) for s, groups, eps in GROUPS),
    *(case(some(2, 4), w, b, groups=2, eps=0.1) for w, b in [(None, None), (some(4), None), (None, some(4))]),
    case(some(0, 4, 2), some(4), some(4), groups=2, eps=0.1),
)


def _group_statistics(x: Any, groups: int, eps: float) -> dict[str, Any]:
    array = getattr(x, "array", x).reshape(len(x), groups, -1)
    mean, var = array.mean(axis=-1), array.var(axis=-1)
    return {"mu": mean, "invstd": 1 / (var + eps) ** 0.5, "groups": groups, "eps": eps}


row(
    "group_norm_input_grad",
    R.group_norm_input_grad,
    *(case(some(*s), some(*s), some(s[1]), groups=groups, eps=eps) for s, groups, eps in GROUPS),
    case(some(2, 4, 2), some(2, 4, 2), None, groups=2, eps=0.1),
    call=lambda y, x, w, *, groups, eps: ops.group_norm_input_grad(y, x, w, **_group_statistics(x, groups, eps)),
)
row(
    "scale_channels",
    lambda x, w, b: np.stack([x[:, c] * w[c] + (0 if b is None else b[c]) for c in range(x.shape[1])], axis=1),
    *(case(some(*s), some(s[1]), b and some(s[1])) for s in ((4, 2), (2, 3, 2, 2), (0, 3, 2)) for b in (None, 1)),
)
row(
    "standardize_channels",
    lambda x, mu, var, w, b, *, eps: R.per_channel(
        R.per_channel(x, None, -mu), (1 if w is None else w) / np.sqrt(var + eps), b
    ),
    *(
        case(some(*s), some(s[1]), positive(s[1]), w and some(s[1]), b and some(s[1]), eps=0.1)
        for s, w, b in (((4, 2), 1, 1), ((2, 3, 2, 2), 1, None), ((0, 3, 2), None, 1), ((1, 2, 3), None, None))
    ),
)
TARGET = np.array([2, 0, 1, 2])
row(
    "cross_entropy",
    lambda x, *, target: np.mean(
        [-math.log(softmax(line.tolist())[t]) for line, t in zip(x, target, strict=True)] or [math.nan]
    ),
    case(some(4, 3), target=TARGET),
)
row(
    "softmax_cross_entropy",
    lambda x, *, target: [-math.log(softmax(line.tolist())[t]) for line, t in zip(x, target, strict=True)],
    case(some(4, 3), target=TARGET),
    case(some(0, 3), target=TARGET[:0]),
)
row(
    "softmax_cross_entropy_grad",
    lambda y, x, *, target: np.reshape(
        [
            [v * (p - (j == t)) for j, p in enumerate(softmax(line.tolist()))]
            for v, line, t in zip(np.broadcast_to(y, len(x)), x, target, strict=True)
        ],
        x.shape,
    ),
    case(some(4), some(4, 3), target=TARGET),
    case(some(), some(4, 3), target=TARGET),
    case(some(0), some(0, 3), target=TARGET[:0]),
)
row(
    "add_at_target",
    lambda x, *, target, value: [
        [v + (value if j == t else 0) for j, v in enumerate(line)] for line, t in zip(x, target, strict=True)
    ],
    case(some(4, 3), target=TARGET, value=-1),
)


def _seeded_dropout(x: Any, *, p: float, shape: tuple[int, ...]) -> Any:
    manual_seed(3)
    return ops.dropout(x, p=p, shape=shape)


# At p = 0 and p = 1 nothing is left to chance; test_random looks at what lies between.
row(
    "dropout",
    lambda x, *, p, shape: x * (1 - p),
    *(case(some(3, 4), p=p, shape=shape) for p in (0, 1) for shape in ((3, 4), (3, 1))),
    call=_seeded_dropout,
)
row(
    "apply_mask",
    lambda x, *, mask, p: R.each(lambda v, kept: 2 * v if kept else 0)(x, mask),
    *(case(some(3, 4), mask=mask, p=0.5) for mask in (booleans(3, 4), booleans(3, 1))),
    adjoint=ops.apply_mask,
)
