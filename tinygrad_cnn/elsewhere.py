"""Names that PyTorch also has at the top and that live elsewhere here, or that make no sense on this engine."""

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# Functions of layers, which are at home in nn.functional.
LAYERS = {
    *("adaptive_avg_pool1d", "adaptive_max_pool1d", "alpha_dropout", "avg_pool1d", "batch_norm"),
    *("bilinear", "binary_cross_entropy_with_logits", "celu", "channel_shuffle", "conv1d", "conv2d"),
    *("conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    *("cosine_embedding_loss", "ctc_loss", "dropout", "embedding", "embedding_bag"),
    *("feature_alpha_dropout", "group_norm", "hardshrink", "hinge_embedding_loss", "instance_norm"),
    *("kl_div", "layer_norm", "margin_ranking_loss", "max_pool1d", "max_pool2d", "max_pool3d"),
    *("pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "poisson_nll_loss", "prelu"),
    *("rms_norm", "rrelu", "selu", "threshold", "triplet_margin_loss"),
}
# Modules that many programs never use and that take long to load; and functions that live in them.
LATER = {
    *("compiler", "distributed", "distributions", "fx", "hub", "jit", "linalg", "multiprocessing", "onnx"),
    *("profiler", "recording", "utils", "viz"),
}
FUNCTIONS = {"compile": "compiler", "lobpcg": "linalg.lowrank", "pca_lowrank": "linalg.lowrank"}
FUNCTIONS |= {"svd_lowrank": "linalg.lowrank"}
# PyTorch's modules whose names lie here in another; and its files whose names lie here in the package itself.
MODULES = {
    "distributed.distributed_c10d": "distributed",
    "nn.parallel.data_parallel": "nn.parallel",
    "nn.parallel.distributed": "nn.parallel",
    "utils.data._utils": "data",
    "utils.data._utils.collate": "data.collate",
    "utils.model_zoo": "hub",
    "vision.io.image": "vision.io",
    "vision.transforms.transforms": "vision.transforms",
}
_FILES = {
    "autograd": ("anomaly_mode", "gradcheck"),
    "cuda": ("streams",),
    "distributions": (
        *("bernoulli", "categorical", "distribution", "exponential", "geometric", "independent", "kl", "laplace"),
        *("log_normal", "multinomial", "multivariate_normal", "normal", "one_hot_categorical", "poisson", "uniform"),
    ),
    "nn.parallel": ("parallel_apply", "replicate", "scatter_gather"),
    "nn.utils": ("init", "spectral_norm"),
    "optim": ("adadelta", "adagrad", "adamax", "adamw", "asgd", "nadam", "radam", "rmsprop", "rprop"),
    "profiler": ("profiler",),
}
MODULES |= {f"{room}.{file}": room for room, files in _FILES.items() for file in files}
# Why a name is not here, by how it begins.
ABSENT = {
    ("complex", "cdouble", "cfloat", "chalf", "polar", "view_as_", "fft", "stft", "istft", "signal"): (
        "tensors hold real numbers here; there are no complex ones"
    ),
    ("sparse", "spmm", "hspmm", "smm", "dsmm", "saddmm", "sspaddmm", "nested", "jagged", "masked"): (
        "tensors are dense here; there are no sparse, nested or masked ones"
    ),
    ("quant", "fake_quant", "fused_moving", "q_", "qint", "quint", "qscheme", "dequantize", "per_tensor", "ao"): (
        "there is no quantisation here"
    ),
    ("per_channel", "int_repr", "empty_quantized", "choose_qparams", "fbgemm"): "there is no quantisation here",
    ("float8", "float4", "bits", "uint1", "uint2", "uint3", "uint4", "uint5", "uint6", "uint7"): (
        "there are the dtypes bool, uint8, int8 to int64, float16, bfloat16, float32 and float64"
    ),
    ("export", "package", "library", "futures", "fork", "wait"): "programs are not compiled or exported here",
    ("mps", "xpu", "mtia"): "there are the devices cpu and cuda",
}


def why_absent(name: str) -> str:
    """Why a name that PyTorch has at the top makes no sense here; "" if that is not known.

    >>> why_absent("complex64")
    'tensors hold real numbers here; there are no complex ones'
    """
    return next((why for starts, why in ABSENT.items() if name.startswith(starts)), "")


def find(name: str) -> Any:
    """What has this name elsewhere.

    Raises:
        AttributeError: for a name that is not here, with the reason if there is one.

    >>> import tinygrad_cnn as tg
    >>> find("conv2d") is tg.nn.functional.conv2d
    True
    """
    if name == "bfloat16":
        try:
            return import_module("tinygrad_cnn.dtypes").dtype("bfloat16")
        except ImportError as missing:
            raise AttributeError(str(missing)) from None  # so that hasattr and getattr with a default answer
    if name in FUNCTIONS:
        return getattr(import_module(f"tinygrad_cnn.{FUNCTIONS[name]}"), name)
    if name in LATER:
        return import_module(f"tinygrad_cnn.{name}")
    if name in LAYERS:
        functional = import_module("tinygrad_cnn.nn.functional")
        if hasattr(functional, name):
            return getattr(functional, name)
    reason = why_absent(name)
    raise AttributeError(f"module 'tinygrad_cnn' has no attribute {name!r}" + (f": {reason}" if reason else ""))


class Finder(MetaPathFinder, Loader):
    """Lets `import tinygrad_cnn.utils.model_zoo` find what MODULES says lies in another module.

    Where a function has the name too, as `nn.parallel.data_parallel`, the module can be called as that.

    >>> from tinygrad_cnn.utils.model_zoo import load_url
    >>> import tinygrad_cnn as tg
    >>> load_url is tg.hub.load_state_dict_from_url
    True
    """

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The module of another name, None for what is not in the table."""
        package, _, name = fullname.partition(".")
        known = package == __package__ and name in MODULES
        return (
            ModuleSpec(fullname, self, is_package=any(each.startswith(f"{name}.") for each in MODULES))
            if known
            else None
        )

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module that passes every question on."""
        return _Face(spec.name, import_module(f"{__package__}.{MODULES[spec.name.partition('.')[2]]}"))

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do."""


class _Face(ModuleType):
    def __init__(self, name: str, home: ModuleType) -> None:
        super().__init__(name, home.__doc__)
        self._home = home
        parent, _, last = name.rpartition(".")
        self._function = getattr(sys.modules[parent], last, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        return getattr(self._home, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As the function whose name the import system has given to this module."""
        function: Any = self._function
        return function(*args, **kwargs)


if not any(isinstance(finder, Finder) for finder in sys.meta_path):
    sys.meta_path.append(Finder())
