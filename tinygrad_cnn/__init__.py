"""A tensor library with automatic differentiation, written to be read: PyTorch's names over NumPy."""

from . import autograd, nn
from .autograd import enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled
from .creation import *  # noqa: F403 - the public functions of creation, as its __all__ lists them
from .dtypes import *  # noqa: F403
from .functions import *  # noqa: F403
from .random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from .tensor import Tensor, device

__version__ = "0.1.0"
