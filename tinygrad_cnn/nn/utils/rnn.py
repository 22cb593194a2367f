"""Sequences of different lengths as one tensor: padded, or packed step by step."""

import itertools
from collections.abc import Iterable
from typing import Any, NamedTuple

from ...creation import full
from ...creation import tensor as make_tensor
from ...dtypes import float32, float64, int64
from ...errors import ArgumentError
from ...functions import cat, stack
from ...tensor import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Sequences without their padding: the first steps of all, then the second steps of those that have one, and so on.

    Attributes:
        data: the steps one below the other.
        batch_sizes: how many sequences have each step (int64, on the CPU).
        sorted_indices: which sequence is at which place, the longest first; None if they came sorted.
        unsorted_indices: the inverse of it.

    >>> packed = nn.utils.rnn.pack_sequence([tg.tensor([1, 2]), tg.tensor([3])])
    >>> packed.data, packed.batch_sizes
    (tensor([1, 3, 2]), tensor([2, 1]))
    """

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> "PackedSequence":
        if batch_sizes is None:
            raise ValueError("PackedSequence: batch_sizes is missing; make one with pack_padded_sequence")
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> "PackedSequence":
        """With the data, and the indices, on another device or of another dtype."""
        device = self.data.to(*args, **kwargs).device
        indices = (None if i is None else i.to(device) for i in (self.sorted_indices, self.unsorted_indices))
        return type(self)(self.data.to(*args, **kwargs), self.batch_sizes, *indices)

    def cpu(self) -> "PackedSequence":
        """On the CPU."""
        return self.to("cpu")

    def cuda(self, *args: Any, **kwargs: Any) -> "PackedSequence":
        """On a CUDA device."""
        return self.to("cuda")

    def float(self) -> "PackedSequence":
        """In float32."""
        return self.to(float32)

    def double(self) -> "PackedSequence":
        """In float64."""
        return self.to(float64)

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a CUDA device."""
        return bool(self.data.is_cuda)

    def is_pinned(self) -> bool:
        """False: memory is not pinned here."""
        return False

    def pin_memory(self) -> "PackedSequence":
        """Itself: memory is not pinned here."""
        return self


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another, None for None.

    >>> import tinygrad_cnn as tg
    >>> invert_permutation(tg.tensor([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    return None if permutation is None else permutation.argsort()


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Padded sequences (T, N, …), or (N, T, …) if `batch_first`, without what is behind their ends.

    Args:
        input: the sequences.
        lengths: of each, at least 1.
        batch_first: whether the batch comes first.
        enforce_sorted: the longest must come first; otherwise they are sorted here, and put back by
            `pad_packed_sequence`.

    Raises:
        RuntimeError: for lengths that do not fit.

    >>> import tinygrad_cnn as tg
    >>> packed = pack_padded_sequence(tg.tensor([[1, 2, 3], [4, 0, 0]]), [3, 1], batch_first=True)
    >>> packed.data.tolist(), packed.batch_sizes.tolist()
    ([1, 4, 2, 3], [2, 1, 1])
    """
    op = "pack_padded_sequence"
    counts = [int(n) for n in (lengths.tolist() if isinstance(lengths, Tensor) else lengths)]
    order = None
    if not enforce_sorted:
        places = sorted(range(len(counts)), key=lambda i: -counts[i])
        order = make_tensor(places, dtype=int64, device=input.device)
        counts = [counts[i] for i in places]
    x = input.transpose(0, 1) if batch_first else input
    if len(counts) != x.shape[1]:
        raise ArgumentError(f"{op}: expected {x.shape[1]} lengths, one per sequence; got {len(counts)}")
    if not counts or min(counts) < 1:
        raise ArgumentError(f"{op}: lengths must be positive; got {counts}")
    if counts[0] > x.shape[0]:
        raise ArgumentError(f"{op}: a length of {counts[0]} exceeds the {x.shape[0]} steps of the input")
    if any(a < b for a, b in itertools.pairwise(counts)):
        raise ArgumentError(f"{op}: lengths must fall, the longest first; got {counts}; or pass enforce_sorted=False")
    if order is not None:
        x = x.index_select(1, order)
    sizes = [sum(n > t for n in counts) for t in range(counts[0])]
    steps = make_tensor([t for t, size in enumerate(sizes) for _ in range(size)], dtype=int64, device=input.device)
    rows = make_tensor([i for size in sizes for i in range(size)], dtype=int64, device=input.device)
    return PackedSequence(x[steps, rows], make_tensor(sizes, dtype=int64), order)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The inverse of `pack_padded_sequence`: padded sequences and their lengths.

    Args:
        sequence: the packed ones.
        batch_first: (N, T, …) instead of (T, N, …).
        padding_value: what is behind the ends.
        total_length: T, at least the longest length, which it is by default.

    Raises:
        ValueError: for a `total_length` that is too short.

    >>> pad_packed_sequence(pack_sequence([tg.tensor([1, 2]), tg.tensor([3])]), batch_first=True)
    (tensor([[1, 2],
            [3, 0]]), tensor([2, 1]))
    """
    sizes = sequence.batch_sizes.tolist()
    steps = len(sizes)
    if total_length is not None:
        if total_length < steps:
            raise ValueError(f"pad_packed_sequence: total_length {total_length} is less than the longest, {steps}")
        steps = total_length
    data, n = sequence.data, sizes[0]
    out = full((steps, n, *data.shape[1:]), padding_value, dtype=data.dtype, device=data.device)
    places = make_tensor([t * n + i for t, size in enumerate(sizes) for i in range(size)], dtype=int64)
    flat = out.reshape(steps * n, *data.shape[1:]).index_copy(0, places.to(data.device), data)
    out = flat.reshape(steps, n, *data.shape[1:])
    lengths = make_tensor([sum(size > i for size in sizes) for i in range(n)], dtype=int64)
    if sequence.unsorted_indices is not None:
        out = out.index_select(1, sequence.unsorted_indices)
        lengths = lengths.index_select(0, sequence.unsorted_indices.cpu())
    return (out.transpose(0, 1) if batch_first else out), lengths


def pad_sequence(
    sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences (Tᵢ, …) as one tensor (T, N, …), or (N, T, …) if `batch_first`, with T the longest.

    Raises:
        ValueError: for another side than "right" and "left".

    >>> import tinygrad_cnn as tg
    >>> pad_sequence([tg.tensor([1, 2]), tg.tensor([3])], batch_first=True).tolist()
    [[1, 2], [3, 0]]
    """
    if padding_side not in ("right", "left"):
        raise ValueError(f"pad_sequence: padding_side must be 'right' or 'left'; got {padding_side!r}")
    given = [sequences[i] for i in range(len(sequences))] if isinstance(sequences, Tensor) else list(sequences)
    if not given or not all(isinstance(part, Tensor) for part in given):
        raise ArgumentError("pad_sequence: expected one or more tensors")
    longest = max(part.shape[0] for part in given)
    rows = []
    for part in given:
        missing = longest - part.shape[0]
        if missing:
            frame = full((missing, *part.shape[1:]), padding_value, dtype=part.dtype, device=part.device)
            part = cat([part, frame] if padding_side == "right" else [frame, part])
        rows.append(part)
    return stack(rows, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The inverse of `pad_sequence`: a list of tensors of these lengths.

    >>> unpad_sequence(tg.tensor([[1, 2], [3, 0]]), tg.tensor([2, 1]), batch_first=True)
    [tensor([1, 2]), tensor([3])]
    """
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[: int(n)] for row, n in zip(rows, lengths.tolist(), strict=True)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """`pack_padded_sequence` of sequences (Tᵢ, …) that are not padded.

    >>> pack_sequence([tg.tensor([1, 2]), tg.tensor([3])]).data
    tensor([1, 3, 2])
    """
    lengths = [part.shape[0] for part in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The inverse of `pack_sequence`.

    >>> unpack_sequence(pack_sequence([tg.tensor([1, 2]), tg.tensor([3])]))
    [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
