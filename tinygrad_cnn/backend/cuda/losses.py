"""Losses, dropout and activation functions on CUDA, each in one pass over memory."""

from functools import partial
from typing import Any

import cupy
import numpy as np

from ..base import Backend
from ..window import Ints
from .array import for_large
from .generator import PhiloxGenerator, word_limit
from .kernels import computing_type, launch, packs, threads_for, type_name
from .memory import Lines, contiguous, empty
from .pooling import FLOATS


def _alike(name: str, x: Any, y: Any) -> Any:
    """x ∘ y for large arrays of one shape and dtype, which is bound by memory: 16 bytes at a time."""
    lines = Lines(x, y)
    out = lines.empty(x.dtype)
    number = computing_type(x.dtype)(0)
    launch("pointwise", name, type_name(x.dtype), packs(x), *lines.arrays, out, x.size, number)
    return lines.seen(out)


for_large.update(add=partial(_alike, "plus"), multiply=partial(_alike, "times"))


class Losses(Backend):
    """What the reference does in several passes with an array for each."""

    rng: PhiloxGenerator

    def softmax_cross_entropy(self, x: Any, target: Any) -> Any:
        """`Backend.softmax_cross_entropy`."""
        if x.dtype not in FLOATS or not x.size:
            return super().softmax_cross_entropy(x, target)
        rows, classes = x.shape
        out, labels = empty((rows,), x.dtype), contiguous(target.astype(np.int64, copy=False))
        sizes = (np.uint32(rows), np.uint32(classes))
        arguments = (contiguous(x), labels, out, *sizes)
        launch("losses", "cross_entropy", type_name(x.dtype), rows, *arguments, threads=threads_for(classes))
        return out

    def softmax_cross_entropy_grad(self, g: Any, x: Any, target: Any) -> Any:
        """`Backend.softmax_cross_entropy_grad`."""
        if x.dtype not in FLOATS or g.dtype != x.dtype or not x.size:
            return super().softmax_cross_entropy_grad(g, x, target)
        rows, classes = x.shape
        g = g if g.ndim else self.xp.broadcast_to(g, (rows,))
        out, labels = empty(x.shape, x.dtype), contiguous(target.astype(np.int64, copy=False))
        sizes = (np.uint32(rows), np.uint32(classes))
        arguments = (contiguous(g), contiguous(x), labels, out, *sizes)
        launch("losses", "cross_entropy_grad", type_name(x.dtype), rows, *arguments, threads=threads_for(classes))
        return out

    # dropout ----------------------------------------------------------------------------------------------------------

    def dropout_mask(self, x: Any, p: float, shape: Ints) -> Any:
        """`Backend.dropout_mask`, in the memory order of x."""
        if shape != x.shape:
            return super().dropout_mask(x, p, shape)
        lines = Lines(x)
        return lines.seen(self.rng.bernoulli(lines.arrays[0].shape, 1 - p))

    def dropout(self, x: Any, p: float, shape: Ints) -> tuple[Any, Any]:
        """`Backend.dropout` in one pass, in the memory order of x."""
        if shape != x.shape or x.dtype not in FLOATS or not x.size:
            return super().dropout(x, p, shape)
        lines, rng = Lines(x), self.rng
        out, mask, blocks = lines.empty(x.dtype), lines.empty(np.dtype(bool)), -(-x.size // 4)
        scale = computing_type(x.dtype)(1 / (1 - p) if p < 1 else 0)
        numbers = (x.size, np.uint64(word_limit(1 - p)), scale)
        arguments = (*lines.arrays, out, mask, *numbers, rng.position())
        launch("dropout", "dropout", type_name(x.dtype), blocks, *arguments)
        rng.advance(blocks)
        return lines.seen(out), lines.seen(mask)

    def apply_mask(self, x: Any, mask: Any, p: float) -> Any:
        """`Backend.apply_mask` in one pass, in the memory order of the mask."""
        if mask.shape != x.shape or mask.dtype.kind != "b" or x.dtype not in FLOATS:
            return super().apply_mask(x, mask, p)
        lines = Lines(mask, x)
        out, scale = lines.empty(x.dtype), computing_type(x.dtype)(1 / (1 - p) if p < 1 else 0)
        arguments = (lines.arrays[1], lines.arrays[0], out, x.size, scale)
        launch("dropout", "apply_mask", type_name(x.dtype), -(-x.size // 4), *arguments)
        return lines.seen(out)

    # activation functions ---------------------------------------------------------------------------------------------

    def _pointwise(self, name: str, parameter: float, *arrays: Any) -> Any:
        """A function of `source/pointwise.cu`, or the reference for what it does not know."""
        first = arrays[0]
        if first.dtype not in FLOATS or any(a.dtype != first.dtype or a.shape != first.shape for a in arrays):
            return None
        lines = Lines(*arrays[::-1])  # x or out decides, as it lies like what comes next
        out, number = lines.empty(first.dtype), computing_type(first.dtype)(parameter)
        launch("pointwise", name, type_name(first.dtype), packs(first), *lines.arrays[::-1], out, first.size, number)
        return lines.seen(out)

    def relu(self, x: Any) -> Any:
        """`Backend.relu`."""
        made = self._pointwise("relu", 0, x)
        return super().relu(x) if made is None else made

    def relu_grad(self, g: Any, out: Any) -> Any:
        """`Backend.relu_grad`."""
        made = self._pointwise("relu_grad", 0, g, out)
        return super().relu_grad(g, out) if made is None else made

    def add_relu(self, x: Any, y: Any) -> Any:
        """`Backend.add_relu` in one pass, for arrays of one shape and dtype."""
        alike = isinstance(x, cupy.ndarray) and isinstance(y, cupy.ndarray)
        made = self._pointwise("plus_relu", 0, y, x) if alike else None
        return super().add_relu(x, y) if made is None else made

    def leaky_relu(self, x: Any, slope: float) -> Any:
        """`Backend.leaky_relu`."""
        made = self._pointwise("leaky_relu", slope, x)
        return super().leaky_relu(x, slope) if made is None else made

    def leaky_relu_grad(self, g: Any, x: Any, slope: float) -> Any:
        """`Backend.leaky_relu_grad`."""
        made = self._pointwise("leaky_relu_grad", slope, g, x)
        return super().leaky_relu_grad(g, x, slope) if made is None else made

    def elu(self, x: Any, alpha: float) -> Any:
        """`Backend.elu`."""
        made = self._pointwise("elu", alpha, x)
        return super().elu(x, alpha) if made is None else made

    def elu_grad(self, g: Any, x: Any, alpha: float) -> Any:
        """`Backend.elu_grad`."""
        made = self._pointwise("elu_grad", alpha, g, x)
        return super().elu_grad(g, x, alpha) if made is None else made

    def sigmoid(self, x: Any) -> Any:
        """`Backend.sigmoid`."""
        made = self._pointwise("sigmoid", 0, x)
        return super().sigmoid(x) if made is None else made

    def sigmoid_grad(self, g: Any, out: Any) -> Any:
        """`Backend.sigmoid_grad`."""
        made = self._pointwise("sigmoid_grad", 0, g, out)
        return super().sigmoid_grad(g, out) if made is None else made

    def tanh_grad(self, g: Any, out: Any) -> Any:
        """`Backend.tanh_grad`."""
        made = self._pointwise("tanh_grad", 0, g, out)
        return super().tanh_grad(g, out) if made is None else made

    def silu(self, x: Any) -> Any:
        """`Backend.silu`."""
        made = self._pointwise("silu", 0, x)
        return super().silu(x) if made is None else made

    def silu_grad(self, g: Any, x: Any) -> Any:
        """`Backend.silu_grad`."""
        made = self._pointwise("silu_grad", 0, g, x)
        return super().silu_grad(g, x) if made is None else made

    def softplus(self, x: Any, beta: float) -> Any:
        """`Backend.softplus`."""
        made = self._pointwise("softplus", beta, x)
        return super().softplus(x, beta) if made is None else made
