"""Runs an unmodified PyTorch program on this engine: `torch` and `torchvision` resolve here, for this process only."""

import builtins
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

# Where PyTorch's names lie here, if not under the same name; the longest start that fits is taken.
HOMES = {
    "torch": "tinygrad_cnn",
    "torch.autograd.variable": "tinygrad_cnn.autograd",
    "torch.utils.data.dataloader": "tinygrad_cnn.data.dataloader",
    "torch.utils.data.dataset": "tinygrad_cnn.data.dataset",
    "torch.utils.data.sampler": "tinygrad_cnn.data.sampler",
    "torchvision": "tinygrad_cnn.vision",
}
# Settings of PyTorch's own libraries: they may be read and set, and change nothing.
SETTINGS: dict[str, dict[str, Any]] = {
    "torch.backends": {},
    "torch.backends.cudnn": {"benchmark": False, "deterministic": False, "enabled": False},
}


class TorchName(ModuleType):
    """A module under PyTorch's name that passes every question on to the module of ours."""

    def __init__(self, name: str, home: ModuleType | None) -> None:
        super().__init__(name, home.__doc__ if home else "Settings that change nothing.")
        self.__path__: list[str] = []
        self.__home = home
        self.__dict__.update(SETTINGS.get(name, {}))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in {"__all__", "__version__"}:
            raise AttributeError(name)
        whole = f"{self.__name__}.{name}"
        here = getattr(self.__home, name, None)
        if callable(here):  # models.alexnet is the function, though it lies in a file of that name
            return here
        if home_of(whole) is not None:
            return import_module(whole)
        if hasattr(self.__home, name):
            return getattr(self.__home, name)
        raise AttributeError(missing(whole), name=name, obj=self)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *dir(self.__home)}) if self.__home else sorted(self.__dict__)


class TorchFinder(MetaPathFinder, Loader):
    """Finds `torch`, `torchvision` and the modules in them among ours."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Ours, or an error for a name of PyTorch's that is not here: an installed PyTorch is never mixed in."""
        if fullname.partition(".")[0] not in ("torch", "torchvision"):
            return None
        if home_of(fullname) is None:
            raise ModuleNotFoundError(missing(fullname), name=fullname)
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module under PyTorch's name."""
        home = home_of(spec.name)
        return TorchName(spec.name, import_module(home) if home else None)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do."""


def home_of(name: str) -> str | None:
    """Our module behind a module of PyTorch's, "" for settings, None if there is none.

    >>> home_of("torch.nn.functional"), home_of("torchvision.transforms"), home_of("torch.cat")
    ('tinygrad_cnn.nn.functional', 'tinygrad_cnn.vision.transforms', None)
    """
    if name in SETTINGS:
        return ""
    parts = name.split(".")
    if parts[:3] == ["torch", "nn", "modules"]:  # its files are divided otherwise; the layers are all in nn
        return "tinygrad_cnn.nn" if len(parts) <= 4 else None
    for length in range(len(parts), 0, -1):
        start = ".".join(parts[:length])
        if start in HOMES:
            home = ".".join([HOMES[start], *parts[length:]])
            try:
                return home if find_spec(home) else None
            except ModuleNotFoundError:
                return None
    return None


def missing(name: str) -> str:
    """What to say about a name that is not here: the nearest one that is.

    >>> missing("torch.nn.Linaer")
    'torch.nn.Linaer is not in tinygrad_cnn; the nearest name is torch.nn.Linear'
    """
    parent, _, last = name.rpartition(".")
    home = home_of(parent)
    near = get_close_matches(last, [n for n in dir(import_module(home)) if n[0] != "_"], n=1) if home else []
    return f"{name} is not in tinygrad_cnn" + (f"; the nearest name is {parent}.{near[0]}" if near else "")


def run_as_torch(script: str, arguments: Sequence[str] = ()) -> int:
    """Run a program as `python script.py` would, with `torch` and `torchvision` from here; returns the exit status.

    `sys.argv`, `sys.path` and `__main__` are the program's; a traceback shows its lines only.

    Raises:
        SystemExit: the program's own.
    """
    path = Path(script)
    if not path.is_file():
        print(f"run-as-torch: there is no file {script}", file=sys.stderr)
        return 2
    if not any(isinstance(finder, TorchFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, TorchFinder())
    sys.argv[:] = [script, *arguments]
    sys.path[0] = str(path.resolve().parent)
    main = ModuleType("__main__")
    main.__dict__.update(__file__=script, __builtins__=builtins)
    sys.modules["__main__"] = main
    try:
        exec(compile(path.read_bytes(), script, "exec"), main.__dict__)
    except Exception as error:
        _explain(error)
        trace = error.__traceback__
        error.with_traceback(trace.tb_next if trace else None)
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def _explain(error: BaseException) -> None:
    """`from torch.nn import X` loses what the module said about X; say it again."""
    if isinstance(error, ImportError) and str(error).startswith("cannot import name") and error.name:
        module, name = error.name, str(error).split("'")[1]
        if module.partition(".")[0] in ("torch", "torchvision"):
            error.add_note(missing(f"{module}.{name}"))
