"""Settings that hold until they are set again, or for a `with` block."""

from typing import ClassVar, Self


class Switch:
    """A setting: made with a value it holds from then on, as a context manager it ends with the block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._restore()

    def _restore(self) -> None:
        raise NotImplementedError


class winograd(Switch):  # noqa: N801 - used like a function
    """Allow or forbid Winograd's algorithm in compiled 3×3 convolutions; it is allowed from the start.

    It needs a quarter of the multiplications, and its rounding errors are a few times larger: up to 4 · 10⁻⁶ of the
    largest result with 512 channels, where direct sums have 10⁻⁶.

    >>> with winograd(False):
    ...     winograd.allowed
    False
    """

    allowed: ClassVar[bool] = True

    def __init__(self, mode: bool) -> None:
        self._before, winograd.allowed = winograd.allowed, bool(mode)

    def _restore(self) -> None:
        winograd.allowed = self._before


class CudnnSwitches:
    """How convolutions on CUDA are made; `tinygrad_cnn.backends.cudnn` hands these out.

    Attributes:
        enabled: whether cuDNN is used where it is installed.
        benchmark: whether its algorithms are timed for each new shape.
        benchmark_limit: how many of them, at most.
        deterministic: whether only those are taken whose results are the same from run to run.
        allow_tf32: whether float32 is multiplied with 10 bits of mantissa.
    """

    enabled: bool = True
    benchmark: bool = False
    benchmark_limit: int = 10
    deterministic: bool = False
    allow_tf32: bool = True


class CudaSwitches:
    """How matrix products on CUDA are made; `tinygrad_cnn.backends.cuda.matmul` is this object.

    Attributes:
        allow_tf32: whether float32 is multiplied with 10 bits of mantissa.
        allow_fp16_reduced_precision_reduction: accepted; sums are always in float32.
        allow_bf16_reduced_precision_reduction: accepted; sums are always in float32.
    """

    allow_tf32: bool = False
    allow_fp16_reduced_precision_reduction: bool = True
    allow_bf16_reduced_precision_reduction: bool = True


cudnn_switches = CudnnSwitches()
cuda_switches = CudaSwitches()
