"""PyTorch's way to write an operation: a class with static `forward(ctx, …)` and `backward(ctx, g)`."""

import weakref
from collections.abc import Iterator
from contextvars import ContextVar
from inspect import signature
from typing import Any, ClassVar

from .autograd import Leaf, Node, Op, Storage, enable_grad, no_grad
from .autograd.anomaly import user_line
from .autograd.graph import Lift
from .autograd.modes import ANOMALY, MODE, RECORD, SCOPE
from .autograd.op import sum_to
from .errors import GraphError, ShapeError
from .ops import cast
from .tensor import Tensor

__all__ = ["Function", "FunctionCtx"]

_LIFT: ContextVar[Lift | None] = ContextVar("lift", default=None)  # of the walk whose `backward` is running


class FunctionCtx:
    """What `forward` leaves for `backward`: tensors by `save_for_backward`, anything else as an attribute.

    Attributes:
        needs_input_grad: for each argument of forward, whether it wants a gradient.
    """

    needs_input_grad: tuple[bool, ...] = ()
    _given: tuple[Any, ...] = ()
    _constant: tuple[Any, ...] = ()
    _node: "weakref.ref[_FunctionNode] | None" = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for backward; as with any operation, they must not be written to until then."""
        for tensor in tensors:
            if not isinstance(tensor, Tensor | None):
                raise TypeError(
                    f"save_for_backward: expected tensors; got {type(tensor).__name__}; keep other values as attributes"
                )
        self._given = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` was given; connected to the graph when the gradients are to be differentiable.

        Raises:
            RuntimeError: when the graph was freed, or a tensor was changed in place since.
        """
        node = None if self._node is None else self._node()
        return self._given if node is None else tuple(node.unpack(_LIFT.get()))

    def mark_non_differentiable(self, *outputs: Any) -> None:
        """Let these outputs be constants."""
        self._constant = outputs

    def set_materialize_grads(self, value: bool) -> None:
        """Without effect: with one output there is always a gradient."""


class Function:
    """A function with a derivative of one's own. Subclass it, and call `apply`.

    The derivatives that `backward` returns, one per argument of `forward` (None for what is no tensor), may be computed
    with tensor operations; then they can be differentiated again. Mostly `@tinygrad_cnn.autograd.op` is shorter.

    >>> import tinygrad_cnn as tg
    >>> class Cube(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * 3 * x * x
    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    _op: ClassVar[Op]

    @staticmethod
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; to be overridden."""
        raise GraphError("Function: a subclass must define forward(ctx, ...) as a static method")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Compute a gradient for each argument of forward; to be overridden."""
        raise GraphError("Function: a subclass must define backward(ctx, g) as a static method")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and record it.

        Raises:
            RuntimeError: for more than one tensor output; let one Function return each, or stack them.
        """
        ctx = FunctionCtx()
        tensors = [arg if isinstance(arg, Tensor) else None for arg in args]
        ctx.needs_input_grad = tuple(x is not None and x.requires_grad for x in tensors)
        with no_grad():
            out = cls.forward(ctx, *args, **kwargs)
            if not isinstance(out, Tensor):
                raise GraphError(f"{cls.__name__}.forward must return one tensor; got {type(out).__name__}")
            result = out
            if out.node is not None or any(out is x for x in tensors):
                result = out.view(out.shape)  # a tensor of its own, which may have a node of its own
        constant = any(out is x for x in ctx._constant)
        if MODE.get() is RECORD and any(ctx.needs_input_grad) and not constant:
            _record(cls, ctx, tensors, out, result)
        ctx._given = ctx._constant = ()
        return result


def _record(cls: type[Function], ctx: FunctionCtx, tensors: list[Any], out: Tensor, result: Tensor) -> None:
    """Make `result` the output of a node: arguments and saved tensors keep their nodes, the output gets its own."""
    operation = _operation(cls)
    saved: dict[str, tuple[Any, Storage | None, int]] = {}
    places: list[tuple[str, str, Node | Leaf | None]] = []
    for x in (*tensors, *ctx._given):
        if x is not None:
            x.refresh()
    for i, x in enumerate(ctx._given):
        at = next((j for j, argument in enumerate(tensors) if argument is x), None)
        if x is None:
            places.append(("", "", None))
            continue
        if at is not None:
            what = f"its input {operation.inputs[min(at, len(operation.inputs) - 1)]}"
        else:
            what = "its output" if x is out else f"its saved tensor {i}"
        name = "out" if x is out and at is None else str(i)
        saved[name] = (x.array, x.storage, x.storage.version)
        places.append((name, what, x.node))
    nodes = tuple(None if x is None else x.node for x in tensors)
    shapes = tuple(() if x is None else x.shape for x in tensors)
    node = _FunctionNode(operation, {}, nodes, shapes, result.shape, result.dtype, SCOPE.get(), saved)
    node.function, node.ctx, node.places = cls, ctx, tuple(places)
    ctx._node = weakref.ref(node)
    if ANOMALY.get():
        node.source = user_line()
    result.node = node


class _FunctionNode(Node):
    """A node whose rule is the `backward` of a Function.

    Attributes:
        places: for each saved tensor its key in `saved`, what messages call it, and its node.
    """

    __slots__ = ("ctx", "function", "places")

    function: type[Function]
    ctx: FunctionCtx
    places: tuple[tuple[str, str, Node | Leaf | None], ...]

    def unpack(self, lift: Lift | None) -> Iterator[Any]:
        """The saved tensors, with their graphs when there is a `lift`."""
        for name, what, source in self.places:
            if not name:
                yield None
                continue
            array = self.saved_value(name, what)
            tensor = Tensor.from_array(array) if lift is None else lift(array, self if name == "out" else source)
            if self.saved is not None:
                tensor.storage = self.saved[name][1]  # the memory is still the user's: writes to it count
            yield tensor

    def input_gradients(self, g: Any, lift: Lift | None = None) -> Iterator[tuple[Node | Leaf, Any]]:
        """Call the user's `backward`, and check what it returns."""
        token = _LIFT.set(lift)
        try:
            with no_grad() if lift is None else enable_grad():
                returned = self.function.backward(self.ctx, Tensor.from_array(g) if lift is None else g)
        finally:
            _LIFT.reset(token)
        gradients = returned if isinstance(returned, tuple) else (returned,)
        count, name = len(self.inputs), self.name
        if len(gradients) != count:
            raise GraphError(
                f"{name}.backward returned {len(gradients)} gradients for the {count} arguments of forward"
            )
        for i, (target, gradient) in enumerate(zip(self.inputs, gradients, strict=True)):
            if target is not None and gradient is not None:
                fitted = self._fitted(i, gradient)
                yield target, fitted.array if lift is None else fitted

    def _fitted(self, i: int, gradient: Any) -> Any:
        """A gradient in the shape and dtype of argument i, summed to it as PyTorch does if it broadcasts to more."""
        name, shape, target = self.name, self.input_shapes[i], self.inputs[i]
        if not isinstance(gradient, Tensor):
            raise TypeError(f"{name}.backward: gradient {i} must be a tensor or None; got {type(gradient).__name__}")
        if gradient.shape != shape:
            leading = gradient.ndim - len(shape)
            if leading < 0 or any(n not in (1, m) for n, m in zip(shape, gradient.shape[leading:], strict=True)):
                raise ShapeError(
                    f"{name}.backward: gradient {i} has shape {tuple(gradient.shape)}; "
                    f"argument {i} of forward has shape {tuple(shape)}; they must be equal"
                )
            gradient = sum_to(gradient, shape=shape)
        if target is not None and gradient.dtype != target.dtype:
            gradient = cast(gradient, dtype=target.dtype, source=gradient.dtype)
        return gradient


def _operation(cls: type[Function]) -> Op:
    """The op under which a Function's nodes go: it has a name and names of inputs, but computes nothing."""
    if "_op" not in cls.__dict__:

        def forward(backend: Any, *inputs: Any) -> Any:
            raise GraphError(f"{cls.__name__} is applied with {cls.__name__}.apply(...)")

        forward.__name__ = cls.__name__
        operation = Op(forward, {}, None, (), broadcasts=False, dtypes="any", view=False)
        names = tuple(signature(cls.forward).parameters)[1:]
        if names:
            operation.inputs = names
        cls._op = operation
    return cls._op
