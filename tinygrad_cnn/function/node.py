"""The node that a Function is recorded as: its rule is the `backward` of the class."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..autograd import Leaf, Node, enable_grad, no_grad
from ..autograd.graph import Lift
from ..autograd.op import sum_to
from ..autograd.outputs import Gradients, OutputNode
from ..errors import GraphError, ShapeError
from ..ops import cast
from ..tensor import Tensor, backend_for
from .context import LIFT, FunctionCtx

if TYPE_CHECKING:
    from . import Function

Output = tuple[tuple[int, ...], Any] | None


class FunctionNode(Node):
    """A node whose rule is the `backward` of a Function.

    Attributes:
        function: the class.
        ctx: what forward left; its attributes can be read at the node, as in PyTorch.
        outputs: shape and dtype of each output, None for what is no tensor.
        single: whether forward returned one tensor rather than a tuple.
        places: for each saved tensor its key in `saved`, what messages call it, its node, and the number of the output
            that it is (−1 for none).
    """

    __slots__ = ("ctx", "function", "outputs", "places", "single")

    function: "type[Function]"
    ctx: FunctionCtx
    outputs: tuple[Output, ...]
    single: bool
    places: tuple[tuple[str, str, Node | Leaf | None, int], ...]

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The saved tensors."""
        return tuple(self.unpack(None))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in FunctionNode.__slots__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        return getattr(self.ctx, name)

    def output(self, number: int) -> Node:
        """The node of one output."""
        shape_and_dtype = self.outputs[number]
        if self.single or shape_and_dtype is None:
            return self
        return OutputNode(self, number, *shape_and_dtype)

    def unpack(self, lift: Lift | None) -> Iterator[Any]:
        """The saved tensors, with their graphs when there is a `lift`."""
        for name, what, source, number in self.places:
            if not name:
                yield None
                continue
            array = self.saved_value(name, what)
            if lift is None:
                tensor = Tensor.from_array(array)
            else:
                tensor = lift(array, source if number < 0 else self.output(number))
            stored, storage, _ = dict.__getitem__(self.saved or {}, name)
            if storage is not None and tensor.array is stored:
                tensor.storage = storage  # the memory is still the user's: writes to it count
            yield tensor

    def input_gradients(self, g: Any, lift: Lift | None = None) -> Iterator[tuple[Node | Leaf, Any]]:
        """Call the user's `backward`, and check what it returns."""
        arrived = g.parts if isinstance(g, Gradients) else {0: g}
        token = LIFT.set(lift)
        try:
            with no_grad() if lift is None else enable_grad():
                returned = self.function.rule()(self.ctx, *self._gradients_of_outputs(arrived, lift))
        finally:
            LIFT.reset(token)
        gradients = returned if isinstance(returned, tuple) else (returned,)
        count, name = len(self.inputs), self.name
        if len(gradients) < count or any(gradient is not None for gradient in gradients[count:]):
            raise GraphError(
                f"{name}.backward returned {len(gradients)} gradients for the {count} arguments of forward"
            )
        for i, (target, gradient) in enumerate(zip(self.inputs, gradients, strict=False)):
            if target is not None and gradient is not None:
                fitted = self._fitted(i, gradient)
                yield target, fitted.array if lift is None else fitted

    def _gradients_of_outputs(self, arrived: dict[int, Any], lift: Lift | None) -> Iterator[Any]:
        """A gradient for each output: zeros, or None if they are not wanted, where nothing arrived."""
        like = next(iter(arrived.values()))
        for number, output in enumerate(self.outputs):
            if number in arrived:
                yield Tensor.from_array(arrived[number]) if lift is None else arrived[number]
            elif output is None or not self.ctx.materialize_grads:
                yield None
            else:
                backend = like.backend if isinstance(like, Tensor) else backend_for(Tensor.from_array(like).device)
                yield Tensor.from_array(backend.xp.zeros(output[0], dtype=output[1]))

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
