"""PyTorch's file of the sampler that divides a data set among processes."""

from ...data import DistributedSampler

__all__ = ["DistributedSampler"]
