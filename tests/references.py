"""What the operations should compute, written a second time: plain loops over Python numbers, for tiny arrays.

Nothing here is shared with the kernels: the formulas come from the definitions, one element at a time.
"""

from collections.abc import Callable
from itertools import product
from math import fsum, prod, sqrt
from typing import Any

import numpy as np

Array = Any


def each(f: Callable[..., Any], dtype: Any = float) -> Callable[..., Array]:
    """The reference of an element-by-element operation from a function of numbers."""

    def reference(*args: Any, **params: Any) -> Array:
        arrays = np.broadcast_arrays(*(np.asarray(arg) for arg in args))
        out = np.empty(arrays[0].shape, dtype=dtype)
        for i in np.ndindex(out.shape):
            out[i] = f(*(array[i].item() for array in arrays), **params)
        return out

    return reference


def over(f: Callable[..., Any], dtype: Any = float) -> Callable[..., Array]:
    """The reference of a reduction from a function of a list of numbers; `dim` may be an int, several or None."""

    def reference(x: Array, *, dim: Any, keepdim: bool = False, **params: Any) -> Array:
        dims = tuple(range(x.ndim)) if dim is None else (dim,) if isinstance(dim, int) else dim
        out = np.empty([1 if i in dims else n for i, n in enumerate(x.shape)], dtype=dtype)
        for i in np.ndindex(out.shape):
            part = x[tuple(slice(None) if d in dims else i[d] for d in range(x.ndim))]
            out[i] = f([v.item() for v in part.reshape(-1)], **params)
        return out if keepdim else out.reshape([n for i, n in enumerate(x.shape) if i not in dims])

    return reference


def along(f: Callable[..., Any]) -> Callable[..., Array]:
    """The reference of an operation that maps each line along `dim` to a line of the same length."""

    def reference(x: Array, *, dim: int, **params: Any) -> Array:
        out = np.empty(x.shape)
        for i in np.ndindex(*(1 if d == dim else n for d, n in enumerate(x.shape))):
            line = (*i[:dim], slice(None), *i[dim + 1 :])
            out[line] = f([v.item() for v in x[line]], **params)
        return out

    return reference


def variance(values: list[float], correction: float) -> float:
    mean = fsum(values) / len(values)
    return fsum((v - mean) ** 2 for v in values) / (len(values) - correction)


# moving values --------------------------------------------------------------------------------------------------------


def positions(shape: tuple[int, ...], index: Any) -> Array:
    """The number in the flattened array of every element that an index names."""
    parts = list(index) if isinstance(index, tuple) else [index]
    missing = len(shape) - sum(getattr(part, "ndim", 1) if is_mask(part) else part is not None for part in parts)
    if any(part is Ellipsis for part in parts):
        place = next(i for i, part in enumerate(parts) if part is Ellipsis)
        parts[place : place + 1] = [slice(None)] * (missing + 1)
    else:
        parts += [slice(None)] * missing
    if any(is_mask(part) for part in parts):  # one mask, in front
        chosen = [i for i in np.ndindex(parts[0].shape) if parts[0][i]]
        rest = shape[parts[0].ndim :]
        return np.array([[number(shape, (*i, *j)) for j in np.ndindex(rest)] for i in chosen], dtype=int).reshape(
            len(chosen), *rest
        )
    lists: list[Any] = []  # per dimension of the result, the positions it walks over
    sizes, dim = list(shape), 0
    arrays = [part for part in parts if isinstance(part, np.ndarray)]
    joint = np.broadcast_shapes(*(a.shape for a in arrays)) if arrays else ()
    out_shape: list[int] = []
    for part in parts:
        if part is None:
            out_shape.append(1)
            continue
        if isinstance(part, slice):
            lists.append(list(range(*part.indices(sizes[dim]))))
            out_shape.append(len(lists[-1]))
        elif isinstance(part, int):
            lists.append([part % sizes[dim]])
        else:
            if part is arrays[0]:
                out_shape += joint
            lists.append(np.broadcast_to(part, joint) % sizes[dim])
        dim += 1
    names = [i for i, part in enumerate(lists) if isinstance(part, np.ndarray)]
    free = [lists[i] for i in range(len(lists)) if i not in names]
    before = names[0] if names else len(lists)
    found = [
        number(shape, (*head, *(int(lists[i][j]) for i in names), *tail))
        for head in product(*free[:before])
        for j in np.ndindex(joint)
        for tail in product(*free[before:])
    ]
    return np.array(found, dtype=int).reshape(out_shape)


def is_mask(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype == bool


def number(shape: tuple[int, ...], place: tuple[int, ...]) -> int:
    count = 0
    for n, i in zip(shape, place, strict=True):
        count = count * n + i
    return count


def getitem(x: Array, *, index: Any) -> Array:
    where = positions(x.shape, index)
    return np.array([x.flat[p] for p in where.flat], dtype=x.dtype).reshape(where.shape)


def scatter_items(x: Array, *, shape: tuple[int, ...], index: Any) -> Array:
    out = np.zeros(shape)
    where = positions(shape, index)
    for p, v in zip(where.flat, np.broadcast_to(x, where.shape).flat, strict=True):
        out.flat[p] += v
    return out


def setitem(x: Array, values: Any, *, index: Any) -> Array:
    out = np.array(x)
    where = positions(x.shape, index)
    for p, v in zip(where.flat, np.broadcast_to(values, where.shape).flat, strict=True):
        out.flat[p] = v
    return out


def gather_along(x: Array, *, dim: int, index: Array) -> Array:
    out = np.empty(index.shape)
    for i in np.ndindex(index.shape):
        out[i] = x[(*i[:dim], index[i], *i[dim + 1 :])]
    return out


def scatter_along(x: Array, *, shape: tuple[int, ...], dim: int, index: Array) -> Array:
    out = np.zeros(shape)
    for i in np.ndindex(index.shape):
        out[(*i[:dim], index[i], *i[dim + 1 :])] += x[i]
    return out


def permute(x: Array, *, dims: tuple[int, ...]) -> Array:
    out = np.empty([x.shape[d] for d in dims], dtype=x.dtype)
    for i in np.ndindex(x.shape):
        out[tuple(i[d] for d in dims)] = x[i]
    return out


def moved(source: Callable[..., tuple[int, ...]]) -> Callable[..., Array]:
    """The reference of an operation that keeps the shape: each element comes from `source(place, shape, …)`."""

    def reference(x: Array, **params: Any) -> Array:
        out = np.empty(x.shape)
        for i in np.ndindex(x.shape):
            out[i] = x[source(i, x.shape, **params)]
        return out

    return reference


def broadcast_to(x: Array, *, shape: tuple[int, ...]) -> Array:
    out = np.empty(shape)
    for i in np.ndindex(*shape):
        out[i] = x[tuple(0 if n == 1 else j for n, j in zip(x.shape, i[len(shape) - x.ndim :], strict=True))]
    return out


def sum_to(x: Array, *, shape: tuple[int, ...]) -> Array:
    out = np.zeros(shape)
    for i in np.ndindex(x.shape):
        out[tuple(0 if n == 1 else j for n, j in zip(shape, i[x.ndim - len(shape) :], strict=True))] += x[i]
    return out


def pad(x: Array, *, pads: tuple[tuple[int, int], ...], value: float) -> Array:
    out = np.empty([n + a + b for n, (a, b) in zip(x.shape, pads, strict=True)])
    for i in np.ndindex(out.shape):
        source = tuple(j - a for j, (a, _) in zip(i, pads, strict=True))
        inside = all(0 <= j < n for j, n in zip(source, x.shape, strict=True))
        out[i] = x[source] if inside else value
    return out


# products -------------------------------------------------------------------------------------------------------------


def matmul(x: Array, y: Array) -> Array:
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x, y = np.broadcast_to(x, (*batch, *x.shape[-2:])), np.broadcast_to(y, (*batch, *y.shape[-2:]))
    out = np.zeros((*batch, x.shape[-2], y.shape[-1]))
    for i in np.ndindex(out.shape):
        out[i] = fsum(x[(*i[:-1], k)] * y[(*i[:-2], k, i[-1])] for k in range(x.shape[-1]))
    return out


def linear(x: Array, w: Array, b: Array | None) -> Array:
    out = np.zeros((*x.shape[:-1], len(w)))
    for i in np.ndindex(out.shape):
        out[i] = fsum(x[(*i[:-1], k)] * w[i[-1], k] for k in range(x.shape[-1])) + (0 if b is None else b[i[-1]])
    return out


# windows --------------------------------------------------------------------------------------------------------------


def reads(window: Any, image: tuple[int, ...]) -> Any:
    """Every (place in the output, tap, pixel) with the pixel inside the image."""
    output = window.output_size(image)
    for place in np.ndindex(*output):
        for tap in np.ndindex(*window.size):
            pixel = tuple(
                i * s + t * d - before
                for i, s, t, d, (before, _) in zip(
                    place, window.stride, tap, window.dilation, window.padding, strict=True
                )
            )
            if all(0 <= p < n for p, n in zip(pixel, image, strict=True)):
                yield place, tap, pixel


def conv_terms(window: Any, images: int, inputs: int, outputs: int, image: tuple[int, ...]) -> Any:
    """Every product of a convolution, as its places in the output, the input and the kernel."""
    per_group, outputs_per_group = inputs // window.groups, outputs // window.groups
    for place, tap, pixel in reads(window, image):
        for n, o, c in product(range(images), range(outputs), range(per_group)):
            channel = o // outputs_per_group * per_group + c
            yield (n, o, *place), (n, channel, *pixel), (o, c, *tap)


def conv2d(x: Array, w: Array, b: Array | None = None, *, window: Any) -> Array:
    out = np.zeros((len(x), len(w), *window.output_size(x.shape[2:])))
    for place, pixel, tap in conv_terms(window, len(x), x.shape[1], len(w), x.shape[2:]):
        out[place] += x[pixel] * w[tap]
    return out if b is None else out + np.array(b)[:, None, None]


def conv2d_input_grad(y: Array, w: Array, *, shape: tuple[int, ...], window: Any) -> Array:
    out = np.zeros(shape)
    for place, pixel, tap in conv_terms(window, shape[0], shape[1], len(w), shape[2:]):
        out[pixel] += y[place] * w[tap]
    return out


def conv2d_weight_grad(y: Array, x: Array, *, window: Any) -> Array:
    out = np.zeros((y.shape[1], x.shape[1] // window.groups, *window.size))
    for place, pixel, tap in conv_terms(window, len(x), x.shape[1], y.shape[1], x.shape[2:]):
        out[tap] += y[place] * x[pixel]
    return out


def max_taps(x: Array, window: Any) -> tuple[Array, Array]:
    """Maxima of the windows, and the numbers of the taps that hold them; padding is −∞, the first of equals wins."""
    shape = (*x.shape[:2], *window.output_size(x.shape[2:]))
    values, taps = np.full(shape, -np.inf), np.zeros(shape, dtype=int)
    for place, tap, pixel in reads(window, x.shape[2:]):
        for n, c in np.ndindex(x.shape[:2]):
            if x[(n, c, *pixel)] > values[(n, c, *place)]:
                values[(n, c, *place)] = x[(n, c, *pixel)]
                taps[(n, c, *place)] = number(window.size, tap)
    return values, taps


def pool_gather(x: Array, *, taps: Array, window: Any) -> Array:
    out = np.zeros(taps.shape)
    for place, tap, pixel in reads(window, x.shape[2:]):
        for n, c in np.ndindex(x.shape[:2]):
            if taps[(n, c, *place)] == number(window.size, tap):
                out[(n, c, *place)] = x[(n, c, *pixel)]
    return out


def pool_scatter(x: Array, *, taps: Array, shape: tuple[int, ...], window: Any) -> Array:
    out = np.zeros(shape)
    for place, tap, pixel in reads(window, shape[2:]):
        for n, c in np.ndindex(*shape[:2]):
            if taps[(n, c, *place)] == number(window.size, tap):
                out[(n, c, *pixel)] += x[(n, c, *place)]
    return out


def sum_windows(x: Array, *, window: Any) -> Array:
    out = np.zeros((*x.shape[:2], *window.output_size(x.shape[2:])))
    for place, _, pixel in reads(window, x.shape[2:]):
        out[(..., *place)] += x[(..., *pixel)]
    return out


def spread_windows(x: Array, *, shape: tuple[int, ...], window: Any) -> Array:
    out = np.zeros(shape)
    for place, _, pixel in reads(window, shape[2:]):
        out[(..., *pixel)] += x[(..., *place)]
    return out


# normalisation and loss -----------------------------------------------------------------------------------------------


def batch_norm(x: Array, w: Array | None, b: Array | None, *, eps: float) -> Array:
    out = np.empty(x.shape)
    for c in range(x.shape[1]):
        values = [v.item() for v in x[:, c].reshape(-1)]
        mean, spread = fsum(values) / len(values), sqrt(variance(values, 0) + eps)
        out[:, c] = (x[:, c] - mean) / spread * (1 if w is None else w[c]) + (0 if b is None else b[c])
    return out


def layer_norm(x: Array, w: Array | None, b: Array | None, *, eps: float) -> Array:
    """Each row is a channel of its own."""
    rows = x.reshape(-1, x.shape[-1])
    normal = batch_norm(rows.T, None, None, eps=eps).T.reshape(x.shape)
    return normal * (1 if w is None else w) + (0 if b is None else b)


def layer_norm_input_grad(y: Array, x: Array, w: Array | None, *, eps: float) -> Array:
    rows, v = x.reshape(-1, x.shape[-1]), (y if w is None else y * w).reshape(-1, x.shape[-1])
    return batch_norm_input_grad(v.T, rows.T, None, eps=eps).T.reshape(x.shape)


def group_norm(x: Array, w: Array | None, b: Array | None, *, groups: int, eps: float) -> Array:
    """Each group of an image is a channel of its own."""
    rows = x.reshape(x.shape[0] * groups, prod(x.shape[1:]) // groups)
    normal = batch_norm(rows.T, None, None, eps=eps).T.reshape(x.shape)
    return per_channel(normal, w, b)


def group_norm_input_grad(y: Array, x: Array, w: Array | None, *, groups: int, eps: float) -> Array:
    v, shape = per_channel(y, w, None), (x.shape[0] * groups, prod(x.shape[1:]) // groups)
    return batch_norm_input_grad(v.reshape(shape).T, x.reshape(shape).T, None, eps=eps).T.reshape(x.shape)


def per_channel(x: Array, w: Array | None, b: Array | None) -> Array:
    lines = [x[:, c] * (1 if w is None else w[c]) + (0 if b is None else b[c]) for c in range(x.shape[1])]
    return np.stack(lines, axis=1)


def batch_norm_input_grad(y: Array, x: Array, w: Array | None, *, eps: float) -> Array:
    """Σⱼ y_j · ∂out_j/∂x_i from the Jacobian of (x − μ)/σ: (δ_ij − 1/n)/σ − (x_i − μ)(x_j − μ)/(n σ³)."""
    out = np.empty(x.shape)
    for c in range(x.shape[1]):
        values = x[:, c].reshape(-1)
        count, mean = values.size, fsum(values) / values.size
        spread = sqrt(variance(list(values), 0) + eps)
        d = values - mean
        jacobian = (np.eye(count) - 1 / count) / spread - np.outer(d, d) / (count * spread**3)
        out[:, c] = (jacobian @ y[:, c].reshape(-1)).reshape(x[:, c].shape) * (1 if w is None else w[c])
    return out
