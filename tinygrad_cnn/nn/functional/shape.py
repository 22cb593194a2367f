"""Padding."""

from collections.abc import Sequence

from ... import ops
from ...autograd.modes import in_scope
from ...errors import ShapeError
from ...tensor import Tensor


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """x in a frame: `pad` lists (before, after) for the last dimension, the one before it, and so on.

    Args:
        input: the tensor.
        pad: the widths; negative ones cut off.
        mode: what the frame holds: "constant" a value, "reflect" the inside mirrored at the edge element,
            "replicate" the edge element, "circular" the other end. All but
            the first pad the last three dimensions at most.
        value: the constant, 0 by default.

    Raises:
        RuntimeError: for widths that do not fit the shape or the mode.

    >>> import tinygrad_cnn as tg
    >>> pad(tg.ones(1, 2), (1, 0)).tolist()
    [[0.0, 1.0, 1.0]]
    """
    if mode not in ("constant", "reflect", "replicate", "circular"):
        raise ValueError(
            f"pad: mode must be 'constant', 'reflect', 'replicate' or 'circular'; got {mode!r}{in_scope()}"
        )
    if mode != "constant" and value:
        raise ValueError(f"pad: only a constant frame takes a value; got mode {mode!r} and {value}{in_scope()}")
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
    if mode != "constant":
        return _from_inside(input, pairs, mode)
    return ops.pad(input, pads=tuple(pairs), value=0 if value is None else value)


def _from_inside(x: Tensor, pairs: list[tuple[int, int]], mode: str) -> Tensor:
    """Pad with elements of x itself: along each dimension, the positions where the frame's elements come from."""
    padded = [i for i, widths in enumerate(pairs) if widths != (0, 0)]
    if padded and padded[0] < x.ndim - 3:
        raise ShapeError(f"pad: mode {mode!r} pads the last 3 dimensions at most; got widths {pairs}{in_scope()}")
    for place in padded:
        n, (before, after) = x.shape[place], pairs[place]
        longest = n - 1 if mode == "reflect" else n if mode == "circular" else before + after + abs(n)
        if max(before, after) > longest or (n == 0 and max(before, after) > 0):
            raise ShapeError(
                f"pad: mode {mode!r} can't pad dim {place} of size {n} by ({before}, {after}); "
                f"at most by {max(longest, 0)}{in_scope()}"
            )
        places = x.backend.xp.arange(-before, n + after)
        if mode == "circular":  # what negative widths cut off does not come round again
            start, stop = max(-before, 0), n - max(-after, 0)
            places = start + (places - start) % max(stop - start, 1)
        elif mode == "replicate":
            places = places.clip(0, n - 1)
        else:
            places = n - 1 - abs(n - 1 - abs(places))
        x = ops.getitem(x, index=(*(slice(None),) * place, places))
    return x


__all__ = ["pad"]
