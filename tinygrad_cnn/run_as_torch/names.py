"""PyTorch's names and where they lie here; the finder that makes `import torch` find them."""

import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from .. import version
from ..elsewhere import why_absent

# Where PyTorch's modules lie here, if not under the same name; the longest start that fits is taken.
HOMES = {
    "torch": "tinygrad_cnn",
    "torch.autograd.variable": "tinygrad_cnn.autograd",
    "torch.nn.parallel.data_parallel": "tinygrad_cnn.nn.parallel",
    "torch.nn.parallel.distributed": "tinygrad_cnn.nn.parallel",
    "torch.distributed.distributed_c10d": "tinygrad_cnn.distributed",
    "torch.utils.data._utils.collate": "tinygrad_cnn.data.collate",
    "torch.utils.model_zoo": "tinygrad_cnn.hub",
    "torchvision": "tinygrad_cnn.vision",
    "torchvision.io.image": "tinygrad_cnn.vision.io",
    "torchvision.transforms.transforms": "tinygrad_cnn.vision.transforms",
    "torchvision.ops.misc": "tinygrad_cnn.vision.ops",
}
# PyTorch's files whose names lie here in the package itself.
_FILES = {
    "autograd": ("anomaly_mode", "grad_mode", "gradcheck"),
    "cuda": ("streams",),
    "distributions": (
        *("bernoulli", "categorical", "distribution", "exponential", "geometric", "independent", "kl", "laplace"),
        *("log_normal", "multinomial", "multivariate_normal", "normal", "one_hot_categorical", "poisson", "uniform"),
    ),
    "nn.parallel": ("parallel_apply", "replicate", "scatter_gather"),
    "nn.utils": ("fusion", "init", "spectral_norm"),
    "optim": ("adadelta", "adagrad", "adamax", "adamw", "asgd", "nadam", "radam", "rmsprop", "rprop"),
    "profiler": ("profiler",),
}
HOMES |= {f"torch.{room}.{file}": f"tinygrad_cnn.{room}" for room, files in _FILES.items() for file in files}
# What programs that ask for the version get: that of the PyTorch whose names and semantics are offered here.
VERSIONS = {"torch": "2.13.0", "torchvision": "0.28.0"}


class TorchName(ModuleType):
    """A module under PyTorch's name that passes every question on to the module of ours, and takes settings for it."""

    def __init__(self, name: str, home: ModuleType) -> None:
        super().__init__(name, home.__doc__)
        own = {"__path__": [], "_home": home}
        if name in VERSIONS:
            own["__version__"] = f"{VERSIONS[name]}+tinygrad.{version.__version__}"
        for key, value in own.items():
            super().__setattr__(key, value)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        """The names of ours: programs choose a network by `torchvision.models.__dict__[name]`."""
        names: dict[str, Any] = vars(self._home)
        return names

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in {"__all__", "__version__"}:
            raise AttributeError(name)
        whole = f"{self.__name__}.{name}"
        found = getattr(self._home, name, None)
        if found is not None and not isinstance(found, ModuleType):
            return found
        if home_of(whole) is not None:
            return import_module(whole)
        if hasattr(self._home, name):
            return found
        raise AttributeError(missing(whole), name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        """`torch.backends.cudnn.benchmark = True` sets ours; what the import system sets is this module's own.

        A file that is imported does not hide the function of its name: `nn.utils.weight_norm` stays the function.
        """
        if isinstance(value, TorchName):
            if isinstance(getattr(self._home, name, value), ModuleType):
                super().__setattr__(name, value)
        elif name.startswith("__"):
            super().__setattr__(name, value)
        else:
            setattr(self._home, name, value)

    def __dir__(self) -> list[str]:
        return dir(self._home)


class TorchFinder(MetaPathFinder, Loader):
    """Finds `torch`, `torchvision` and the modules in them among ours."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Ours, or an error for a name of PyTorch's that is not here: an installed PyTorch is never mixed in."""
        if fullname.partition(".")[0] not in VERSIONS:
            return None
        if home_of(fullname) is None:
            raise ModuleNotFoundError(missing(fullname), name=fullname)
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module under PyTorch's name."""
        return TorchName(spec.name, import_module(home_of(spec.name) or ""))

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do."""


def install() -> None:
    """Let `import torch` find ours from now on, in this process."""
    if not any(isinstance(finder, TorchFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, TorchFinder())


def home_of(name: str) -> str | None:
    """Our module behind a module of PyTorch's, None if there is none.

    >>> home_of("torch.nn.functional"), home_of("torchvision.transforms"), home_of("torch.cat")
    ('tinygrad_cnn.nn.functional', 'tinygrad_cnn.vision.transforms', None)
    """
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        start = ".".join(parts[:length])
        if start in HOMES:
            home = ".".join([HOMES[start], *parts[length:]])
            if home in sys.modules:
                return home
            try:
                return home if find_spec(home) else None
            except (ModuleNotFoundError, ValueError):
                return None
    return None


def missing(name: str) -> str:
    """What to say about a name that is not here: why, where that is known, or the nearest one that is.

    >>> missing("torch.nn.Linaer")
    'torch.nn.Linaer is not in tinygrad_cnn; the nearest name is torch.nn.Linear'
    >>> missing("torch.fft.rfft")
    'torch.fft.rfft is not in tinygrad_cnn: tensors hold real numbers here; there are no complex ones'
    """
    top, _, rest = name.partition(".")
    reason = why_absent(rest) if top == "torch" else ""
    if reason:
        return f"{name} is not in tinygrad_cnn: {reason}"
    parent, _, last = name.rpartition(".")
    home = home_of(parent) if parent else None
    near = get_close_matches(last, [n for n in dir(import_module(home)) if n[0] != "_"], n=1) if home else []
    return f"{name} is not in tinygrad_cnn" + (f"; the nearest name is {parent}.{near[0]}" if near else "")
