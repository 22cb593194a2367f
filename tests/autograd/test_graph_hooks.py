"""Hooks on several gradients at once: when they are called, with what, and after an error."""

from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.autograd.graph import register_multi_grad_hook
from tinygrad_cnn.autograd.hooks import calls_at_end


def test_each_walk_calls_once() -> None:
    a, b = (tg.tensor([2.0], requires_grad=True) for _ in range(2))
    seen: list[Any] = []
    handle = register_multi_grad_hook([a, b], lambda gradients: seen.append(gradients))
    (a * b).sum().backward()
    (a * 3).sum().backward()
    tg.autograd.grad((a * b).sum(), [a, b], create_graph=True)
    handle.remove()
    (a * b).sum().backward()
    assert [[g if g is None else g.tolist() for g in gradients] for gradients in seen] == [
        [[2], [2]],
        [[3], None],
        [[2], [2]],
    ]


def test_any_is_the_first() -> None:
    x = tg.ones(1, requires_grad=True)
    h = x * 2
    seen: list[Any] = []
    with register_multi_grad_hook([x, h], seen.append, mode="any"):
        (h * 5).sum().backward()
    assert [g.tolist() for g in seen] == [[5]]


def test_a_walk_that_fails_and_one_in_between() -> None:
    x, y = (tg.ones(1, requires_grad=True) for _ in range(2))
    seen: list[Any] = []

    def wrong(g: tg.Tensor) -> None:
        raise KeyError("wrong")

    with register_multi_grad_hook([x, y], lambda gradients: seen.append(len(gradients))):
        with pytest.raises(KeyError), (z := x * 2).register_hook(wrong):
            (z + y).sum().backward()
        assert seen == []
        with y.register_hook(lambda g: tg.autograd.grad((x * 7).sum(), x) and None):
            (x + y).sum().backward()
    assert len(seen) == 2


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="mode must be 'all' or 'any'; got 'some'"):
        register_multi_grad_hook([], print, mode="some")
    with pytest.raises(RuntimeError, match="register_hook: this tensor has no graph"):
        register_multi_grad_hook([tg.ones(1)], print)


def test_modules_by_pytorchs_names() -> None:
    from tinygrad_cnn.autograd.grad_mode import no_grad
    from tinygrad_cnn.autograd.variable import Variable

    assert no_grad is tg.no_grad
    assert Variable is tg.autograd.Variable
    with pytest.raises(AttributeError, match="has no attribute 'Varyable'"):
        _ = tg.autograd.variable.Varyable


def test_what_a_hook_puts_off_is_called_once_and_at_the_end_of_its_own_backward() -> None:
    x, y = tg.ones(1, requires_grad=True), tg.ones(1, requires_grad=True)
    told: list[tuple[bool, bool, bool]] = []

    def after(w: tg.Tensor) -> None:
        calls_at_end().append(lambda finished: told.append((finished, x.grad is not None, y.grad is not None)))

    def fail(w: tg.Tensor) -> None:
        raise ArithmeticError("on purpose")

    handle = x.register_post_accumulate_grad_hook(after)
    (x * y).backward()
    assert told == [(True, True, True)]
    failing = x.register_post_accumulate_grad_hook(fail)  # called after the other one
    with pytest.raises(ArithmeticError, match="on purpose"):
        (x * y).backward()
    assert [finished for finished, *_ in told[1:]] == [False]
    handle.remove()
    failing.remove()
    (x * y).backward()  # nothing is left of the one that failed
    assert len(told) == 2
