"""Tensor methods about the graph: what requires a gradient, backward, and the hooks on the way."""

from collections.abc import Callable, Sequence
from typing import Any, Self

from ..autograd import Leaf, Node
from ..autograd.hooks import RemovableHandle, add_hook
from ..autograd.outputs import OutputNode
from ..dtypes import is_floating
from ..errors import GraphError, ShapeError
from .base import Retained, TensorBase
from .gradient import as_gradient, run_backward


class AutogradMethods(TensorBase):
    """Gradients, history and hooks."""

    __slots__ = ()

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to or through this tensor.

        >>> tg.ones(2).requires_grad
        False
        """
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Collect a gradient here (or stop to), in place.

        Raises:
            RuntimeError: for a dtype that is not floating-point, or a computed tensor that shall stop.

        >>> import tinygrad_cnn as tg
        >>> tg.zeros(2).requires_grad_()
        tensor([0., 0.], requires_grad=True)
        """
        if requires_grad:
            if not is_floating(self.dtype):
                raise GraphError(
                    f"requires_grad: only floating-point tensors can require gradients; this one has dtype {self.dtype}"
                )
            if self.node is None:
                self.node = Leaf(self)
                self.view_of = (
                    None  # its history starts here, whatever happens to the tensor whose memory it looks into
                )
        elif self.node is not None and not isinstance(self.node, Leaf):
            raise GraphError(
                "requires_grad: this tensor was computed, so it can't stop requiring a gradient; "
                "use .detach() to get its values alone"
            )
        else:
            self.node = None
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was not computed from any that requires grad.

        >>> import tinygrad_cnn as tg
        >>> x = tg.ones(2, requires_grad=True)
        >>> x.is_leaf, (x * 2).is_leaf, (x * 2).detach().is_leaf
        (True, False, True)
        """
        return self.node is None or isinstance(self.node, Leaf)

    @property
    def grad_fn(self) -> Any:
        """The node that computed this tensor, None for a leaf; one node for all outputs of a Function.

        >>> import tinygrad_cnn as tg
        >>> x = tg.ones(2, requires_grad=True)
        >>> x.grad_fn, (x * 2).grad_fn.name()
        (None, 'mul')
        """
        if self.view_of is not None:
            self.refresh()
        node = self.node
        return None if isinstance(node, Leaf) else node.hub if isinstance(node, OutputNode) else node

    @property
    def output_nr(self) -> int:
        """Which output of `grad_fn` this is; 0 for a leaf.

        >>> tg.ones(2).output_nr
        0
        """
        return self.node.number if isinstance(self.node, OutputNode) else 0

    @property
    def _version(self) -> int:
        """How often the memory was written to; raises RuntimeError for a tensor of inference mode."""
        return self.storage.earlier + self.storage.version

    def is_inference(self) -> bool:
        """Whether this tensor was made in inference mode.

        >>> import tinygrad_cnn as tg
        >>> with tg.inference_mode():
        ...     tg.ones(1).is_inference()
        True
        """
        return not self.storage.counts

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Any] | TensorBase | None = None,
    ) -> None:
        """Add the derivative of this tensor to the `.grad` of every leaf it was computed from.

        Args:
            gradient: what the derivative is weighted with, of this tensor's shape; 1 for a scalar.
            retain_graph: keep what was saved, to go through the graph again. Default: `create_graph`.
            create_graph: make the gradients differentiable themselves.
            inputs: accumulate into these tensors alone.

        Raises:
            RuntimeError: without a graph, after it was freed, for a saved value changed in place, or without `gradient`
                for a tensor that is not a scalar.

        >>> import tinygrad_cnn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4.])
        """
        run_backward((self,), (gradient,), retain_graph=retain_graph, create_graph=create_graph, inputs=inputs)

    # hooks ------------------------------------------------------------------------------------------------------------

    def retain_grad(self) -> None:
        """Let `backward` set `.grad` of this computed tensor too, by the values it has after all writes in place.

        >>> import tinygrad_cnn as tg
        >>> y = tg.ones(2, requires_grad=True) * 3
        >>> y.retain_grad()
        >>> (y * y).sum().backward()
        >>> y.grad
        tensor([6., 6.])
        """
        node = self._node_for("retain_grad")
        if not isinstance(node, Leaf) and not self.retains_grad:
            add_hook(node, Retained(self))

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was called on this computed tensor.

        >>> tg.ones(2).retains_grad
        False
        """
        hooks = None if self.node is None else self.node.hooks
        return any(isinstance(hook, Retained) and hook.tensor() is self for hook in hooks or ())

    def register_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook(gradient)` when this tensor's gradient is complete; what it returns, unless None, replaces it.

        Raises:
            RuntimeError: for a tensor that requires no gradient; in backward, for a gradient of another shape.
            TypeError: in backward, for a hook that returns neither a tensor nor None.

        >>> import tinygrad_cnn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> with x.register_hook(lambda g: g * 10):
        ...     x.sum().backward()
        >>> x.grad
        tensor([10., 10.])
        """
        node = self._node_for("register_hook")

        def on_gradient(g: Any) -> Any:
            replaced = hook(as_gradient(g))
            if replaced is None:
                return None
            if not isinstance(replaced, TensorBase):
                raise TypeError(f"register_hook: a hook must return a tensor or None; got {type(replaced).__name__}")
            if replaced.shape != g.shape:
                raise ShapeError(
                    f"register_hook: a hook returned a gradient of shape {tuple(replaced.shape)} "
                    f"for one of shape {tuple(g.shape)}"
                )
            return replaced if isinstance(g, TensorBase) else replaced.array

        handle = add_hook(node, on_gradient)
        hooks = node.hooks or []
        hooks.sort(key=lambda each: isinstance(each, Retained))  # what is retained is the gradient after all hooks
        return handle

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook(tensor)` when backward has added to the `.grad` of this leaf.

        Here all leaves get their gradients at the end of the walk, so the hooks run then.

        Raises:
            RuntimeError: for a tensor that is no leaf, or requires no gradient.

        >>> import tinygrad_cnn as tg
        >>> w = tg.ones(2, requires_grad=True)
        >>> handle = w.register_post_accumulate_grad_hook(lambda w: print("gradient:", w.grad))
        >>> (w * 3).sum().backward()
        gradient: tensor([3., 3.])
        """
        node = self._node_for("register_post_accumulate_grad_hook")
        if not isinstance(node, Leaf):
            raise GraphError("register_post_accumulate_grad_hook: only leaves accumulate; this tensor was computed")
        return node.call_after(hook)

    def _node_for(self, caller: str) -> Node | Leaf:
        if self.view_of is not None:
            self.refresh()
        if self.node is None:
            raise GraphError(
                f"{caller}: this tensor has no graph (it does not require grad), so no gradient reaches it"
            )
        return self.node
