"""PyTorch's older `autograd.profiler`: the same recording, with its own arguments."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self

from .averages import EventList, FunctionEventAvg
from .profile import profile as newer_profile
from .recorder import record_function

__all__ = ["EventList", "emit_itt", "emit_nvtx", "profile", "record_function"]


class profile(newer_profile):  # noqa: N801 - PyTorch's name
    """`tinygrad_cnn.profiler.profile`, as older programs call it.

    Args:
        enabled: False records nothing.
        use_cuda: accepted; operations are timed on whatever device they run on.
        record_shapes, with_flops, profile_memory, with_stack, with_modules: as there.
        options: others of PyTorch's, accepted.

    >>> import tinygrad_cnn as tg
    >>> with tg.autograd.profiler.profile(use_cuda=False) as p:
    ...     y = tg.ones(2).exp()
    >>> any(row.key == "exp" for row in p.key_averages())
    True
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(record_shapes=record_shapes, profile_memory=profile_memory, with_modules=with_modules)
        self.enabled = enabled

    def __enter__(self) -> Self:
        return super().__enter__() if self.enabled else self

    def __exit__(self, *error: object) -> None:
        if self.enabled:
            super().__exit__(*error)

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all operations."""
        return self.total_average().self_cpu_time_total

    def total_average(self) -> FunctionEventAvg:
        """All operations added up."""
        return self.key_averages().total_average()

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """The operations as text; see `EventList.table`."""
        return self.key_averages().table(sort_by, row_limit, **options)


def emit_nvtx(enabled: bool = True, record_shapes: bool = False) -> AbstractContextManager[None]:
    """A block without effect: nothing is told to NVIDIA's tools."""
    return nullcontext()


def emit_itt(enabled: bool = True, record_shapes: bool = False) -> AbstractContextManager[None]:
    """A block without effect: nothing is told to Intel's tools."""
    return nullcontext()
