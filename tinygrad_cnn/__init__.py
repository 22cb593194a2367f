"""A tensor library with automatic differentiation, written to be read: PyTorch's names over NumPy."""

from math import inf, nan, pi

from . import autograd, backends, creation, cuda, func, functions, hub, interop, linalg, nn, optim, profiler, utils, viz
from .autograd import enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled
from .backend import (
    are_deterministic_algorithms_enabled,
    get_deterministic_debug_mode,
    get_num_interop_threads,
    get_num_threads,
    is_deterministic_algorithms_warn_only_enabled,
    set_deterministic_debug_mode,
    set_num_interop_threads,
    set_num_threads,
    use_deterministic_algorithms,
)
from .compiler import compile
from .creation import *  # noqa: F403 - its __all__ lists the public functions, and so does that of functions
from .dtypes import bool_ as bool
from .dtypes import (
    double,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int8,
    int16,
    int32,
    int64,
    long,
    set_default_dtype,
    short,
    uint8,
)
from .dtypes import float32 as float
from .dtypes import int32 as int
from .func import vmap
from .functions import *  # noqa: F403
from .interop import *  # noqa: F403
from .io import load, save
from .limits import finfo, iinfo
from .random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from .tensor import Tensor, device, set_printoptions

__version__ = "0.1.0"

__all__ = [
    "Tensor",
    "device",
    "set_printoptions",
    # numbers
    "inf",
    "nan",
    "pi",
    # modules
    "autograd",
    "backends",
    "cuda",
    "func",
    "hub",
    "linalg",
    "nn",
    "optim",
    "profiler",
    "utils",
    "viz",
    # files
    "load",
    "save",
    # dtypes
    "bool",
    "double",
    "finfo",
    "float",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "half",
    "iinfo",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "long",
    "set_default_dtype",
    "short",
    "uint8",
    # derivatives of functions
    "vmap",
    # recording
    "compile",
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
    # threads, and the same bits for any number of them
    "are_deterministic_algorithms_enabled",
    "get_deterministic_debug_mode",
    "get_num_interop_threads",
    "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled",
    "set_deterministic_debug_mode",
    "set_num_interop_threads",
    "set_num_threads",
    "use_deterministic_algorithms",
    # random numbers
    "Generator",
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]
__all__ += creation.__all__
__all__ += functions.__all__
__all__ += interop.__all__
