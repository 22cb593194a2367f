"""Convolution through compiled kernels: which kernel serves which shape."""

from ..numpy import NumpyBackend


class ConvolutionKernels(NumpyBackend):
    """The backend's convolutions."""
