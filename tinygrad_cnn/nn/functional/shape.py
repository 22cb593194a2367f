"""Padding."""

from collections.abc import Sequence

from ... import ops
from ...autograd.modes import in_scope
from ...errors import ShapeError
from ...tensor import Tensor


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """x in a frame of a constant: `pad` lists (before, after) for the last dimension, the one before it, and so on.

    Negative widths cut off. Of PyTorch's modes only "constant" is there yet.

    >>> import tinygrad_cnn as tg
    >>> pad(tg.ones(1, 2), (1, 0)).tolist()
    [[0.0, 1.0, 1.0]]
    """
    if mode != "constant":
        raise ValueError(f"pad: mode must be 'constant'; got {mode!r}{in_scope()}")
    widths = tuple(pad)
    if len(widths) % 2 or len(widths) > 2 * input.ndim:
        raise ShapeError(
            f"pad: expected two widths for each of at most {input.ndim} dimensions; got {widths}{in_scope()}"
        )
    pairs = [(widths[i], widths[i + 1]) for i in range(0, len(widths), 2)]
    pairs += [(0, 0)] * (input.ndim - len(pairs))
    pairs.reverse()
    if any(n + before + after < 0 for n, (before, after) in zip(input.shape, pairs, strict=True)):
        raise ShapeError(f"pad: widths {widths} cut off more than shape {tuple(input.shape)} holds{in_scope()}")
    return ops.pad(input, pads=tuple(pairs), value=0 if value is None else value)
