"""`autograd.Function`, and the public checks of derivatives."""

import gc
import weakref
from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.autograd import Function, grad, gradcheck, gradgradcheck
from tinygrad_cnn.errors import GraphError
from tinygrad_cnn.testing import GradcheckError


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


def test_wrong_numbers_and_kinds_of_results() -> None:
    class TwoOutputs(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x, x

    class TooFew(Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x + y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    x = tg.ones(2, requires_grad=True)
    with pytest.raises(GraphError, match=r"TwoOutputs\.forward must return one tensor; got tuple"):
        TwoOutputs.apply(x)
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


# gradcheck ------------------------------------------------------------------------------------------------------------


class Wrong(Function):
    """x², with a derivative that is wrong in its last entry."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 2 * x * tg.tensor([1.0, 1.0, 1.5], dtype=tg.float64)


def leaf(*values: float) -> tg.Tensor:
    return tg.tensor(values, dtype=tg.float64, requires_grad=True)


def test_gradcheck_finds_a_wrong_rule() -> None:
    x = leaf(1, 2, 3)
    message = (
        r"gradcheck: output 0, entry 2, by input 0, entry 2 \(shape \(3,\)\): the derivative is 9, "
        r"finite differences give 6"
    )
    with pytest.raises(GradcheckError, match=message):
        gradcheck(Wrong.apply, x)
    assert not gradcheck(Wrong.apply, x, raise_exception=False)
    assert gradcheck(Wrong.apply, x, atol=4)


def test_gradgradcheck_finds_a_wrong_second_derivative() -> None:
    class First(Function):
        """Right to the first order, but its backward hides what it depends on."""

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 3 * ctx.saved_tensors[0].detach() ** 2

    assert gradcheck(First.apply, leaf(1, 2))
    with pytest.raises(GradcheckError, match="gradcheck: output 0"):
        gradgradcheck(First.apply, leaf(1, 2))
    assert not gradgradcheck(First.apply, leaf(1, 2), raise_exception=False)


def test_gradcheck_of_several_inputs_and_outputs() -> None:
    x, y = leaf(1, 2), leaf(3)
    assert gradcheck(lambda x, n, y: (x * n, (x * y).sum(), x > 0), (x, 3, y))
    assert gradgradcheck(lambda x, n, y: (x**n, (x * y).sum()), (x, 3, y))
    assert gradcheck(lambda x: x[:0], leaf(1))


def test_what_gradcheck_needs() -> None:
    with pytest.raises(ValueError, match="gradcheck: no input requires grad, so there is nothing to check"):
        gradcheck(tg.sin, tg.ones(2))
    with pytest.raises(ValueError, match="gradcheck: input 0 has dtype float32; finite differences need float64"):
        gradcheck(tg.sin, tg.ones(2, requires_grad=True))


def test_gradcheck_leaves_no_gradients_behind() -> None:
    x = leaf(1, 2)
    gradcheck(tg.sin, x)
    assert x.grad is None
    assert grad(x.sin().sum(), x)[0].shape == (2,)
