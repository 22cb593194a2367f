"""Forward and backward hooks."""

from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.autograd.modes import current_scope


class Sum(nn.Module):
    """Two tensors in, two out."""

    def forward(self, a: Any, b: Any, scale: float = 1) -> Any:
        return (a + b) * scale, a * b


def test_forward_hooks_look_on() -> None:
    layer, seen = nn.Linear(2, 3), []
    before = layer.register_forward_pre_hook(lambda module, args: seen.append((module, args)))
    after = layer.register_forward_hook(lambda module, args, output: seen.append((module, args, output)))
    x = tg.ones(1, 2)
    y = layer(x)
    assert seen == [(layer, (x,)), (layer, (x,), y)]
    before.remove()
    after.remove()
    layer(x)
    assert len(seen) == 2
    assert not layer._forward_hooks


def test_forward_hooks_may_replace() -> None:
    layer = nn.Identity()
    layer.register_forward_pre_hook(lambda module, args: args[0] + 1)
    layer.register_forward_pre_hook(lambda module, args: (args[0] * 10,))
    layer.register_forward_hook(lambda module, args, output: output + 0.5)
    layer.register_forward_hook(lambda module, args, output: output * 2)
    assert layer(1) == 41
    layer.register_forward_pre_hook(lambda module, args: args[0] - 1, prepend=True)
    assert layer(1) == 21


def test_hooks_with_kwargs() -> None:
    layer, seen = Sum(), []
    layer.register_forward_pre_hook(lambda m, args, kwargs: (args, {**kwargs, "scale": 3}), with_kwargs=True)
    layer.register_forward_hook(lambda m, args, kwargs, output: seen.append(kwargs), with_kwargs=True)
    assert layer(1, 2, scale=2) == (9, 2)
    assert seen == [{"scale": 3}]
    layer.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"Sum: a forward pre-hook with kwargs must return None or \(args, kwargs\)"):
        layer(1, 2, 3)


def test_hooks_run_in_the_scope_of_their_module() -> None:
    model, seen = nn.Sequential(nn.Identity()), []
    model[0].register_forward_hook(lambda *_: seen.append(current_scope()))
    model(1)
    assert seen == ["0"]


def test_always_call() -> None:
    class Fails(nn.Module):
        def forward(self, x: Any) -> Any:
            raise ValueError("no")

    layer, seen = Fails(), []
    layer.register_forward_hook(lambda *_: seen.append("never"))
    layer.register_forward_hook(lambda m, args, output: seen.append(output), always_call=True)
    with pytest.raises(ValueError, match="no"):
        layer(1)
    assert seen == [None]


def test_always_call_of_every_module() -> None:
    class Fails(nn.Module):
        def forward(self, x: Any) -> Any:
            raise ValueError("no")

    seen: list[Any] = []
    register = nn.modules.module.register_module_forward_hook
    with (
        register(lambda *_: seen.append("always"), always_call=True),
        register(lambda *_: seen.append("never")),
        pytest.raises(ValueError, match="no"),
    ):
        Fails()(1)
    assert seen == ["always"]


def test_the_tables_hold_the_hooks_themselves() -> None:
    layer = nn.ReLU()

    def hook(*_: Any) -> None: ...

    handles = [
        layer.register_forward_pre_hook(hook, with_kwargs=True),
        layer.register_forward_hook(hook, with_kwargs=True, always_call=True),
        layer.register_full_backward_hook(hook),
    ]
    tables = (layer._forward_pre_hooks, layer._forward_hooks, layer._backward_hooks)
    marks = (
        layer._forward_pre_hooks_with_kwargs,
        layer._forward_hooks_with_kwargs,
        layer._forward_hooks_always_called,
    )
    assert [list(table.values()) for table in tables] == [[hook]] * 3
    assert [len(table) for table in marks] == [1, 1, 1]
    for handle in handles:
        handle.remove()
    assert not any(tables + marks)


def test_a_pickle_without_the_marks() -> None:
    layer = nn.ReLU()
    state = {name: value for name, value in layer.__dict__.items() if not name.endswith(("_kwargs", "_called"))}
    old = nn.ReLU.__new__(nn.ReLU)
    old.__setstate__(state)
    old.register_forward_hook(lambda *_: 7, with_kwargs=True)
    assert old(tg.ones(1)) == 7


def test_full_backward_hook() -> None:
    layer, seen = nn.Linear(2, 1, bias=False), []
    with tg.no_grad():
        layer.weight.copy_(tg.tensor([[2.0, 3.0]]))
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi[0].tolist(), go[0].tolist())))
    x = tg.ones(1, 2, requires_grad=True)
    (layer(x) * 5 + (x * 100).sum()).sum().backward()
    assert seen == [([[10, 15]], [[5]])]  # through the layer alone
    assert x.grad.tolist() == [[110, 115]]


def test_backward_hooks_may_replace() -> None:
    layer = Sum()
    layer.register_full_backward_pre_hook(lambda m, go: (go[0] * 2, go[1]))
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0], -gi[1]))
    a, b = tg.tensor([2.0], requires_grad=True), tg.tensor([3.0], requires_grad=True)
    total, product = layer(a, b)
    (total + product).sum().backward()
    assert (a.grad.item(), b.grad.item()) == (2 + 3, -(2 + 2))


def test_backward_hook_of_a_first_layer() -> None:
    """No input wants a gradient, so there is none to show."""
    layer, seen = nn.Linear(2, 1), []
    layer.register_backward_hook(lambda m, gi, go: seen.append((gi, go[0].tolist())))
    layer(tg.ones(1, 2)).sum().backward()
    assert seen == [((None,), [[1]])]


def test_backward_hook_with_inputs_of_all_kinds() -> None:
    layer, seen = Sum(), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append([g is None for g in (*gi, *go)]))
    a = tg.tensor([2.0], requires_grad=True)
    total, _ = layer(a, tg.tensor([1.0]), 2.0)
    total.sum().backward()
    assert seen == [[False, True, True, False, False]]
    layer.register_full_backward_hook(lambda m, gi, go: gi[:1])
    total, _ = layer(a, tg.tensor([1.0]), 2.0)
    with pytest.raises(RuntimeError, match="backward hook: expected 3 gradients or None; got 1"):
        total.sum().backward()


def test_backward_hooks_and_second_derivatives() -> None:
    layer = nn.Identity()
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,))
    x = tg.tensor([3.0], requires_grad=True)
    (g,) = tg.autograd.grad((layer(x) ** 3).sum(), x, create_graph=True)
    g.sum().backward()
    assert (g.item(), x.grad.item()) == (2 * 27, 2 * 2 * 18)
