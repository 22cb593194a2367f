"""The CPU backend with kernels compiled by Numba (`pip install "tinygrad_cnn[fast]"`).

Each `*_methods.py` holds overrides of `NumpyBackend` for one kind of kernel: they check that a compiled kernel applies,
import it on first use, and leave everything else to NumPy. `compile.py` says how kernels are compiled.
"""

from ..base import Array
from ..generator import RandomGenerator
from ..numpy import NumpyBackend
from .convolution_methods import ConvolutionKernels
from .dropout_methods import DropoutKernels
from .loss_methods import LossKernels
from .memory import row_major
from .normalization_methods import NormalizationKernels
from .optimizer_methods import OptimizerKernels
from .pointwise_methods import PointwiseKernels
from .pooling_methods import PoolingKernels
from .product_methods import ProductKernels
from .recurrent_methods import RecurrentKernels
from .sum_methods import SumKernels


class NumbaBackend(
    ConvolutionKernels,
    PoolingKernels,
    NormalizationKernels,
    DropoutKernels,
    LossKernels,
    OptimizerKernels,
    PointwiseKernels,
    ProductKernels,
    RecurrentKernels,
    SumKernels,
    NumpyBackend,
):
    """NumPy arrays on the CPU, and kernels compiled by Numba.

    float32 images run through compiled kernels; what they do not cover runs as in `NumpyBackend`.
    """

    def __init__(self, rng: RandomGenerator) -> None:
        self.rng = rng

    def row_major(self, x: Array) -> Array:
        """`Backend.row_major`; channels-last images are transposed in vector registers, ten times faster."""
        return row_major(x)
