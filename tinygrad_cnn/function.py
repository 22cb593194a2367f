"""PyTorch's way to write an operation: a class with static `forward(ctx, …)` and `backward(ctx, g)`."""

from typing import Any

from .autograd import Node, Op, no_grad
from .autograd.modes import MODE, RECORD, SCOPE
from .errors import GraphError
from .tensor import Tensor

__all__ = ["Function", "FunctionCtx"]


class FunctionCtx:
    """What `forward` leaves for `backward`.

    Attributes:
        saved_tensors: what `save_for_backward` was given.
        needs_input_grad: for each argument of forward, whether it wants a gradient.
    """

    saved_tensors: tuple[Any, ...] = ()
    needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for backward."""
        self.saved_tensors = tensors


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
        # A saved output would hold its own node, and the node the output: keep its values only.
        ctx.saved_tensors = tuple(Tensor.from_array(out.array) if x is out else x for x in ctx.saved_tensors)
        if out.node is not None or any(out is x for x in tensors):
            out = Tensor.from_array(out.array)
        if MODE.get() is RECORD and any(ctx.needs_input_grad):
            for x in tensors:
                if x is not None:
                    x.refresh()
            operation = _operation(cls, ctx, len(args))
            shapes = tuple(() if x is None else x.shape for x in tensors)
            nodes = tuple(None if x is None else x.node for x in tensors)
            out.node = Node(operation, {}, nodes, shapes, out.shape, out.dtype, SCOPE.get(), {})
        return out


def _operation(cls: type[Function], ctx: FunctionCtx, count: int) -> Op:
    """An op whose joint rule is the class's `backward`."""

    def rule(g: Any) -> tuple[Any, ...]:
        plain = not isinstance(g, Tensor)
        returned = cls.backward(ctx, Tensor.from_array(g) if plain else g)
        gradients = returned if isinstance(returned, tuple) else (returned,)
        if len(gradients) != count:
            raise GraphError(
                f"{cls.__name__}.backward returned {len(gradients)} gradients for the {count} arguments of forward"
            )
        return tuple(x.array if plain and isinstance(x, Tensor) else x for x in gradients)

    def forward(backend: Any, *inputs: Any) -> Any:
        raise GraphError(f"{cls.__name__} is applied with {cls.__name__}.apply(...)")

    forward.__name__ = cls.__name__
    return Op(forward, {}, rule, (), broadcasts=False, dtypes="any", view=False)
