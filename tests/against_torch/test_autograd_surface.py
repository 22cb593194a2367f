"""Hooks, nodes and Functions: the same program in both libraries, and the same answers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg

torch = pytest.importorskip("torch")


def plain(value: Any) -> Any:
    """Numbers and lists instead of tensors."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def same(program: Callable[[Any], Any]) -> Any:
    """Run a program with both libraries; both must give the same, or fail with related errors."""
    answers: list[Any] = []
    for lib in (tg, torch):
        try:
            answers.append(plain(program(lib)))
        except Exception as error:
            answers.append(error)
    ours, theirs = answers
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs)), (ours, theirs)
    else:
        np.testing.assert_equal(ours, theirs)
    return ours


def leaf(lib: Any, *values: float) -> Any:
    return lib.tensor(values, dtype=lib.float64, requires_grad=True)


def function(lib: Any, forward: Any, backward: Any, **more: Any) -> Any:
    body = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    body |= {name: staticmethod(method) for name, method in more.items()}
    return type("Made", (lib.autograd.Function,), body)


# Function -------------------------------------------------------------------------------------------------------------


def split_forward(ctx: Any, x: Any, y: Any) -> Any:
    ctx.save_for_backward(x, y)
    return x * y, 3, x + y


def split_backward(ctx: Any, g: Any, none: Any, h: Any) -> Any:
    assert none is None
    x, y = ctx.saved_tensors
    return g * y + h, g * x + h


def test_two_outputs() -> None:
    def program(lib: Any) -> Any:
        x, y = leaf(lib, 1, 2), leaf(lib, 3, 4)
        product, number, total = function(lib, split_forward, split_backward).apply(x, y)
        first = lib.autograd.grad((product * total).sum(), [x, y], create_graph=True)
        second = lib.autograd.grad(first[0].sum() + (first[1] ** 2).sum(), [x, y])
        return product, number, total, first, second, product.output_nr, total.output_nr

    same(program)


@pytest.mark.parametrize("materialize", [True, False])
def test_outputs_that_are_not_used(materialize: bool) -> None:
    def program(lib: Any) -> Any:
        seen = []

        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(materialize)
            return x * 2, x * 3, (x * 4).long()

        def backward(ctx: Any, *gradients: Any) -> Any:
            seen.append(gradients)
            return gradients[1] * 3

        x = leaf(lib, 1, 2)
        made = function(lib, forward, backward)
        made.apply(x)[1].sum().backward()
        return seen, x.grad, [out.requires_grad for out in made.apply(x)]

    same(program)


def test_one_output_twice_and_an_input() -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, 1, 2)
        a, b = function(lib, lambda ctx, x: (x, x), lambda ctx, a, b: a * 10 + b).apply(x)
        (a.sum() + 3 * b.sum()).backward()
        return a is b, a is x, x.grad, x.is_leaf

    same(program)


def test_setup_context() -> None:
    def setup(ctx: Any, inputs: Any, output: Any) -> None:
        x, factor = inputs
        ctx.factor = factor
        ctx.save_for_backward(x, output)

    def backward(ctx: Any, g: Any) -> Any:
        x, out = ctx.saved_tensors
        return g * 3 * out / x, None

    def program(lib: Any) -> Any:
        x = leaf(lib, 1, 2)
        y = function(lib, lambda x, factor: x**3 * factor, backward, setup_context=setup).apply(x, 2.0)
        (first,) = lib.autograd.grad(y.sum(), x, create_graph=True)
        return y, first, lib.autograd.grad(first.sum(), x), y.grad_fn.factor, y.grad_fn.needs_input_grad

    same(program)


def dirty(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        x.mul_(3)
        return x

    return function(lib, forward, lambda ctx, g: g * 3)


def test_in_place() -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, 1, 2)
        y = x * 2
        z = dirty(lib).apply(y)
        z.sum().backward()
        return z is y, z, x.grad

    same(program)


def test_in_place_on_a_view() -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, 1, 2)
        y = x * 2
        dirty(lib).apply(y[:1])
        (y * y).sum().backward()
        return y, x.grad

    same(program)


def test_in_place_on_what_was_saved() -> None:
    def program(lib: Any) -> Any:
        y = leaf(lib, 1, 2) * 2
        out = y * y
        dirty(lib).apply(y)
        out.sum().backward()

    assert isinstance(same(program), RuntimeError)


def test_in_place_on_a_leaf() -> None:
    assert "Made: this tensor of shape (2,) is a leaf" in str(same(lambda lib: dirty(lib).apply(leaf(lib, 1, 2))))


def test_dirty_arguments_are_returned() -> None:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x * 1

    error = same(lambda lib: function(lib, forward, None).apply(leaf(lib, 1) * 1))
    assert "marked as dirty must be one of its outputs" in str(error)


@pytest.mark.parametrize("extra", [None, 1])
def test_more_gradients_than_arguments(extra: Any) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, 1)
        returned = function(lib, lambda ctx, x: x * 2, lambda ctx, g: (g, None if extra is None else g)).apply(x)
        returned.sum().backward()
        return x.grad

    same(program)


def test_other_results() -> None:
    same(lambda lib: function(lib, lambda ctx, x: 3, None).apply(leaf(lib, 1)))
    same(lambda lib: function(lib, lambda ctx, x: [x.detach(), 1], None).apply(leaf(lib, 1)))
    same(lambda lib: function(lib, lambda ctx, x, n: (x * n,), lambda ctx, g: (g, None)).apply(leaf(lib, 1), 2))


def test_vjp_is_another_name() -> None:
    def program(lib: Any) -> Any:
        body = {"forward": staticmethod(lambda ctx, x: x * 2), "vjp": staticmethod(lambda ctx, g: g * 7)}
        x = leaf(lib, 1)
        type("Named", (lib.autograd.Function,), body).apply(x).sum().backward()
        return x.grad

    same(program)


def test_backward_is_missing() -> None:
    def program(lib: Any) -> Any:
        body = {"forward": staticmethod(lambda ctx, x: x * 2)}
        type("Named", (lib.autograd.Function,), body).apply(leaf(lib, 1)).sum().backward()

    assert isinstance(same(program), NotImplementedError)


@pytest.mark.parametrize("through_x", [True, False])
def test_once_differentiable(through_x: bool) -> None:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    def program(lib: Any) -> Any:
        from importlib import import_module

        once = import_module(f"{lib.__name__}.autograd.function").once_differentiable
        square = function(lib, forward, once(lambda ctx, g: g * 2 * ctx.saved_tensors[0]))
        x = leaf(lib, 1, 2)
        (slope,) = lib.autograd.grad((square.apply(x) * (x if through_x else 1)).sum(), x, create_graph=True)
        if through_x:
            slope.sum().backward()
        return slope, slope.requires_grad

    same(program)


def test_a_second_derivative_is_not_lost() -> None:
    """PyTorch gives 0, or says that nothing depends on the input."""

    class Square(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @tg.autograd.function.once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2 * ctx.saved_tensors[0]

    x = leaf(tg, 1, 2)
    assert tg.func.jacrev(Square.apply)(x.detach()).tolist() == [[2, 0], [0, 4]]
    message = "trying to differentiate twice a Function"
    with pytest.raises(RuntimeError, match=message):
        tg.func.jvp(Square.apply, (x,), (x,))
    (slope,) = tg.autograd.grad((Square.apply(x) * x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match=message):
        tg.autograd.grad(slope.sum(), x)


# hooks and nodes ------------------------------------------------------------------------------------------------------


def test_hooks_of_nodes() -> None:
    def program(lib: Any) -> Any:
        seen = []
        x, y = leaf(lib, 1, 2), leaf(lib, 3, 4)
        out = x * y
        node = out.grad_fn
        node.register_prehook(lambda outputs: seen.append(("before", outputs)))
        node.register_prehook(lambda outputs: (outputs[0] * 2,))
        node.register_hook(lambda inputs, outputs: seen.append(("after", inputs, outputs)))
        handle = node.register_hook(lambda inputs, outputs: (inputs[0] + 1, inputs[1]))
        out.sum().backward()
        handle.remove()
        (x * 2).sum().backward()
        return seen, x.grad, y.grad

    same(program)


def test_hooks_of_a_node_with_several_outputs() -> None:
    def program(lib: Any) -> Any:
        seen = []
        x, y = leaf(lib, 1, 2), leaf(lib, 3, 4)
        product, _, total = function(lib, split_forward, split_backward).apply(x, y)
        assert product.grad_fn is total.grad_fn
        product.grad_fn.register_hook(lambda inputs, outputs: seen.append(inputs))
        product.register_hook(lambda g: g * 2)
        (product.sum() + total.sum()).backward()
        return seen, x.grad, y.grad

    same(program)


def test_nodes() -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, 1, 2)
        out = (x * 2).exp()
        ((before, number),) = out.grad_fn.next_functions
        before.metadata["note"] = 1
        (at_leaf, _), _ = before.next_functions
        return number, before.metadata, at_leaf.variable is x, isinstance(before.name(), str), out.output_nr

    same(program)


def test_hooks_of_tensors() -> None:
    def program(lib: Any) -> Any:
        seen = []
        x = leaf(lib, 1, 2)
        y = x * 2
        y.retain_grad()
        y.register_hook(lambda g: g * 3)
        handle = y.register_hook(lambda g: seen.append(g))
        x.register_hook(lambda g: g + 1)
        x.register_post_accumulate_grad_hook(lambda x: seen.append(x.grad.clone()))
        y.sum().backward(retain_graph=True)
        handle.remove()
        handle.remove()
        y.sum().backward()
        return seen, x.grad, y.grad, y.retains_grad, x.retains_grad

    same(program)


@pytest.mark.parametrize(
    "program",
    [
        lambda lib: lib.ones(1).register_hook(print),
        lambda lib: lib.ones(1).retain_grad(),
        lambda lib: lib.ones(1).register_post_accumulate_grad_hook(print),
        lambda lib: (leaf(lib, 1) * 2).register_post_accumulate_grad_hook(print),
        lambda lib: (leaf(lib, 1) * 2)[:].detach_(),
        lambda lib: (leaf(lib, 1) * 2).requires_grad_(False),
        lambda lib: leaf(lib, 1).long().requires_grad_(),
    ],
)
def test_errors(program: Any) -> None:
    assert isinstance(same(program), RuntimeError)


@pytest.mark.parametrize("returned", [3, "shape"])
def test_what_a_hook_returns(returned: Any) -> None:
    def program(lib: Any) -> Any:
        y = leaf(lib, 1, 2) * 2
        y.register_hook(lambda g: lib.ones(5) if returned == "shape" else returned)
        y.sum().backward()

    assert isinstance(same(program), RuntimeError | TypeError)


def test_versions() -> None:
    def program(lib: Any) -> Any:
        x = lib.ones(3)
        counts = [x._version]
        x.add_(1)
        counts.append(x._version)
        view = x[:2]
        view.mul_(2)
        counts += [x._version, view._version, x.detach()._version]
        x.zero_()
        return [*counts, x._version, view._version, x.data._version]

    same(program)


def test_gradients_by_the_batch() -> None:
    def program(lib: Any) -> Any:
        x, y = leaf(lib, 1, 2, 3), leaf(lib, 4)
        weights = lib.tensor([[1.0, 0, 0], [0, 1, 0], [0, 2, 1]], dtype=lib.float64)
        out = x**2 * y
        return lib.autograd.grad(out, [x, y], weights, is_grads_batched=True)

    same(program)


def test_unused_by_the_batch() -> None:
    def program(lib: Any) -> Any:
        x, y = leaf(lib, 1, 2), leaf(lib, 4)
        return lib.autograd.grad(x * 2, [x, y], lib.ones(3, 2).double(), is_grads_batched=True, allow_unused=True)

    same(program)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # by PyTorch itself
def test_dual_numbers() -> None:
    def program(lib: Any) -> Any:
        fwd = __import__(f"{lib.__name__}.autograd.forward_ad", fromlist=["make_dual"])
        x, w = lib.tensor([[0.5, -1.0], [2.0, 0.3]]).double(), leaf(lib, 1, 2)
        with fwd.dual_level():
            dual = fwd.make_dual(x, lib.ones(2, 2).double())
            second = fwd.make_dual(w, lib.tensor([1.0, -2.0]).double())
            out = (dual.exp() @ second).sigmoid()
            value, tangent = fwd.unpack_dual(out)
            (slope,) = lib.autograd.grad(tangent.sum(), w)
            return [value, tangent, slope, fwd.unpack_dual(x).tangent is None]

    same(program)


def test_hooks_on_several_gradients() -> None:
    def program(lib: Any) -> Any:
        a, b, c = leaf(lib, 1, 2), leaf(lib, 3, 4), leaf(lib, 5)
        seen: list[Any] = []
        with lib.autograd.graph.register_multi_grad_hook([a, b, c], seen.extend):
            (a * b).sum().backward()
        with lib.autograd.graph.register_multi_grad_hook([a, b], lambda g: seen.append(g), mode="any"):
            (a * 3).sum().backward()
        return [x is None or x for x in seen]

    same(program)
