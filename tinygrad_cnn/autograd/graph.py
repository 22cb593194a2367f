"""The graph: one node per recorded operation, one leaf per tensor that collects a gradient.

A node points at the nodes it was made from and at saved arrays, never strongly at a tensor; a leaf holds its tensor
weakly. So the graph lives exactly as long as a tensor that was computed with it, and goes without help from the garbage
collector. (Hooks and the `ctx` of a Function hold what their authors put there.)
"""

import weakref
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

from ..errors import GraphError
from .hooks import Hooked, Name, RemovableHandle

if TYPE_CHECKING:
    from ..graph_hooks import register_multi_grad_hook
    from ..saved_tensors import disable_saved_tensors_hooks, increment_version, save_on_cpu, saved_tensors_hooks
    from ..summary import graph_summary
    from .op import Op, Rule

__all__ = [
    "InferenceStorage",
    "Leaf",
    "Node",
    "Storage",
    "disable_saved_tensors_hooks",
    "graph_summary",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]

Array = Any
Lift = Callable[[Array, "Node | Leaf | None"], Any]

_order = count()


def moment() -> int:
    """A number that every node made from here on exceeds."""
    return next(_order)


class Storage:
    """The memory that a tensor and its views share, as autograd sees it: how often it was written, and by whom last.

    `shared` says that somebody else may see this memory: a view, `detach()`, a NumPy array. `earlier` counts the writes
    to the memory whose place this one took, and `counts` says whether writes are counted at all.

    >>> x = tg.ones(2)
    >>> _ = x[:1].add_(1)
    >>> x.storage.version, x.storage.changed_by
    (1, 'add_')
    """

    counts = True
    version = 0
    earlier = 0
    changed_by = ""
    shared = False

    def changed(self, by: str) -> None:
        """Count one write."""
        self.version += 1
        self.changed_by = by


class InferenceStorage(Storage):
    """Memory made in inference mode: it counts no writes, so nothing that was saved in it could be trusted.

    >>> with tg.inference_mode():
    ...     x = tg.ones(2)
    >>> isinstance(x.storage, InferenceStorage)
    True
    """

    counts = False

    @property
    def version(self) -> int:  # type: ignore[override]
        raise GraphError(
            "inference_mode: a tensor made in inference mode cannot be saved for backward; "
            "use no_grad() where it is made, or x.clone() outside"
        )

    def changed(self, by: str) -> None:
        self.changed_by = by


class Node(Hooked):
    """One recorded operation.

    Attributes:
        name: the op's name, such as `conv2d`.
        op, params: the operation and its fixed parameters.
        inputs: the node or leaf behind each input, None for an input that wants no gradient.
        input_shapes: the shape of each input, () for a Python number.
        shape, dtype: of the output.
        scope: path of the module in which it was made, such as `features.3`.
        source: `file:line` in the user's program, when anomaly detection was on.
        hooks: called with the gradient of the output when it is complete; what one returns replaces it.

    >>> y = tg.ones(2, requires_grad=True) * 3
    >>> y.node.name, y.node.shape, len(y.node.inputs)
    ('mul', (2,), 2)
    """

    __slots__ = (
        "__weakref__",
        "dtype",
        "hooks",
        "input_shapes",
        "inputs",
        "op",
        "order",
        "params",
        "saved",
        "scope",
        "shape",
        "source",
    )

    def __init__(
        self,
        op: "Op",
        params: dict[str, Any],
        inputs: tuple["Node | Leaf | None", ...],
        input_shapes: tuple[tuple[int, ...], ...],
        shape: tuple[int, ...],
        dtype: Any,
        scope: str,
        saved: dict[str, tuple[Array, Storage | None, int]],
    ) -> None:
        self.op = op
        self.params = params
        self.inputs = inputs
        self.input_shapes = input_shapes
        self.shape = shape
        self.dtype = dtype
        self.scope = scope
        self.saved: dict[str, tuple[Array, Storage | None, int]] | None = saved
        self.source: str | None = None
        self.hooks: list[Callable[[Any], Any]] | None = None
        self.order = next(_order)  # grows along every path, so sorting by it is a topological order

    @property
    def name(self) -> str:
        """The op's name; PyTorch's `name()` gives it too."""
        return Name(self.op.name)

    @property
    def next_functions(self) -> tuple[tuple["Node | Leaf | None", int], ...]:
        """PyTorch's view of `inputs`: pairs of a node and the number of its output, which here is always 0."""
        return tuple((node, 0) for node in self.inputs)

    def saved_bytes(self) -> int:
        """Memory that this node keeps for backward, in bytes; 0 after it was released."""
        return sum(getattr(value, "nbytes", 0) for value, _, _ in (self.saved or {}).values())

    def kept(self) -> dict[str, Any]:
        """What this node keeps for backward, by name, as it is kept (packed, if hooks have packed it)."""
        return {name: entry[0] for name, entry in dict.items(self.saved or {})}

    def value_of(self, name: str, lift: Lift | None) -> Any:
        """What a rule calls `name`: a parameter, a shape or a saved value (checked, and lifted to have a graph)."""
        if lift is None and self.saved and name in self.saved:
            value, storage, version = self.saved[name]
            if storage is None or storage.version == version:
                return value
        if name in self.params:
            return self.params[name]
        op = self.op
        if name in op.shape_needs:
            return self.input_shapes[op.shape_needs[name]]
        if name == "input_shapes":
            return self.input_shapes
        value = self.saved_value(name)
        if lift is None or not hasattr(value, "shape"):
            return value
        if name == "out":
            return lift(value, self)
        if name in op.inputs:
            return lift(value, self.inputs[op.inputs.index(name)])
        return value  # a residual, such as the positions of maxima: constant under differentiation

    def saved_value(self, name: str, what: str = "") -> Any:
        """A saved value as it was saved; `what` names it in messages, where that is not an input or the output.

        Raises:
            RuntimeError: after it was released, or when it was changed in place.
        """
        if self.saved is None:
            raise GraphError(
                f"backward: the values saved by {self.describe()} were freed by an earlier backward. Usual causes: "
                "part of the computation was done once, outside the training loop; a hidden state was carried on "
                "without .detach(); a notebook cell ran backward again without running forward. "
                "To go through one graph twice on purpose: backward(retain_graph=True) the first time"
            )
        value, storage, version = self.saved[name]
        if storage is not None and storage.version != version:
            what = what or ("its output" if name == "out" else f"its input {name}")
            raise GraphError(
                f"backward: {self.describe()} needs {what} of shape {tuple(value.shape)}, but {storage.changed_by} "
                "changed it in place afterwards; make a new tensor there instead, or give one of the two a .clone()"
            )
        return value

    def input_gradients(self, g: Any, lift: Lift | None = None) -> Iterator[tuple["Node | Leaf", Any]]:
        """Apply the chain rule once: yield each input that wants a gradient with its share of it."""
        op = self.op
        joint = None if op.joint is None else tuple(self._apply(op.joint, g, lift))
        if joint is not None and len(joint) != len(self.inputs):
            raise RuntimeError(
                f"engine error: the joint rule of {op.name} returned {len(joint)} gradients for "
                f"{len(self.inputs)} inputs"
            )
        for i, source in enumerate(self.inputs):
            if source is None:
                continue
            if joint is not None:
                gradient = joint[i]
            elif (rule := op.rules[i]) is not None:
                gradient = self._apply(rule, g, lift)
            else:
                continue
            if gradient is None:
                continue
            if gradient.shape != self.input_shapes[i]:
                gradient = op.fit(gradient, self.input_shapes[i], op.inputs[i])
            yield source, gradient

    def _apply(self, rule_and_needs: "Rule", g: Any, lift: Lift | None) -> Any:
        rule, needs = rule_and_needs
        return rule(g, *[self.value_of(name, lift) for name in needs]) if needs else rule(g)

    def release(self) -> None:
        """Let go of what was saved for backward; a node that saved plain numbers at most can be walked again."""
        if self.saved:
            for value, _, _ in self.saved.values():
                if hasattr(value, "nbytes"):
                    self.saved = None
                    break

    def describe(self) -> str:
        """The op and where it was made, for messages."""
        where = f" in {self.scope}" if self.scope else ""
        line = f" at {self.source}" if self.source else ""
        return f"{self.name}{where}{line}"

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Leaf(Hooked):
    """The place where a tensor that requires grad, and was not computed, collects its gradient.

    >>> x = tg.ones(2, requires_grad=True)
    >>> isinstance(x.node, Leaf), x.node.tensor is x
    (True, True)
    """

    __slots__ = ("__weakref__", "_tensor", "after", "dtype", "hooks", "order", "shape")

    inputs: tuple[()] = ()
    scope = ""
    name = Name("leaf")

    def __init__(self, tensor: Any) -> None:
        self._tensor = weakref.ref(tensor)
        self.shape = tensor.shape
        self.dtype = tensor.dtype
        self.hooks: list[Callable[[Any], Any]] | None = None
        self.after: list[Callable[[Any], Any]] | None = None  # called with the tensor when its gradient is in place
        self.order = -1  # leaves come after every node on the way back

    @property
    def tensor(self) -> Any:
        """The tensor, or None when it is gone."""
        return self._tensor()

    variable = tensor

    @property
    def next_functions(self) -> tuple[()]:
        """Nothing comes before a leaf."""
        return ()

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook((), (grad,))` when backward has put the gradient in place, with the tensor's `.grad`."""
        return self.call_after(lambda tensor: hook((), (tensor.grad,)))

    def call_after(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook(tensor)` when backward has put the gradient in place."""
        after = self.after = self.after if self.after is not None else []
        after.append(hook)
        return RemovableHandle(lambda: after.remove(hook))

    def __repr__(self) -> str:
        return f"<leaf {tuple(self.shape)}>"


_ELSEWHERE = {
    "disable_saved_tensors_hooks": "saved_tensors",
    "graph_summary": "summary",
    "increment_version": "saved_tensors",
    "register_multi_grad_hook": "graph_hooks",
    "save_on_cpu": "saved_tensors",
    "saved_tensors_hooks": "saved_tensors",
}


def __getattr__(name: str) -> Any:
    """PyTorch's names under `autograd.graph` that are about tensors, and so live higher up."""
    if name in _ELSEWHERE:
        return getattr(import_module(f"tinygrad_cnn.{_ELSEWHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
