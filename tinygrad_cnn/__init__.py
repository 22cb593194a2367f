"""A tensor library with automatic differentiation, written to be read: PyTorch's names over NumPy."""

from math import e, inf, nan, pi
from typing import TYPE_CHECKING

from . import (
    accelerator,
    amp,
    autograd,
    backends,
    creation,
    cuda,
    func,
    functions,
    interop,
    nn,
    optim,
    special,
    version,
)
from .amp.autocast_mode import (
    autocast,
    clear_autocast_cache,
    get_autocast_cpu_dtype,
    get_autocast_dtype,
    get_autocast_gpu_dtype,
    is_autocast_cache_enabled,
    is_autocast_cpu_enabled,
    is_autocast_enabled,
    set_autocast_cache_enabled,
    set_autocast_cpu_dtype,
    set_autocast_cpu_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
    set_autocast_gpu_dtype,
)
from .autograd import (
    enable_grad,
    inference_mode,
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .autograd import set_detect_anomaly as set_anomaly_enabled
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
from .creation import *  # noqa: F403 - its __all__ lists the public functions, and so does that of functions
from .dtypes import bool_ as bool
from .dtypes import (
    double,
    dtype,
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
from .tensor import Tensor, device, get_default_device, set_default_device, set_printoptions
from .tensor.layout import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    strided,
)
from .version import __version__ as __version__

newaxis = None

__all__ = [
    "Tensor",
    "device",
    "get_default_device",
    "set_default_device",
    "set_printoptions",
    # numbers
    "e",
    "inf",
    "nan",
    "newaxis",
    "pi",
    # order in memory
    "channels_last",
    "channels_last_3d",
    "contiguous_format",
    "layout",
    "memory_format",
    "preserve_format",
    "strided",
    # modules
    "accelerator",
    "amp",
    "autograd",
    "backends",
    "cuda",
    "distributed",
    "distributions",
    "func",
    "hub",
    "jit",
    "linalg",
    "lobpcg",
    "pca_lowrank",
    "svd_lowrank",
    "multiprocessing",
    "nn",
    "onnx",
    "optim",
    "profiler",
    "special",
    "recording",
    "utils",
    "version",
    "viz",
    # files
    "load",
    "save",
    # dtypes
    "bool",
    "double",
    "dtype",
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
    # mixed precision
    "autocast",
    "clear_autocast_cache",
    "get_autocast_cpu_dtype",
    "get_autocast_dtype",
    "get_autocast_gpu_dtype",
    "is_autocast_cache_enabled",
    "is_autocast_cpu_enabled",
    "is_autocast_enabled",
    "set_autocast_cache_enabled",
    "set_autocast_cpu_dtype",
    "set_autocast_cpu_enabled",
    "set_autocast_dtype",
    "set_autocast_enabled",
    "set_autocast_gpu_dtype",
    # functions of layers
    "adaptive_avg_pool1d",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "celu",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "dropout",
    "embedding",
    "group_norm",
    "hardshrink",
    "instance_norm",
    "layer_norm",
    "max_pool2d",
    "pixel_shuffle",
    "pixel_unshuffle",
    "prelu",
    "rms_norm",
    "rrelu",
    "selu",
    "threshold",
    # derivatives of functions
    "vmap",
    # recording
    "compile",
    "enable_grad",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_anomaly_enabled",
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

if TYPE_CHECKING:  # found on first use; a name that is nowhere stays an error to the type checker
    from . import (
        distributed,
        distributions,
        hub,
        jit,
        linalg,
        multiprocessing,
        onnx,
        profiler,
        recording,
        utils,
        viz,
    )
    from .compiler import compile
    from .linalg.lowrank import lobpcg, pca_lowrank, svd_lowrank
    from .nn.functional import (
        adaptive_avg_pool1d,
        batch_norm,
        binary_cross_entropy_with_logits,
        celu,
        channel_shuffle,
        conv1d,
        conv2d,
        conv3d,
        conv_transpose1d,
        conv_transpose2d,
        conv_transpose3d,
        dropout,
        embedding,
        group_norm,
        hardshrink,
        instance_norm,
        layer_norm,
        max_pool2d,
        pixel_shuffle,
        pixel_unshuffle,
        prelu,
        rms_norm,
        rrelu,
        selu,
        threshold,
    )

    bfloat16: dtype
else:
    __all__ += creation.__all__
    __all__ += functions.__all__
    __all__ += interop.__all__
    from .elsewhere import find as __getattr__  # noqa: F401
