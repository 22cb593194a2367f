"""Watches the Python of a function while it is being recorded, by Python's own profiling hook.

A recording repeats what was done with arrays. What was done beside them counts only if it is the same each time, so the
observer notes all that the user's functions could look at: variables of the module and of enclosing functions that they
name, attributes of the objects they are methods of, the modules that run. These become guards: while each is still the
same object, a replay is right. If one has changed by the end of the run, the function itself changes Python's state,
and cannot be replayed. Values read from tensors, files, clocks and random numbers are reasons of the same kind.
"""

import gc
import random
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import is_
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from ..autograd import detect_anomaly, inference_mode
from ..dtypes import set_default_dtype
from ..function import Function
from ..nn import Module
from ..nn.hooks import HookMethods
from ..optim import Optimizer
from ..optim.lr_scheduler import LRScheduler
from ..tensor import Tensor
from ..tensor.base import TensorBase
from .recorder import Recorder

PACKAGE = __name__.partition(".")[0]
DEEPEST, WIDEST = 5, 2000  # how far into objects, and into containers of how many values, the observer looks

READING: tuple[str, ...] = (
    "item",
    "tolist",
    "numpy",
    "__array__",
    "__bool__",
    "__float__",
    "__int__",
    "__index__",
    "__contains__",
)
READING += ("__repr__", "__format__", "nonzero", "data_ptr")
CHANGING = ("detach_", "register_hook", "retain_grad", "__deepcopy__", "__reduce__")
OTHERS = {
    HookMethods._run_with_hooks: "a module has hooks, whose Python is not recorded",
    Function.apply.__func__: "an autograd.Function runs Python that is not recorded",  # type: ignore[attr-defined]
    Function.apply: "an autograd.Function runs Python that is not recorded",
    detect_anomaly.__init__: "detect_anomaly looks at values",
    inference_mode.__init__: "inference_mode inside of the function",
    set_default_dtype: "set_default_dtype changes what follows",
    Tensor.equal: "equal reads values",
    Tensor.allclose: "allclose reads values",
}
EFFECTS = {"io", "data", "viz", "vision", "demo", "testing", "interop", "profiler"}
EFFECTS |= {"func", "jacobians", "checkpointing", "saved_tensors"}
EFFECTS_OF_NN = ("nn.init", "nn.state", "nn.utils.convert_parameters")


def _codes() -> dict[CodeType, str]:
    found = {getattr(Tensor, name).__code__: f"{name} reads values of a tensor" for name in READING}
    found |= {getattr(Tensor, name).__code__: f"{name} changes more than values" for name in CHANGING}
    for name in ("data", "requires_grad"):
        found[getattr(Tensor, name).fset.__code__] = f".{name} is assigned"
    for function, reason in OTHERS.items():
        found[function.__code__] = reason
    return found


SEEDING = {"manual_seed", "seed", "set_rng_state", "get_rng_state", "set_state", "get_state"}
REASONS = _codes()
APPLY = TensorBase.__apply_op__.__code__
MAKING = TensorBase.from_array.__func__.__code__  # type: ignore[attr-defined]
LOOK = TensorBase.look_into.__code__
GRAD: Any = vars(TensorBase)["grad"]
GET_GRAD, SET_GRAD, DEL_GRAD = GRAD.fget.__code__, GRAD.fset.__code__, GRAD.fdel.__code__
REQUIRE = Tensor.requires_grad_.__code__
RUN = Module._run.__code__
UNITS = {Recorder.repeat.__code__, Recorder.apply.__code__}
QUIET_TYPES = (Optimizer, LRScheduler)  # what these do is repeated, so their state may change


class Guard:
    """The values of a container, or a variable, as they were when the function could first see them."""

    __slots__ = ("label", "read", "values")

    def __init__(self, label: str, read: Callable[[], Iterable[Any]]) -> None:
        self.label, self.read, self.values = label, read, tuple(read())

    def holds(self) -> bool:
        """Whether each is the same object, or an equal number or text."""
        now = tuple(self.read())
        if len(now) != len(self.values):
            return False
        return all(map(is_, now, self.values)) or all(map(_same, now, self.values))


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and isinstance(a, int | float | str | bytes) and (a == b))


def _items(container: Any) -> Callable[[], Iterable[Any]]:
    return container.values if isinstance(container, Mapping) else container.__iter__


class Observer:
    """Follows one run of a function, and tells its recorder.

    Attributes:
        guards: what must be the same for a replay.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.guards: list[Guard] = []
        self._seen: set[int] = set()
        self._named: set[tuple[int, str]] = set()
        self._objects: list[Any] = []  # alive, so that no other gets their id
        self._inside: FrameType | None = None  # of an operation or a repeated function: what it does is no concern

    # the hook ---------------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Observer":
        self._collecting = {getattr(callback, "__code__", None) for callback in gc.callbacks}
        self._before = sys.getprofile()
        sys.setprofile(self._on_event)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(self._before)

    def _on_event(self, frame: FrameType, event: str, arg: Any) -> None:
        code = frame.f_code
        if event == "return":
            if code is MAKING or code is APPLY:
                made = arg[0] if type(arg) is tuple else arg  # an operation may give its residuals too
                if made is not None:  # as it is after an error
                    self.recorder.make(made)
            elif code is GET_GRAD and self._inside is None:
                self.recorder.gradient_read(frame.f_locals["self"], arg)
            elif frame is self._inside:
                self._inside = None
        elif self.recorder.reason or self._inside is not None:
            return
        elif event == "call":
            self._on_call(frame, code)
        elif event == "c_call" and _is_user(frame):
            self._on_builtin(arg)

    def _on_call(self, frame: FrameType, code: CodeType) -> None:
        caller = frame.f_back
        if code in UNITS or (caller is not None and caller.f_code is APPLY and _is_user(frame)):
            self._inside = frame  # an operation of the user's own is called again as it is, like a repeated function
        elif code.co_name == "__del__" or code in self._collecting:
            self._inside = frame  # the collector calls when it likes, in the middle of anything
        elif frame.f_globals.get("__name__", "").partition(".")[0] == "importlib":
            self._inside = frame  # a module that is loaded when it is first asked for
        elif (reason := REASONS.get(code)) is not None:
            self.recorder.abandon(reason)
        elif code is SET_GRAD or code is DEL_GRAD:
            self.recorder.gradient_set(frame.f_locals["self"], frame.f_locals.get("gradient"))
        elif code is RUN:
            self.visit(frame.f_locals["self"], type(frame.f_locals["self"]).__name__)
        elif _is_user(frame):
            self._on_user_code(frame, code)
        else:
            self._on_own_code(frame, code)

    def _on_own_code(self, frame: FrameType, code: CodeType) -> None:
        package, _, module = frame.f_globals.get("__name__", "").partition(".")
        if package != PACKAGE or module.startswith("compiler"):
            return
        if module.startswith(("ops", "backend")):  # how kernels work, and what they import, is no concern
            self._inside = frame
            return
        effect = module.partition(".")[0] in EFFECTS or module.startswith(EFFECTS_OF_NN)
        if effect or (module == "random" and code.co_name in SEEDING):
            self.recorder.abandon(f"{code.co_name} does more than compute")
        elif code.co_argcount and code.co_varnames[0] == "self":
            owner = frame.f_locals["self"]
            if isinstance(owner, Tensor):
                if code is REQUIRE and id(owner) not in self.recorder.made:
                    self.recorder.abandon("requires_grad_ changes a tensor from outside of the function")
                if code is not LOOK:  # a result that is still being made
                    self.recorder.see(owner)

    def _on_user_code(self, frame: FrameType, code: CodeType) -> None:
        """Note what a function of the user's, or of another library, can look at."""
        names, values = code.co_names, frame.f_globals
        if "array" in names:
            self.recorder.abandon(f"{code.co_name} reads .array, a tensor's plain values")
        for name in names:
            if name in values:
                self._variable(f"the global {name}", values, name)
                if isinstance(values[name], ModuleType):
                    self._module(values[name], names)
        if code.co_argcount and code.co_varnames[0] == "self" and "self" in frame.f_locals:
            owner = frame.f_locals["self"]
            self.visit(owner, type(owner).__name__)
        for owner in self._objects:
            if isinstance(owner, QUIET_TYPES) and (read := [n for n in vars(owner) if n in names]):
                for name in read:
                    self._variable(f"{type(owner).__name__}.{name}", vars(owner), name)
                    if name == "param_groups":
                        for group in owner.param_groups:  # type: ignore[union-attr]
                            self._guard(f"{type(owner).__name__}.param_groups", group)

    def _on_builtin(self, function: Any) -> None:
        owner, module = getattr(function, "__self__", None), getattr(function, "__module__", None)
        name = getattr(function, "__name__", "")
        if function in (print, input, open):
            self.recorder.abandon(f"{name}() does more than compute")
        elif isinstance(owner, random.Random) or module in ("time", "_random", "secrets", "posix", "_io"):
            self.recorder.abandon(f"{name}() gives something else at each call")

    # what can be looked at --------------------------------------------------------------------------------------------

    def function(self, function: Any) -> None:
        """Note the variables of enclosing functions that a function names."""
        while isinstance(function, MethodType):
            self.visit(function.__self__, type(function.__self__).__name__)
            function = function.__func__
        if isinstance(function, partial):
            for part in (function.func, function.args, function.keywords):
                self.visit(part, "a partial function")
        elif not isinstance(function, FunctionType):
            self.visit(function, type(function).__name__)
        else:
            for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
                self._cell(name, cell)

    def _cell(self, name: str, cell: Any) -> None:
        if id(cell) in self._seen:
            return
        self._seen.add(id(cell))
        self._objects.append(cell)

        def read() -> tuple[Any, ...]:
            try:
                return (cell.cell_contents,)
            except ValueError:  # not assigned yet
                return ()

        guard = Guard(f"the variable {name}", read)
        self.guards.append(guard)
        for value in guard.values:
            self.visit(value, name)

    def _variable(self, label: str, values: dict[str, Any], name: str) -> None:
        if (id(values), name) not in self._named:
            self._named.add((id(values), name))
            self.guards.append(Guard(label, lambda: (values.get(name),)))
            self.visit(values.get(name), name)

    def _module(self, module: ModuleType, names: Iterable[str]) -> None:
        """Numbers and texts in a module of the user's that the function may name."""
        if module.__name__.partition(".")[0] != PACKAGE:
            for name in names:
                if isinstance(vars(module).get(name), int | float | str):
                    self._variable(f"{module.__name__}.{name}", vars(module), name)

    def visit(self, value: Any, label: str, depth: int = 0) -> None:
        """Note what an object holds: attributes, values, and what these hold in their turn."""
        if isinstance(value, Tensor):
            self.recorder.see(value)
            if value._grad is not None:
                self._objects.append(value._grad)
        if id(value) in self._seen or depth > DEEPEST or isinstance(value, ModuleType | Tensor):
            return
        if isinstance(value, type):
            if value.__module__.partition(".")[0] not in _LIBRARIES:
                self._seen.add(id(value))
                self._guard(label, vars(value))
        elif isinstance(value, FunctionType | MethodType | partial):
            self._seen.add(id(value))
            self._objects.append(value)
            self.function(value)
        elif isinstance(value, QUIET_TYPES):
            self._seen.add(id(value))
            self._objects.append(value)
        elif isinstance(value, Module):
            self._seen.add(id(value))
            self._objects.append(value)
            for name, part in vars(value).items():
                if isinstance(part, dict):
                    self._guard(f"{label}.{name}", part)
            self._guard(label, vars(value))
            for name, child in value._modules.items():
                self.visit(child, f"{label}.{name}")
            for name, part in vars(value).items():
                self.visit(part, f"{label}.{name}", depth + 1)
            for tensor in (*value._parameters.values(), *value._buffers.values()):
                self.visit(tensor, label)
        elif isinstance(value, list | dict | deque | tuple):
            self._seen.add(id(value))
            self._objects.append(value)
            if len(value) > WIDEST:
                self.guards.append(Guard(f"the length of {label}", lambda: (len(value),)))
                return
            if not isinstance(value, tuple):
                self._guard(label, value)
            for part in list(_items(value)()):
                self.visit(part, label, depth + 1)
        elif type(value).__dictoffset__ and type(value).__module__.partition(".")[0] not in _LIBRARIES:
            self._seen.add(id(value))
            self._objects.append(value)
            self._guard(label, vars(value))
            self.visit(type(value), type(value).__name__)
            for name, part in list(vars(value).items()):
                self.visit(part, f"{label}.{name}", depth + 1)

    def _guard(self, label: str, container: Any) -> None:
        self._objects.append(container)
        self.guards.append(Guard(label, _items(container)))

    def changed(self) -> str:
        """What the run itself changed, empty if nothing."""
        return next((guard.label for guard in self.guards if not guard.holds()), "")


_LIBRARIES = {PACKAGE, "numpy", "numba", "builtins", *sys.stdlib_module_names} - {"__main__"}


def _is_user(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__", "").partition(".")[0] not in _LIBRARIES
