"""Functions that are called when a module runs, and when gradients pass it on their way back."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import accumulate, count
from math import prod
from typing import Any

from .. import ops
from ..tensor import RemovableHandle, Tensor
from .tree import ModuleTree

Hook = Callable[..., Any]

_numbers = count()

EVERYWHERE: "OrderedDict[int, tuple[str, Any]]" = OrderedDict()  # hooks of all modules: (kind, entry)


TABLES = (
    *("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks"),
    *("_forward_pre_hooks_with_kwargs", "_forward_hooks_with_kwargs", "_forward_hooks_always_called"),
)


class HookMethods(ModuleTree):
    """Registering hooks, and running a module that has some.

    A hook that returns None only looks on; what another returns takes the place of what it was given.
    """

    _forward_pre_hooks: "OrderedDict[int, Hook]"
    _forward_hooks: "OrderedDict[int, Hook]"
    _backward_pre_hooks: "OrderedDict[int, Hook]"
    _backward_hooks: "OrderedDict[int, Hook]"
    _forward_pre_hooks_with_kwargs: "OrderedDict[int, bool]"  # the numbers of the hooks that get them
    _forward_hooks_with_kwargs: "OrderedDict[int, bool]"
    _forward_hooks_always_called: "OrderedDict[int, bool]"

    def __init__(self) -> None:
        super().__init__()
        held = self.__dict__
        for table in TABLES:
            held[table] = OrderedDict()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for table in TABLES:  # a file of an older release lacks some
            self.__dict__.setdefault(table, OrderedDict())

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; a subclass says it.

        >>> nn.ReLU().forward(tg.tensor([-1.0, 2.0]))
        tensor([0., 2.])
        """
        raise NotImplementedError(f"{type(self).__name__} has no forward(); a Module needs one")

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before `forward(*args)`; it may return other arguments.

        Args:
            prepend: before the hooks that are there.
            with_kwargs: call `hook(module, args, kwargs)`, which may return both.

        >>> nn.ReLU().register_forward_pre_hook(lambda m, args: None).remove()
        """
        return register(self._forward_pre_hooks, hook, prepend, [self._forward_pre_hooks_with_kwargs] * with_kwargs)

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after `forward(*args)`; it may return another output.

        Args:
            prepend: before the hooks that are there.
            with_kwargs: call `hook(module, args, kwargs, output)`.
            always_call: also when forward raised an error, with None for the output.

        >>> import tinygrad_cnn as tg
        >>> from tinygrad_cnn import nn
        >>> layer, shapes = nn.Linear(2, 3), []
        >>> with layer.register_forward_hook(lambda module, args, output: shapes.append(tuple(output.shape))):
        ...     _ = layer(tg.ones(4, 2))
        >>> shapes
        [(4, 3)]
        """
        marks = [self._forward_hooks_with_kwargs] * with_kwargs + [self._forward_hooks_always_called] * always_call
        return register(self._forward_hooks, hook, prepend, marks)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` with the gradients of the outputs, a tuple; it may return others.

        >>> nn.ReLU().register_full_backward_pre_hook(lambda m, go: None).remove()
        """
        return register(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the inputs are known.

        It may return others for them. Both are tuples, with None for what is no tensor or wants no gradient.

        >>> nn.ReLU().register_full_backward_hook(lambda m, gi, go: None).remove()
        """
        return register(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """PyTorch's old name for `register_full_backward_hook`.

        >>> seen = []
        >>> layer = nn.Linear(2, 3)
        >>> handle = layer.register_backward_hook(lambda module, g_in, g_out: seen.append(tuple(g_out[0].shape)))
        >>> layer(tg.ones(1, 2, requires_grad=True)).sum().backward()
        >>> seen
        [(1, 3)]
        """
        return self.register_full_backward_hook(hook)

    def _run_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Everything that `self(*args, **kwargs)` does when there are hooks."""
        output = None
        done: set[Any] = set()
        try:
            marked = self._forward_pre_hooks_with_kwargs
            own_pre = [(hook, number in marked) for number, hook in self._forward_pre_hooks.items()]
            for hook, with_kwargs in [*_of_all("forward_pre"), *own_pre]:
                changed = hook(self, args, kwargs) if with_kwargs else hook(self, args)
                if changed is None:
                    continue
                if with_kwargs:
                    if not (isinstance(changed, tuple) and len(changed) == 2):
                        raise RuntimeError(
                            f"{type(self).__name__}: a forward pre-hook with kwargs must return None or "
                            f"(args, kwargs); got {changed!r:.80}"
                        )
                    args, kwargs = changed
                else:
                    args = changed if isinstance(changed, tuple) else (changed,)
            own = self._backward_hooks or self._backward_pre_hooks
            backward = _BackwardHooks(self) if own or _of_all("backward") or _of_all("backward_pre") else None
            if backward is not None:
                args = backward.watch_inputs(args)
            output = self.forward(*args, **kwargs)
            for hook, with_kwargs, _ in _of_all("forward"):
                done.add(hook)
                changed = hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
                output = output if changed is None else changed
            for number, hook in list(self._forward_hooks.items()):
                done.add(number)
                with_kwargs = number in self._forward_hooks_with_kwargs
                changed = hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
                output = output if changed is None else changed
            return output if backward is None else backward.watch_outputs(output)
        except BaseException:
            for hook, with_kwargs, always in _of_all("forward"):
                if always and hook not in done:
                    _ = hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
            for number, hook in list(self._forward_hooks.items()):
                if number in self._forward_hooks_always_called and number not in done:
                    with_kwargs = number in self._forward_hooks_with_kwargs
                    _ = hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
            raise


def _of_all(kind: str) -> list[Any]:
    return [entry for of_kind, entry in EVERYWHERE.values() if of_kind == kind]


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """`register_forward_pre_hook` of every module there is."""
    return register(EVERYWHERE, ("forward_pre", (hook, False)))


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """`register_forward_hook` of every module there is.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import nn
    >>> kinds = []
    >>> with register_module_forward_hook(lambda module, args, output: kinds.append(type(module).__name__)):
    ...     _ = nn.Sequential(nn.Identity(), nn.ReLU())(tg.ones(1))
    >>> kinds
    ['Identity', 'ReLU', 'Sequential']
    """
    return register(EVERYWHERE, ("forward", (hook, with_kwargs, always_call)))


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """`register_full_backward_pre_hook` of every module there is."""
    return register(EVERYWHERE, ("backward_pre", hook))


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """`register_full_backward_hook` of every module there is."""
    return register(EVERYWHERE, ("backward", hook))


class _BackwardHooks:
    """The backward hooks of one call: gradients of the outputs arrive first, those of the inputs last."""

    def __init__(self, module: HookMethods) -> None:
        self._module = module
        self._grad_output: tuple[Any, ...] = ()
        self._inputs = 0  # how many there are
        self._waiting = False  # whether an input wants a gradient, with which the hooks are called

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, with their gradients watched."""
        self._inputs = len(args)
        watched, self._waiting = _watch(args, self._on_input)
        return watched

    def watch_outputs(self, output: Any) -> Any:
        """The output, with its gradients watched."""
        several = isinstance(output, tuple | list)
        watched, _ = _watch(tuple(output) if several else (output,), self._on_output)
        return type(output)(watched) if type(output) in (tuple, list) else output if several else watched[0]

    def _on_output(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in [*_of_all("backward_pre"), *self._module._backward_pre_hooks.values()]:
            gradients = _replaced(hook(self._module, gradients), gradients)
        self._grad_output = gradients
        if not self._waiting:
            self._on_input((None,) * self._inputs)
        return gradients

    def _on_input(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in [*_of_all("backward"), *self._module._backward_hooks.values()]:
            gradients = _replaced(hook(self._module, gradients, self._grad_output), gradients)
        return gradients


def register(
    hooks: "OrderedDict[int, Any]",
    hook: Any,
    prepend: bool = False,
    marks: "Iterable[OrderedDict[int, bool]]" = (),
) -> RemovableHandle:
    """Add a hook after, or before, those that are there, and its number to the tables of marks."""
    number = next(_numbers)
    hooks[number] = hook
    if prepend:
        hooks.move_to_end(number, last=False)
    for table in marks:
        table[number] = True

    def remove() -> None:
        for table in (hooks, *marks):
            table.pop(number, None)

    return RemovableHandle(remove)


def _replaced(returned: Any, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
    if returned is None:
        return gradients
    replacements = returned if isinstance(returned, tuple) else (returned,)
    if len(replacements) != len(gradients):
        raise RuntimeError(f"backward hook: expected {len(gradients)} gradients or None; got {len(replacements)}")
    return replacements


def _watch(
    values: tuple[Any, ...], on_gradients: Callable[[tuple[Any, ...]], tuple[Any, ...]]
) -> tuple[tuple[Any, ...], bool]:
    """The values, with a node between that shows all their gradients at once; and whether any wants one.

    Several tensors are joined into one and taken apart again, since a node has one output.
    """
    places = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]
    if not places:
        return values, False
    shapes = [values[i].shape for i in places]
    flat = [ops.reshape(values[i], shape=(-1,)) for i in places]
    joined = ops.copy(flat[0]) if len(flat) == 1 else ops.concat(*flat, dim=0)
    ends = [0, *accumulate(map(prod, shapes))]
    total = len(values)

    def apart(whole: Tensor) -> list[Tensor]:
        return [whole[a:b].reshape(shape) for a, b, shape in zip(ends, ends[1:], shapes, strict=False)]

    def on_joined(gradient: Tensor) -> Tensor:
        gradients: list[Any] = [None] * total
        for i, part in zip(places, apart(gradient), strict=True):
            gradients[i] = part
        after = on_gradients(tuple(gradients))
        if all(a is b for a, b in zip(after, gradients, strict=True)):
            return gradient
        kept = [gradients[i] if after[i] is None else after[i] for i in places]
        parts: list[Any] = [ops.reshape(part, shape=(-1,)) for part in kept]
        return parts[0] if len(parts) == 1 else ops.concat(*parts, dim=0)  # type: ignore[no-any-return]

    out = list(values)
    joined.register_hook(on_joined)
    for i, part in zip(places, apart(joined), strict=True):
        out[i] = part
    return tuple(out), True
