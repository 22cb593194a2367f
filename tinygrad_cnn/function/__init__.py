"""PyTorch's way to write an operation: a class with static `forward(ctx, …)` and `backward(ctx, g)`."""

import weakref
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ClassVar

from ..autograd import Leaf, Node, Op, Storage, is_grad_enabled, no_grad
from ..autograd.anomaly import user_line
from ..autograd.modes import ANOMALY, MODE, RECORD, SCOPE
from ..autograd.packing import PACKING, pack
from ..dtypes import is_floating
from ..errors import GraphError
from ..tensor import Tensor
from .context import FunctionCtx
from .node import FunctionNode, Output

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class _NotImplementedError(NotImplementedError, GraphError):
    """A method that a subclass has to define."""


class Function:
    """A function with a derivative of one's own. Subclass it, and call `apply`.

    The derivatives that `backward` returns, one per argument of `forward` (None for what is no tensor), may be computed
    with tensor operations; then they can be differentiated again. `forward` returns a tensor or a tuple, and `backward`
    takes a gradient for each item. Instead of taking `ctx`, `forward` may leave it to `setup_context(ctx, inputs,
    output)`. Mostly `@tinygrad_cnn.autograd.op` is shorter.

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
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the output from `ctx` and the arguments; to be overridden."""
        raise _NotImplementedError("Function: a subclass must define forward(ctx, ...) as a static method")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Save what backward needs; with this one overridden, `forward` takes the arguments alone."""

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Compute a gradient for each argument of forward; to be overridden (or `vjp`, its other name)."""
        raise _NotImplementedError("Function: a subclass must define backward(ctx, g) as a static method")

    vjp = backward

    @classmethod
    def rule(cls) -> Callable[..., Any]:
        """`backward`, or `vjp` where that is the one that was overridden."""
        return cls.vjp if cls.backward is Function.backward else cls.backward

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and record it; what it returns comes back with gradients where they are wanted.

        Raises:
            RuntimeError: when an argument that was marked dirty is not returned, or cannot be written to.
        """
        ctx = FunctionCtx()
        tensors = tuple(arg if isinstance(arg, Tensor) else None for arg in args)
        for x in tensors:
            if x is not None:
                x.refresh()
        nodes = tuple(None if x is None else x.node for x in tensors)
        ctx.needs_input_grad = tuple(node is not None for node in nodes)
        with no_grad():
            if _has_setup(cls):
                returned = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, returned)
            else:
                returned = cls.forward(ctx, *args, **kwargs)
            single = not isinstance(returned, tuple)
            outputs = (returned,) if single else returned
            results = _results(cls, ctx, tensors, outputs)
        if MODE.get() is RECORD and any(ctx.needs_input_grad):
            _record(cls, ctx, tensors, nodes, outputs, results, single)
        ctx.given = ctx.constant = ctx.dirty = ()
        return results[0] if single else tuple(results)


def _has_setup(cls: type[Function]) -> bool:
    return cls.setup_context is not Function.setup_context


def _results(cls: type[Function], ctx: FunctionCtx, tensors: tuple[Any, ...], outputs: tuple[Any, ...]) -> list[Any]:
    """The outputs as tensors that may have nodes of their own; what was written to in place is the argument itself."""
    for x in ctx.dirty:
        if not any(out is x for out in outputs):
            raise GraphError(f"{cls.__name__}: an argument that forward marked as dirty must be one of its outputs")
    results: list[Any] = []
    for number, out in enumerate(outputs):
        mine = isinstance(out, Tensor) and not any(out is x for x in ctx.dirty)
        taken = any(out is x for x in (*tensors, *outputs[:number]))
        results.append(out.view(out.shape) if mine and (taken or out.node is not None) else out)
    return results


def _record(
    cls: type[Function],
    ctx: FunctionCtx,
    tensors: tuple[Any, ...],
    nodes: tuple[Node | Leaf | None, ...],
    outputs: tuple[Any, ...],
    results: list[Any],
    single: bool,
) -> None:
    """Make the results outputs of a node: arguments and saved tensors keep their nodes, the results get new ones."""
    smooth = [
        number
        for number, out in enumerate(outputs)
        if isinstance(out, Tensor) and is_floating(out.dtype) and not any(out is x for x in ctx.constant)
    ]
    if not smooth:
        return
    for x in ctx.dirty:
        x.check_writable(cls.__name__)
    operation = _operation(cls)
    described: tuple[Output, ...] = tuple((x.shape, x.dtype) if isinstance(x, Tensor) else None for x in results)
    shape, dtype = described[smooth[0]] or ((), None)
    shapes = tuple(() if x is None else x.shape for x in tensors)
    node = FunctionNode(operation, {}, nodes, shapes, shape, dtype, SCOPE.get(), {})
    node.function, node.ctx, node.outputs, node.single = cls, ctx, described, single
    if ANOMALY.get():
        node.source = user_line()
    for number in smooth:
        if any(results[number] is x for x in ctx.dirty):
            results[number].record_write(cls.__name__, node.output(number))
        else:
            results[number].node = node.output(number)

    saved: dict[str, tuple[Any, Storage | None, int]] = {}
    places: list[tuple[str, str, Node | Leaf | None, int]] = []
    for i, x in enumerate(ctx.given):
        if x is None:
            places.append(("", "", None, -1))
            continue
        x.refresh()
        dirty = any(x is y for y in ctx.dirty)
        at = None if dirty else next((j for j, argument in enumerate(tensors) if argument is x), None)
        number = next((j for j, out in enumerate(outputs) if out is x), -1) if at is None else -1
        if at is not None:
            what = f"its input {operation.inputs[min(at, len(operation.inputs) - 1)]}"
        elif number >= 0:
            what = "its output" if single else f"its output {number}"
        else:
            what = f"its saved tensor {i}"
        source = x.node if at is None else nodes[at]
        places.append((str(i), what, None if number >= 0 else source, number if number in smooth else -1))
        saved[str(i)] = (x.array, x.storage, x.storage.version)
    node.saved, node.places = saved, tuple(places)
    if (packing := PACKING.get()) is not None:
        pack(node, packing)
    ctx.node = weakref.ref(node)


def _operation(cls: type[Function]) -> Op:
    """The op under which a Function's nodes go: it has a name and names of inputs, but computes nothing."""
    if "_op" not in cls.__dict__:

        def forward(backend: Any, *inputs: Any) -> Any:
            raise GraphError(f"{cls.__name__} is applied with {cls.__name__}.apply(...)")

        forward.__name__ = cls.__name__
        operation = Op(forward, {}, None, (), broadcasts=False, dtypes="any", view=False)
        names = tuple(signature(cls.forward).parameters)[0 if _has_setup(cls) else 1 :]
        if names:
            operation.inputs = names
        cls._op = operation
    return cls._op


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """For a `backward` that computes with arrays: its gradients can't be differentiated again, and say so.

    >>> import tinygrad_cnn as tg
    >>> class Square(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.x = x.numpy(force=True)
    ...         return x * x
    ...
    ...     @staticmethod
    ...     @once_differentiable
    ...     def backward(ctx, g):
    ...         return tg.from_numpy(2 * ctx.x * g.numpy())
    >>> x = tg.tensor([3.0], requires_grad=True)
    >>> tg.autograd.grad(Square.apply(x).sum(), x)
    (tensor([6.]),)
    """

    @wraps(backward)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        recording = is_grad_enabled()
        with no_grad():
            returned = backward(ctx, *grads)
        if not recording or not any(isinstance(g, Tensor) and g.requires_grad for g in grads):
            return returned
        listed = returned if isinstance(returned, tuple) else (returned,)
        # The way back to what the gradients depend on leads through an error; it must not look as if there were none.
        node = ctx.node()
        anchors = [g for g in grads if isinstance(g, Tensor)]
        anchors += [Tensor.from_array(anchors[0].array, source) for source in node.inputs if source is not None]
        ends = tuple(_End.apply(g.detach(), *anchors) if isinstance(g, Tensor) else g for g in listed)
        return ends if isinstance(returned, tuple) else ends[0]

    return wrapper


class _End(Function):
    """The first argument, which must not be differentiated by the others."""

    @staticmethod
    def forward(ctx: Any, x: Any, *anchors: Any) -> Any:
        return x

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise GraphError(
            "once_differentiable: trying to differentiate twice a Function whose backward was marked as "
            "@once_differentiable"
        )
