"""PyTorch's name for measuring how long code takes: `utils.benchmark`."""

from ..profiler.benchmark import Compare, Measurement, Timer

__all__ = ["Compare", "Measurement", "Timer"]
