"""`autograd.Function`, and the public checks of derivatives."""

import gc
import weakref
from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.autograd import Function, grad, gradcheck, gradgradcheck
from tinygrad_cnn.errors import GraphError, ShapeError


class Scaled(Function):
    """x³ · factor"""

    @staticmethod
    def forward(ctx: Any, x: Any, factor: float = 1.0) -> Any:
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x * x * x * factor

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x * x * ctx.factor, None


class Exp(Function):
    """eˣ, from its output."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        out = x.exp()
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0]


def test_value_and_derivatives() -> None:
    x = tg.randn(3, dtype=tg.float64, requires_grad=True)
    assert gradcheck(lambda x: Scaled.apply(x, 2.0), x)
    assert gradgradcheck(lambda x: Scaled.apply(x, 2.0), x)
    assert gradcheck(Exp.apply, x)


def test_what_the_node_is_called() -> None:
    assert Exp.apply(tg.ones(1, requires_grad=True)).grad_fn.name == "Exp"


def test_without_a_gradient_nothing_is_recorded() -> None:
    assert not Exp.apply(tg.ones(1)).requires_grad
    with tg.no_grad():
        assert not Exp.apply(tg.ones(1, requires_grad=True)).requires_grad


def test_needs_input_grad() -> None:
    class Asks(Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any, n: int) -> Any:
            seen.append(ctx.needs_input_grad)
            return x + y * n

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g, None, None

    seen: list[Any] = []
    x = tg.ones(2, requires_grad=True)
    Asks.apply(x, tg.ones(2), 3).sum().backward()
    assert seen == [(True, False, False)]
    assert x.grad.tolist() == [1, 1]


def test_returning_the_input_itself() -> None:
    class Same(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 10  # a gradient scaler

    x = tg.ones(2, requires_grad=True)
    y = Same.apply(x)
    assert y is not x
    y.sum().backward()
    assert x.grad.tolist() == [10, 10]
    assert x.is_leaf


def test_a_saved_output_makes_no_cycle() -> None:
    gc.collect()
    gc.disable()
    try:
        y = Exp.apply(tg.ones(2, requires_grad=True))
        gone = weakref.ref(y.node)
        del y
        assert gone() is None
    finally:
        gc.enable()


def test_a_saved_output_has_second_derivatives() -> None:
    x = tg.tensor([0.5, 1.0], dtype=tg.float64, requires_grad=True)
    assert gradgradcheck(lambda x: Exp.apply(x) ** 2, x)
    (first,) = grad((Exp.apply(x) ** 2).sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert second.tolist() == pytest.approx((4 * (2 * x).exp()).tolist())


def test_what_is_saved_is_the_nodes() -> None:
    """As with any operation: counted, checked for writes, freed by backward."""
    x = tg.ones(2, requires_grad=True)
    y = Exp.apply(x * 1)
    assert y.grad_fn.saved_bytes() == 8
    y.sum().backward()
    assert y.grad_fn.saved_bytes() == 0
    with pytest.raises(GraphError, match="the values saved by Exp were freed by an earlier backward"):
        y.sum().backward()


def test_retain_graph() -> None:
    x = tg.zeros(2, requires_grad=True)
    y = Exp.apply(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [2, 2]


def test_saved_tensors_changed_in_place() -> None:
    class Keeps(Function):
        """x · y, keeping an intermediate value too."""

        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            twice = x * 2
            kept.append(twice)
            ctx.save_for_backward(x, None, twice)
            return x * y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, nothing, _ = ctx.saved_tensors
            assert nothing is None
            return None, g * x

    kept: list[Any] = []
    w = tg.ones(2, requires_grad=True)
    x = tg.ones(2)
    out = Keeps.apply(x, w).sum()
    x.add_(1)
    with pytest.raises(GraphError, match=r"Keeps needs its input x of shape \(2,\), but add_ changed it in place"):
        out.backward()
    out = Keeps.apply(x, w).sum()
    kept[-1].mul_(2)
    with pytest.raises(GraphError, match=r"Keeps needs its saved tensor 2 of shape \(2,\), but mul_ changed it"):
        out.backward()
    out = Exp.apply(w)
    with tg.no_grad():
        out.mul_(2)
    with pytest.raises(GraphError, match=r"Exp needs its output of shape \(2,\), but mul_ changed it"):
        out.sum().backward()


def test_a_saved_tensor_of_inference_mode() -> None:
    with tg.inference_mode():
        x = tg.ones(2)

    class Times(Function):
        @staticmethod
        def forward(ctx: Any, w: Any) -> Any:
            ctx.save_for_backward(x)
            return w * 2

    with pytest.raises(GraphError, match="inference_mode"):
        Times.apply(tg.ones(2, requires_grad=True))


def test_a_captured_tensor_keeps_its_graph() -> None:
    w = tg.tensor(3.0, requires_grad=True)

    class Captures(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(w)
            return x * w

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.saved_tensors[0]

    x = tg.tensor(2.0, requires_grad=True)
    (slope,) = grad(Captures.apply(x), x, create_graph=True)
    assert grad(slope, w)[0].item() == 1


def test_the_mode_inside() -> None:
    class Modes(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            seen.append(tg.is_grad_enabled())
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            seen.append(tg.is_grad_enabled())
            return g * 2

    seen: list[bool] = []
    x = tg.ones(1, requires_grad=True)
    Modes.apply(x).backward()
    Modes.apply(x).backward(create_graph=True)
    assert seen == [False, False, False, True]
    with tg.inference_mode():
        y = Modes.apply(x)
    with pytest.raises(GraphError, match="inference_mode"):
        x * y


def test_nothing_is_left_to_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        x = tg.ones(2, requires_grad=True)
        for create_graph in (False, True):
            y = Scaled.apply(Exp.apply(x), 2.0)
            y.sum().backward(create_graph=create_graph)
            gone = [weakref.ref(y), weakref.ref(y.node), weakref.ref(y.node.ctx), weakref.ref(y.node.inputs[0])]
            x.grad = None
            del y
            assert [ref() for ref in gone] == [None] * 4
    finally:
        gc.enable()


class Pair(Function):
    """2x and eˣ."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        double, exp = x * 2, x.exp()
        ctx.save_for_backward(x, exp)
        return double, exp

    @staticmethod
    def backward(ctx: Any, g: Any, h: Any) -> Any:
        _, exp = ctx.saved_tensors
        return 2 * g + h * exp


def test_several_outputs_leave_no_cycle() -> None:
    gc.collect()
    gc.disable()
    try:
        x = tg.ones(2, requires_grad=True)
        for create_graph in (False, True):
            a, b = Pair.apply(x)
            (a * b).sum().backward(create_graph=create_graph)
            gone = [weakref.ref(a), weakref.ref(a.node), weakref.ref(b.grad_fn), weakref.ref(b.grad_fn.ctx)]
            x.grad = None
            del a, b
            assert [ref() for ref in gone] == [None] * 4
    finally:
        gc.enable()


def test_several_outputs_have_derivatives_of_every_order() -> None:
    x = tg.tensor([0.5, 1.0], dtype=tg.float64, requires_grad=True)
    assert gradcheck(Pair.apply, x)
    assert gradgradcheck(Pair.apply, x)
    assert gradgradcheck(lambda x: Pair.apply(x)[1] ** 2, x)


def test_nodes_of_several_outputs() -> None:
    a, b = Pair.apply(tg.ones(2, requires_grad=True))
    assert a.grad_fn is b.grad_fn
    assert (a.node.name(), b.node.name(), a.grad_fn.name()) == ("Pair[0]", "Pair[1]", "Pair")
    assert repr(b).endswith("grad_fn=<Pair>)")
    assert [x.tolist() for x in b.grad_fn.saved_tensors] == [[1, 1], b.tolist()]
    b.sum().backward()
    with pytest.raises(GraphError, match="the values saved by Pair were freed by an earlier backward"):
        a.sum().backward()


def returning(make: Any) -> type[Function]:
    class Given(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return make(g)

    return Given


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_of_another_shape_or_kind(create_graph: bool) -> None:
    def run(make: Any) -> Any:
        x = tg.ones(2, 1, requires_grad=True)
        returning(make).apply(x).sum().backward(create_graph=create_graph)
        return x.grad

    message = r"Given\.backward: gradient 0 has shape \(3,\); argument 0 of forward has shape \(2, 1\); they must be"
    with pytest.raises(ShapeError, match=message):
        run(lambda g: tg.ones(3))
    with pytest.raises(ShapeError, match=r"gradient 0 has shape \(3, 4\)"):
        run(lambda g: tg.ones(3, 4))
    with pytest.raises(TypeError, match=r"Given\.backward: gradient 0 must be a tensor or None; got float"):
        run(lambda g: 1.0)
    assert run(lambda g: tg.ones(5, 2, 3)).tolist() == [[15], [15]]  # summed, as in PyTorch
    assert run(lambda g: g.double()).dtype == tg.float32
    assert run(lambda g: None) is None


def test_marked_as_constant() -> None:
    class Sign(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            out = x.sign()
            ctx.mark_non_differentiable(out)
            return out

    assert not Sign.apply(tg.ones(1, requires_grad=True)).requires_grad


def test_only_tensors_are_saved() -> None:
    class Saves(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x, 3)
            return x

    with pytest.raises(
        TypeError, match="save_for_backward: expected tensors; got int; keep other values as attributes"
    ):
        Saves.apply(tg.ones(1))


def test_wrong_numbers_of_results() -> None:
    class TooFew(Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x + y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    x = tg.ones(2, requires_grad=True)
    with pytest.raises(GraphError, match=r"TooFew\.backward returned 1 gradients for the 2 arguments of forward"):
        TooFew.apply(x, x).sum().backward()


def test_methods_that_are_missing() -> None:
    class Nothing(Function):
        pass

    class NoBackward(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

    x = tg.ones(1, requires_grad=True)
    with pytest.raises(GraphError, match=r"Function: a subclass must define forward\(ctx, \.\.\.\)"):
        Nothing.apply(x)
    with pytest.raises(GraphError, match=r"Function: a subclass must define backward\(ctx, g\)"):
        NoBackward.apply(x).backward()
    with pytest.raises(GraphError, match=r"Exp is applied with Exp\.apply\(\.\.\.\)"):
        Exp.apply(x).grad_fn.op(x)
