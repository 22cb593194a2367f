"""What a thread of execution is doing: recording or not, and inside which module.

Kept in context variables, so that threads, asyncio tasks and nested blocks each see their own.
"""

from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar, Token
from functools import partial, wraps
from inspect import isasyncgenfunction, isclass, iscoroutinefunction, isgeneratorfunction
from typing import Any, ClassVar, Self, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])

RECORD, NO_RECORD, INFERENCE = "record", "no record", "inference"

MODE: ContextVar[str] = ContextVar("mode", default=RECORD)
SCOPE: ContextVar[str] = ContextVar("scope", default="")


class Call(str):
    """The path of a module in one call of it: text as any path, and one object for all that the call computes.

    Attributes:
        kind: the module's class.
        outer: the path that was current when it was made: that of the call around it, or another text outside of all.
        gradient: where what its gradient rules compute is recorded, once that was asked for.
    """

    __slots__ = ("gradient", "kind", "outer")

    kind: type
    outer: str
    gradient: "Call"


def call_of(kind: type, path: str) -> Call:
    """A new call of a module of this class, inside the one that is running."""
    call = Call(path)
    call.kind, call.outer = kind, SCOPE.get()
    return call


LINES, VALUES = "lines", "lines and values"  # what anomaly detection looks at
RECORDING = "recording"  # every operation is told to the tape of `compile`
ANOMALY: ContextVar[str] = ContextVar("anomaly", default="")

AUTOCAST: ContextVar[Any] = ContextVar(
    "autocast", default=None
)  # which dtypes operations choose; see tensor/precision.py


def is_grad_enabled() -> bool:
    """Whether operations record a graph here and now.

    >>> from tinygrad_cnn import autograd
    >>> autograd.is_grad_enabled()
    True
    """
    return MODE.get() is RECORD


def is_inference_mode_enabled() -> bool:
    """Whether the code runs inside `inference_mode()`.

    >>> from tinygrad_cnn import autograd
    >>> autograd.is_inference_mode_enabled()
    False
    """
    return MODE.get() is INFERENCE


def current_scope() -> str:
    """The path of the module that is running, such as `features.3`; empty outside of modules."""
    return SCOPE.get()


GRADIENT = "∇"  # the outermost part of the path of what the gradient rules of a module compute


def gradient_scope(scope: str) -> str:
    """Where a gradient rule of a node made in `scope` records its operations: `∇.features.3`."""
    if isinstance(scope, Call) and hasattr(scope, "gradient"):
        return scope.gradient
    path = f"{GRADIENT}.{scope}" if scope else GRADIENT
    if not isinstance(scope, Call):
        return path
    scope.gradient = call = Call(path)
    call.kind, call.outer = scope.kind, gradient_scope(scope.outer)
    return call


def in_scope() -> str:
    """The end of an error message: ` [in features.3]` inside a module, nothing outside."""
    scope = SCOPE.get()
    return f" [in {scope}]" if scope else ""


@contextmanager
def module_scope(path: str) -> Iterator[None]:
    """Nodes made inside carry `path`."""
    token = SCOPE.set(path)
    try:
        yield
    finally:
        SCOPE.reset(token)


class Mode(ContextDecorator):
    """A block, or a decorated function, that runs in another mode; it may be entered again inside itself."""

    variable: ClassVar[ContextVar[Any]] = MODE
    mode = RECORD

    def __init__(self) -> None:
        self._tokens: list[Token[Any]] = []

    def _recreate_cm(self) -> Self:
        # A decorated function may run in several threads at once: each call gets a block of its own.
        fresh = object.__new__(type(self))
        fresh.__dict__.update(self.__dict__, _tokens=[])
        return fresh

    def __call__(self, function: F) -> F:
        if isclass(function):
            raise RuntimeError(
                f"{type(self).__name__}: a class can't be decorated, since nobody could tell whether its constructor "
                f"or all methods are meant; decorate methods of {function.__name__}"
            )
        if iscoroutinefunction(function):
            return self._coroutine(function)  # type: ignore[return-value]
        if isasyncgenfunction(function):
            return self._async_generator(function)  # type: ignore[return-value]
        if not isgeneratorfunction(function):
            return super().__call__(function)

        @wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Any:
            # The mode holds while the generator's own code runs, and not between its yields.
            iterator = function(*args, **kwargs)
            resume = partial(next, iterator)
            try:
                while True:
                    try:
                        with self._recreate_cm():
                            value = resume()
                    except StopIteration as stop:
                        return stop.value
                    try:
                        resume = partial(iterator.send, (yield value))
                    except Exception as error:  # thrown in from outside: the generator may catch it
                        resume = partial(iterator.throw, error)
            finally:
                with self._recreate_cm():
                    iterator.close()

        return generator  # type: ignore[return-value]

    def _coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            # While it waits, other tasks run in contexts of their own.
            with self._recreate_cm():
                return await function(*args, **kwargs)

        return coroutine

    def _async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def generator(*args: Any, **kwargs: Any) -> Any:
            iterator = function(*args, **kwargs)
            resume = iterator.__anext__
            try:
                while True:
                    try:
                        with self._recreate_cm():
                            value = await resume()
                    except StopAsyncIteration:
                        return
                    try:
                        resume = partial(iterator.asend, (yield value))
                    except Exception as error:  # thrown in from outside: the generator may catch it
                        resume = partial(iterator.athrow, error)
            finally:
                with self._recreate_cm():
                    await iterator.aclose()

        return generator

    def __enter__(self) -> Self:
        self._tokens.append(self.variable.set(self.mode))
        return self

    def __exit__(self, *exception: object) -> None:
        self.variable.reset(self._tokens.pop())


class _PlainMode(Mode):
    """A mode without arguments, which may decorate without parentheses."""

    @overload
    def __new__(cls) -> Self: ...
    @overload
    def __new__(cls, function: F) -> F: ...  # type: ignore[misc]
    def __new__(cls, function: Any = None) -> Any:
        return super().__new__(cls) if function is None else cls()(_callable(cls, function))


def _callable(mode: type, function: Any) -> Any:
    if not callable(function):
        raise TypeError(f"{mode.__name__}: it takes nothing, or a function to decorate; got {function!r}")
    return function


class no_grad(_PlainMode):  # noqa: N801 - PyTorch's name
    """Inside, operations record nothing and their results do not require gradients.

    Works as a block and as a decorator (`@no_grad()` or `@no_grad`) of functions, generators, coroutines and
    asynchronous generators, and can be nested. Each thread and each asyncio task has a state of its own, which starts
    with recording in a thread, and with the creator's state in a task. Within inference mode it changes nothing.

    Raises:
        RuntimeError: as a decorator of a class.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> with tg.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    mode = NO_RECORD

    def __enter__(self) -> Self:
        self._tokens.append(MODE.set(INFERENCE if MODE.get() is INFERENCE else NO_RECORD))
        return self


class enable_grad(_PlainMode):  # noqa: N801 - PyTorch's name
    """Inside, operations record again, also within `no_grad`.

    >>> import tinygrad_cnn as tg
    >>> with tg.no_grad(), tg.enable_grad():
    ...     tg.is_grad_enabled()
    True
    """

    mode = RECORD


class inference_mode(Mode):  # noqa: N801 - PyTorch's name
    """`no_grad` whose tensors can never be part of a graph: using one where it would be saved is an error.

    That holds for every tensor made inside, computed or created; views of tensors from outside stay what those are.

    Args:
        mode: False makes the block do nothing but end an outer inference mode, as in PyTorch.

    >>> import tinygrad_cnn as tg
    >>> with tg.inference_mode():
    ...     tg.is_inference_mode_enabled(), tg.is_grad_enabled()
    (True, False)
    """

    @overload
    def __new__(cls, mode: bool = True) -> Self: ...
    @overload
    def __new__(cls, mode: F) -> F: ...  # type: ignore[misc]
    def __new__(cls, mode: Any = True) -> Any:
        return super().__new__(cls) if isinstance(mode, int) else cls()(_callable(cls, mode))

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = INFERENCE if mode else RECORD


class _Switch(Mode):
    """A mode that begins at once: as a function for good, and with `with` until the end of the block."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode
        self._switched: Token[str] | None = self.variable.set(mode)

    def _recreate_cm(self) -> Self:
        fresh = super()._recreate_cm()
        fresh.__dict__["_switched"] = None
        return fresh

    def __call__(self, function: F) -> F:
        self._undo()  # as a decorator it concerns the function alone
        return super().__call__(function)

    def __enter__(self) -> Self:
        self._undo()
        return super().__enter__()

    def _undo(self) -> None:
        if self._switched is not None:
            self.variable.reset(self._switched)
            self._switched = None


class set_grad_enabled(_Switch):  # noqa: N801 - PyTorch's name
    """Switch recording on or off: at once when called as a function, for a block when used with `with`.

    >>> import tinygrad_cnn as tg
    >>> with tg.set_grad_enabled(False):
    ...     tg.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        super().__init__(RECORD if mode else NO_RECORD)


class detect_anomaly(Mode):  # noqa: N801 - PyTorch's name
    """Inside, NaN and infinity are errors where they first appear, forward and backward, for finding bugs: it is slow.

    The error names the operation, the module it ran in and the line of the program. Other errors of `backward` name
    the line of the forward pass too, if that ran inside.

    Args:
        check_nan: False checks no values and remembers lines alone.

    >>> import tinygrad_cnn as tg
    >>> with tg.autograd.detect_anomaly():  # doctest: +ELLIPSIS
    ...     tg.zeros(2).log()
    Traceback (most recent call last):
    RuntimeError: detect_anomaly: log at ... gave infinite values; its inputs have finite values only
    """

    variable = ANOMALY

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__()
        self.mode = VALUES if check_nan else LINES


class set_detect_anomaly(_Switch):  # noqa: N801 - PyTorch's name
    """Switch anomaly detection on or off: at once when called as a function, for a block when used with `with`.

    >>> import tinygrad_cnn as tg
    >>> with tg.autograd.set_detect_anomaly(True):
    ...     tg.autograd.is_anomaly_enabled()
    True
    """

    variable = ANOMALY

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__((VALUES if check_nan else LINES) if mode else "")


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on.

    >>> from tinygrad_cnn import autograd
    >>> autograd.is_anomaly_enabled()
    False
    """
    return ANOMALY.get() in {LINES, VALUES}
