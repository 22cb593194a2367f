"""Normalisation and its derivatives, plainly, for any array library: the reference for compiled ones."""

from math import prod
from typing import Any

Array = Any


class NormalizationKernels:
    """What a backend computes from means and variances, in few passes where it can."""

    xp: Any
    joins_relu = False  # whether the two kernels with ReLU make fewer passes than their parts

    def relu(self, x: Array) -> Array:
        """max(x, 0)"""
        raise NotImplementedError

    def relu_grad(self, g: Array, out: Array) -> Array:
        """g where out > 0, else 0."""
        raise NotImplementedError

    def batch_norm(self, x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
        """Normalise each channel over batch and space; the result, and mean and 1/√(variance + eps) per channel."""
        axes = (0, *range(2, x.ndim))
        mean = self.xp.mean(x, axis=axes, dtype=x.dtype)
        invstd = 1 / self.xp.sqrt(self.xp.var(x, axis=axes, dtype=x.dtype) + eps)
        out = (x - per_channel(mean, x)) * per_channel(invstd if weight is None else invstd * weight, x)
        return out if bias is None else out + per_channel(bias, x), mean, invstd

    def batch_norm_input_grad(
        self, g: Array, x: Array, weight: Array | None, mean: Array, invstd: Array
    ) -> tuple[Array, Array, Array]:
        """Gradients of `batch_norm` for x, weight and bias, from the statistics of the forward pass."""
        axes, count = (0, *range(2, x.ndim)), max(x.size // max(x.shape[1], 1), 1)
        normal = (x - per_channel(mean, x)) * per_channel(invstd, x)
        bias_grad = self.xp.sum(g, axis=axes)
        weight_grad = self.xp.sum(g * normal, axis=axes)
        scale = invstd if weight is None else invstd * weight
        x_grad = per_channel(scale, x) * (
            g - per_channel(bias_grad / count, x) - normal * per_channel(weight_grad / count, x)
        )
        return x_grad, weight_grad, bias_grad

    def batch_norm_relu(
        self, x: Array, weight: Array | None, bias: Array | None, eps: float
    ) -> tuple[Array, Array, Array]:
        """`batch_norm` whose result goes through `relu`."""
        out, mean, invstd = self.batch_norm(x, weight, bias, eps)
        return self.relu(out), mean, invstd

    def batch_norm_relu_input_grad(
        self, g: Array, out: Array, x: Array, weight: Array | None, mean: Array, invstd: Array
    ) -> tuple[Array, Array, Array]:
        """Gradients of `batch_norm_relu`, whose result was `out`, for x, weight and bias."""
        return self.batch_norm_input_grad(self.relu_grad(g, out), x, weight, mean, invstd)

    def update_running_statistics(
        self,
        running_mean: Array,
        running_var: Array,
        mean: Array,
        invstd: Array,
        *,
        momentum: float,
        eps: float,
        count: int,
    ) -> None:
        """Move running statistics in place towards those that `batch_norm` returned for `count` values per channel.

        running ← (1 − momentum) · running + momentum · batch, the variance as Σ (x − mean)² / (count − 1).
        """
        variance = (1 / (invstd * invstd) - eps) * (count / (count - 1))
        for running, batch in ((running_mean, mean), (running_var, variance)):
            running[...] = (1 - momentum) * running + momentum * batch

    def scale_channels(self, x: Array, w: Array, b: Array | None) -> Array:
        """x·w + b with a value per channel."""
        out = x * per_channel(w, x)
        return out if b is None else out + per_channel(b, x)

    def layer_norm(self, x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
        """Normalise each row (…, D); the result, and mean and 1/√(variance + eps) per row (…, 1)."""
        mean = self._row_mean(x)
        centred = x - mean
        invstd = 1 / self.xp.sqrt(self._row_mean(centred * centred) + eps)
        out = centred * invstd
        out = out if weight is None else out * weight
        return out if bias is None else out + bias, mean, invstd

    def layer_norm_input_grad(
        self, g: Array, x: Array, weight: Array | None, mean: Array, invstd: Array
    ) -> tuple[Array, Array, Array]:
        """Gradients of `layer_norm` for x, weight and bias, from the statistics of the forward pass."""
        normal, rows = (x - mean) * invstd, tuple(range(x.ndim - 1))
        weight_grad, bias_grad = (self.xp.sum(v, axis=rows, dtype=x.dtype) for v in (g * normal, g))
        v = g if weight is None else g * weight
        x_grad = invstd * (v - self._row_mean(v) - normal * self._row_mean(v * normal))
        return x_grad, weight_grad, bias_grad

    def group_norm(
        self, x: Array, weight: Array | None, bias: Array | None, groups: int, eps: float
    ) -> tuple[Array, Array, Array]:
        """Normalise each group of channels of each image; the result, and mean and 1/√(variance + eps), (N, groups)."""
        normal, mean, invstd = self.layer_norm(_groups(x, groups), None, None, eps)
        out = normal.reshape(x.shape)
        out = out if weight is None else out * per_channel(weight, x)
        return out if bias is None else out + per_channel(bias, x), mean[..., 0], invstd[..., 0]

    def group_norm_input_grad(
        self, g: Array, x: Array, weight: Array | None, mean: Array, invstd: Array
    ) -> tuple[Array, Array, Array]:
        """Gradients of `group_norm` for x, weight and bias, from the statistics of the forward pass."""
        groups, statistics = mean.shape[1], (mean[..., None], invstd[..., None])
        rows, axes = _groups(x, groups), (0, *range(2, x.ndim))
        v = g if weight is None else g * per_channel(weight, g)
        x_grad = self.layer_norm_input_grad(_groups(v, groups), rows, None, *statistics)[0]
        normal = ((rows - statistics[0]) * statistics[1]).reshape(x.shape)
        weight_grad, bias_grad = (self.xp.sum(v, axis=axes, dtype=x.dtype) for v in (g * normal, g))
        return x_grad.reshape(x.shape), weight_grad, bias_grad

    def _row_mean(self, x: Array) -> Array:
        return self.xp.sum(x, axis=-1, keepdims=True, dtype=x.dtype) / max(x.shape[-1], 1)


def _groups(x: Array, groups: int) -> Array:
    """(N, C, …) → (N, groups, values of a group)"""
    return x.reshape(x.shape[0], groups, prod(x.shape[1:]) // groups)


def per_channel(values: Array, x: Array) -> Array:
    """One value per channel, shaped to meet images (N, C, *image)."""
    return values.reshape(1, -1, *(1,) * (x.ndim - 2))
