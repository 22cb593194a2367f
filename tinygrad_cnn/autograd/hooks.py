"""Functions that are called as gradients pass: on the way into a node, and out of it."""

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from .graph import Leaf, Node

_as_tensor: Callable[[Any], Any]
_metadata: "WeakKeyDictionary[Any, dict[Any, Any]]" = WeakKeyDictionary()


def use_tensors(as_tensor: Callable[[Any], Any]) -> None:
    """Tell hooks how to make a tensor of an array: the engine itself knows no tensors."""
    global _as_tensor  # noqa: PLW0603 - set once, when the tensor floor is imported
    _as_tensor = as_tensor


class _Blocks(threading.local):
    """This thread's blocks with an end, each inside the one before: what each of them calls there."""

    def __init__(self) -> None:
        self.open: list[list[Callable[[bool], Any]]] = []


_blocks = _Blocks()


class Ending:
    """A block, such as a `backward` or the walk inside it, at whose end what hooks have put off is called."""

    __slots__ = ("calls",)

    def __enter__(self) -> None:
        self.calls: list[Callable[[bool], Any]] = []
        _blocks.open.append(self.calls)

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        _blocks.open.pop()
        for call in self.calls:
            call(kind is None)


def calls_at_end() -> list[Callable[[bool], Any]]:
    """For a hook: what is called at the end of the innermost block, with whether it came there without an error.

    That is the walk for hooks of tensors and nodes, and all of `backward` for those behind a leaf's new gradient.
    """
    return _blocks.open[-1]


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook out again, and so does leaving a `with` block."""

    def __init__(self, remove: Callable[[], Any]) -> None:
        self._remove: Callable[[], Any] | None = remove

    def remove(self) -> None:
        """Take the hook out; doing it twice is no error."""
        if self._remove is not None:
            self._remove()
            self._remove = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


class After:
    """A hook that waits until a node has found the gradients of its inputs. On the way in it does nothing."""

    __slots__ = ("hook",)

    def __init__(self, hook: Callable[..., Any]) -> None:
        self.hook = hook

    def __call__(self, g: Any) -> None:
        return None


class Name(str):
    """The name of a node: a string, and, since PyTorch's nodes have a method of this name, a call gives it too."""

    __slots__ = ()

    def __call__(self) -> str:
        return str(self)


class Hooked:
    """What PyTorch's programs ask of a node beside its fields: hooks and a place for notes."""

    __slots__ = ()

    hooks: list[Callable[[Any], Any]] | None

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dict for notes of one's own about this node."""
        return _metadata.setdefault(self, {})

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(grad_outputs)` before the node is visited; the tuple it returns, unless None, replaces them.

        >>> import tinygrad_cnn as tg
        >>> x = tg.ones(2, requires_grad=True)
        >>> y = x * 3
        >>> with y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 10,)):
        ...     y.sum().backward()
        >>> x.grad
        tensor([30., 30.])
        """

        def on_gradient(g: Any) -> Any:
            parts = getattr(g, "parts", None)
            given = (g,) if parts is None else tuple(parts[i] for i in sorted(parts))
            replaced = _called(hook, (given,), given)
            if replaced is None:
                return None
            return replaced[0] if parts is None else type(g)(dict(zip(sorted(parts), replaced, strict=True)))

        return add_hook(self, on_gradient)

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(grad_inputs, grad_outputs)` after the node was visited.

        Both are tuples, with None for an input that wants no gradient. A tuple that it returns replaces the first.

        >>> import tinygrad_cnn as tg
        >>> y = tg.ones(2, requires_grad=True) * 3
        >>> with y.grad_fn.register_hook(lambda inputs, outputs: print(inputs, outputs)):
        ...     y.sum().backward()
        (tensor([3., 3.]), None) (tensor([1., 1.]),)
        """
        return add_hook(self, After(hook))


def add_hook(node: Any, hook: Callable[[Any], Any], first: bool = False) -> RemovableHandle:
    """Add to the hooks of a node or leaf, at the end or in front."""
    if node.hooks is None:
        node.hooks = []
    hooks: list[Any] = node.hooks
    hooks.insert(0 if first else len(hooks), hook)

    def remove() -> None:
        for i, other in enumerate(hooks):
            if other is hook:
                del hooks[i]
                return

    return RemovableHandle(remove)


def _called(hook: Callable[..., Any], args: tuple[tuple[Any, ...], ...], like: tuple[Any, ...]) -> Any:
    """What a hook makes of tuples of gradients, as arrays where arrays came in; None if it only looked on."""
    returned = hook(*(tuple(None if g is None else _as_tensor(g) for g in part) for part in args))
    if returned is None:
        return None
    listed = tuple(returned) if isinstance(returned, tuple | list) else (returned,)
    if len(listed) != len(like):
        raise RuntimeError(f"hook of a node: expected {len(like)} gradients or None; got {len(listed)}")
    return tuple(
        getattr(new, "array", new) if not hasattr(old, "__apply_op__") else new
        for new, old in zip(listed, like, strict=True)
    )


def after_hooks(node: "Node", g: Any, found: "Iterable[tuple[Node | Leaf, Any]]") -> "list[tuple[Node | Leaf, Any]]":
    """The gradients that a node hands on, after the hooks that wait for them have seen them."""
    pairs = list(found)
    waiting = [hook.hook for hook in node.hooks or () if isinstance(hook, After)]
    if not waiting:
        return pairs
    # Inputs that are one node twice have a pair each, in order.
    rest = list(pairs)
    gradients: list[Any] = []
    for source in node.inputs:
        place = next((i for i, (target, _) in enumerate(rest) if target is source), None)
        gradients.append(None if source is None or place is None else rest.pop(place)[1])
    parts = getattr(g, "parts", None)
    outputs = (g,) if parts is None else tuple(parts[i] for i in sorted(parts))
    for hook in waiting:
        bundled = [value for value in gradients if hasattr(value, "parts")]
        shown = tuple(None if value in bundled else value for value in gradients) if bundled else tuple(gradients)
        replaced = _called(hook, (shown, outputs), shown)
        if replaced is not None:
            gradients = [old if hasattr(old, "parts") else new for old, new in zip(gradients, replaced, strict=True)]
    return [(s, value) for s, value in zip(node.inputs, gradients, strict=True) if s is not None and value is not None]
