"""The floor under the transforms: inputs that are watched, outputs that are let go again.

A transform differentiates by new leaves in place of the caller's tensors, or by copies that are connected with them if
they have a history (as inside another transform). Its results keep a graph only if it leads to something outside: to a
tensor of the caller's, or to the leaves of the transform around it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..autograd import Leaf, Node, ancestors, enable_grad, is_grad_enabled
from ..derivatives import grad
from ..ops import copy
from ..tensor import Tensor
from .trees import Build, flatten, map_tree


class Level:
    """One run of a transform.

    Attributes:
        connected: whether the caller records, so that results may have a graph at all.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.connected = is_grad_enabled()
        self._own: set[int] = set()
        self._leaves: list[Any] = []  # keeps them alive, so that the ids above stay theirs

    def watch(self, x: Any, what: str) -> Tensor:
        """A tensor with the same values that can be differentiated by.

        Raises:
            TypeError: for something else than a floating-point tensor.
        """
        if not isinstance(x, Tensor):
            raise TypeError(f"{self.name}: {what} must be a tensor or a nest of tensors; got {type(x).__name__}")
        if not x.is_floating_point():
            raise TypeError(f"{self.name}: {what} must be floating-point; got a tensor of dtype {x.dtype}")
        if self.connected and x.requires_grad:
            with enable_grad():
                return copy(x)
        leaf = x.detach().requires_grad_()
        self.own(leaf)
        return leaf

    def own(self, leaf: Tensor) -> None:
        """Count a leaf among this level's."""
        self._own.add(id(leaf.node))
        self._leaves.append(leaf.node)

    def watch_tree(self, tree: Any, what: str) -> tuple[Any, list[Tensor], Build]:
        """A nest of watched tensors, its leaves, and what builds such a nest."""
        leaves, build = flatten(tree)
        watched = [self.watch(x, what) for x in leaves]
        return build(iter(watched)), watched, build

    def leads_outside(self, tensors: Iterable[Any]) -> bool:
        """Whether the tensors' graphs lead to anything but this level's own leaves."""
        if not self.connected:
            return False
        roots: list[Node | Leaf] = [x.node for x in tensors if isinstance(x, Tensor) and x.node is not None]
        return any(isinstance(node, Leaf) and id(node) not in self._own for node in ancestors(roots))

    def let_go(self, tree: Any) -> Any:
        """Results without the part of their graph that is this level's alone."""

        def free(x: Any) -> Any:
            return x.detach() if isinstance(x, Tensor) and x.requires_grad and not self.leads_outside([x]) else x

        return map_tree(free, tree)


def call(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], has_aux: bool, name: str) -> Any:
    """The output of a function and its auxiliary output (None without), recorded in any case.

    Raises:
        TypeError: where there shall be an auxiliary output and there is not.
    """
    with enable_grad():
        returned = function(*args, **kwargs)
    if not has_aux:
        return returned, None
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise TypeError(
            f"{name}: with has_aux=True the function must return a pair (output, aux); got {returned!r:.60}"
        )
    return returned


def tensors_of(output: Any, name: str) -> tuple[list[Tensor], Build]:
    """The leaves of an output, all of which must be tensors."""
    leaves, build = flatten(output)
    for x in leaves:
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}: the function must return tensors; got {type(x).__name__}")
    return leaves, build


def gradients(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], weights: Sequence[Any], *, create: bool
) -> tuple[Tensor, ...]:
    """Gradients of the weighted outputs, zeros where nothing depends on an input; the graph is kept."""
    pairs = [(out, weight) for out, weight in zip(outputs, weights, strict=True) if out.requires_grad]
    if not pairs:
        return tuple(x.detach().new_zeros(x.shape) for x in inputs)
    with enable_grad():
        return grad(
            [out for out, _ in pairs],
            inputs,
            [weight for _, weight in pairs],
            retain_graph=True,
            create_graph=create,
            materialize_grads=True,
        )


class Forward:
    """J v by way of u ↦ uᵀJ: the graph of that is made once, at u = 0, where it has the same derivative."""

    def __init__(self, level: Level, outputs: list[Tensor], inputs: list[Tensor]) -> None:
        self.outputs = outputs
        self._u = [x.new_zeros(x.shape).requires_grad_() if x.requires_grad else None for x in outputs]
        self._level = level
        for u in self._u:
            if u is not None:
                level.own(u)
        self._outside = level.leads_outside(outputs)
        self._products = gradients(outputs, inputs, self._u, create=True)

    def product(self, directions: list[Tensor]) -> list[Tensor]:
        """J v for each output."""
        smooth = [u for u in self._u if u is not None]
        create = self._outside or any(v.requires_grad for v in directions)
        found = iter(gradients(self._products, smooth, directions, create=create) if smooth else ())
        return [
            out.new_zeros(out.shape) if u is None else next(found) for out, u in zip(self.outputs, self._u, strict=True)
        ]
