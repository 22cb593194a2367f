"""The modules of compiled kernels, each imported when it is first asked for: importing Numba takes a while."""

from importlib import import_module
from typing import Any


class Kernels:
    """Modules beside this one, as attributes. An import statement in a method costs a microsecond at each call."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        module = import_module(f".{name}", __package__)
        setattr(self, name, module)  # from now on it is found without coming here
        return module


kernels = Kernels()
