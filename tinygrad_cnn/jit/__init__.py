"""PyTorch's compiler of scripts: programs that use it run as plain Python, with the same results.

`tinygrad_cnn.compile` makes a step faster; a program's weights are saved by its `state_dict`.

>>> import tinygrad_cnn as tg
>>> @tg.jit.script
... def double(x):
...     return 2 * x
>>> double(tg.ones(2))
tensor([2., 2.])
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, TypeVar

from ..nn import Module

__all__ = [
    "Final",
    "ScriptModule",
    "annotate",
    "export",
    "freeze",
    "fuser",
    "ignore",
    "is_scripting",
    "is_tracing",
    "load",
    "optimize_for_inference",
    "save",
    "script",
    "script_if_tracing",
    "script_method",
    "trace",
    "trace_module",
    "unused",
]

F = TypeVar("F")

ScriptModule = Module


def script(obj: F, *args: Any, **kwargs: Any) -> F:
    """The function, module or class itself: it runs as Python."""
    return obj


def trace(func: F, example_inputs: Any = None, *args: Any, **kwargs: Any) -> F:
    """The function or module itself, called once with the examples, so that what they break breaks here."""
    if example_inputs is not None and callable(func):
        func(*(example_inputs if isinstance(example_inputs, tuple) else (example_inputs,)))
    return func


def trace_module(mod: F, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> F:
    """The module itself, after each method was called once with its examples."""
    for name, examples in inputs.items():
        getattr(mod, name)(*(examples if isinstance(examples, tuple) else (examples,)))
    return mod


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """A mark for functions that PyTorch's compiler leaves alone: the function itself."""
    return drop if callable(drop) else lambda fn: fn


def export(fn: F) -> F:
    """A mark for methods that PyTorch's compiler takes: the method itself."""
    return fn


script_method = unused = script_if_tracing = export


def freeze(mod: F, *args: Any, **kwargs: Any) -> F:
    """The module itself."""
    return mod


optimize_for_inference = freeze


def annotate(the_type: Any, the_value: F) -> F:
    """The value itself."""
    return the_value


def is_scripting() -> bool:
    """False: the code runs as Python."""
    return False


is_tracing = is_scripting


def fuser(name: str) -> AbstractContextManager[None]:
    """A block without effect."""
    return nullcontext()


def save(m: Any, f: Any, _extra_files: Any = None) -> None:
    """Refused: there is no compiled program to save.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError(
        "jit.save: a module here is a Python object; save its weights: save(model.state_dict(), f)"
    )


def load(f: Any, map_location: Any = None, _extra_files: Any = None) -> Callable[..., Any]:
    """Refused: PyTorch's compiled programs can't be run here.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError(
        "jit.load: compiled programs of PyTorch can't be run here; build the model in Python and load its weights with "
        "load_state_dict"
    )
