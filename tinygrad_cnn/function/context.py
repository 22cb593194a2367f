"""What `forward` of a Function leaves for its `backward`."""

import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..autograd.graph import Lift
from ..tensor import Tensor

if TYPE_CHECKING:
    from .node import FunctionNode

LIFT: ContextVar[Lift | None] = ContextVar("lift", default=None)  # of the walk whose `backward` is running


class FunctionCtx:
    """What `forward` leaves for `backward`: tensors by `save_for_backward`, anything else as an attribute.

    Attributes:
        needs_input_grad: for each argument of forward, whether it wants a gradient.
        given: what is saved until the node is made.
        constant, dirty: the outputs and inputs that were marked.
        materialize_grads: whether outputs that nothing depends on have gradients of zeros in `backward`.
        node: the node, weakly.
    """

    needs_input_grad: tuple[bool, ...] = ()
    given: tuple[Any, ...] = ()
    constant: tuple[Any, ...] = ()
    dirty: tuple[Any, ...] = ()
    materialize_grads = True
    node: "weakref.ref[FunctionNode] | None" = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for backward; as with any operation, they must not be written to until then."""
        for tensor in tensors:
            if not isinstance(tensor, Tensor | None):
                raise TypeError(
                    f"save_for_backward: expected tensors; got {type(tensor).__name__}; keep other values as attributes"
                )
        self.given = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Without effect: forward-mode derivatives, for which PyTorch has it, are computed in another way here."""

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` was given; connected to the graph when the gradients are to be differentiable.

        Raises:
            RuntimeError: when the graph was freed, or a tensor was changed in place since.
        """
        node = None if self.node is None else self.node()
        return self.given if node is None else tuple(node.unpack(LIFT.get()))

    def mark_non_differentiable(self, *outputs: Any) -> None:
        """Let these outputs be constants."""
        self.constant = outputs

    def mark_dirty(self, *inputs: Any) -> None:
        """Say that forward writes to these arguments in place; it must return them, too."""
        self.dirty = inputs

    def set_materialize_grads(self, value: bool) -> None:
        """With False, `backward` gets None instead of zeros for an output that nothing depends on."""
        self.materialize_grads = value
