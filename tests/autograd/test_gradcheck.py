"""`gradcheck` and `gradgradcheck`: what they find, and how they say it."""

from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.autograd import Function, grad, gradcheck, gradgradcheck
from tinygrad_cnn.testing import GradcheckError


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
        r"gradcheck: output 0 \(shape \(3,\)\) by input 0 \(shape \(3,\)\): 1 of 9 derivatives are off. "
        r"The worst, of entry \[2\] by entry \[2\]: it is 9, finite differences give 6"
    )
    with pytest.raises(GradcheckError, match=message) as caught:
        gradcheck(Wrong.apply, x)
    assert (caught.value.output, caught.value.input, caught.value.wrong) == (0, 0, (((2,), (2,)),))
    assert caught.value.analytical[2, 2] == pytest.approx(9)
    assert caught.value.numerical[2, 2] == pytest.approx(6)
    assert not gradcheck(Wrong.apply, x, raise_exception=False)
    assert gradcheck(Wrong.apply, x, atol=4)


def test_gradcheck_in_short() -> None:
    x = leaf(1, 2, 3)
    with pytest.raises(GradcheckError, match="output 0 by input 0: a random projection of the derivatives is"):
        gradcheck(Wrong.apply, x, fast_mode=True)
    assert not gradcheck(lambda x: (x.sin(), x.detach()), x, fast_mode=True, raise_exception=False)
    assert gradcheck(lambda x, y: (x.sin() * y).sum(), (x, x.detach()), fast_mode=True)
    assert gradgradcheck(lambda x: x.exp(), x, fast_mode=True)


def test_gradcheck_of_random_gradients() -> None:
    class Noisy(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2 * (1 + 1e-6 * tg.rand(g.shape, dtype=g.dtype))

    with pytest.raises(GradcheckError, match="two walks from output 0 give gradients of input 0 that differ by"):
        gradcheck(Noisy.apply, leaf(1, 2))
    assert gradcheck(Noisy.apply, leaf(1, 2), nondet_tol=1e-5)


def test_gradcheck_of_gradients_that_do_not_arrive() -> None:
    class Careless(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            if g is None or h is None:
                return 3 * h if g is None else 2 * g
            return 2 * g + 3 * h + 1

    with pytest.raises(GradcheckError, match="is another when only output 0 has a gradient"):
        gradcheck(Careless.apply, leaf(1, 2))
    assert gradcheck(Careless.apply, leaf(1, 2), check_undefined_grad=False)


def test_gradgradcheck_with_given_weights() -> None:
    x = leaf(1, 2)
    weights = tg.tensor([3.0, 4.0], dtype=tg.float64)
    assert gradgradcheck(lambda x: x**3, x, weights)
    assert gradgradcheck(lambda x: (x**3).reshape(1, 2), x, gen_non_contig_grad_outputs=True)
    assert not weights.requires_grad


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
