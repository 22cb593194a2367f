"""Operations of one's own: what `@op` and `@elementwise` accept, what they refuse, what the engine refuses later."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import ops
from tinygrad_cnn.autograd import elementwise, grad, gradcheck, gradgradcheck, op
from tinygrad_cnn.errors import ArgumentError, DtypeError, GraphError, ShapeError


def doubled(backend: Any, x: Any) -> Any:
    """2x"""
    return 2 * x


def test_an_operation_in_a_few_lines() -> None:
    @elementwise(x=lambda g, y: g * y * 3, y=lambda g, x: g * x * 3)
    def thrice(backend: Any, x: Any, y: Any) -> Any:
        """3xy"""
        return 3 * x * y

    x, y = tg.randn(2, 3, dtype=tg.float64, requires_grad=True), tg.randn(3, dtype=tg.float64, requires_grad=True)
    assert gradcheck(thrice, (x, y))
    assert gradgradcheck(thrice, (x, y))
    assert thrice(2.0, 3.0) == 18
    assert thrice(np.ones(2), 2).tolist() == [6, 6]
    assert repr(thrice) == "<op thrice(x, y)>"
    assert (thrice.__name__, thrice.__doc__, thrice.inputs, thrice.params) == ("thrice", "3xy", ("x", "y"), ())


def test_parameters_shapes_and_residuals_can_be_named() -> None:
    seen: list[Any] = []

    def rule(g: Any, x: Any, out: Any, factor: Any, x_shape: Any, extra: Any) -> Any:
        seen.append((x.tolist(), out.tolist(), factor, x_shape, extra))
        return g * factor

    @op(x=rule, residuals=("extra",))
    def scaled(backend: Any, x: Any, *, factor: float) -> Any:
        return x * factor, "a residual"

    x = tg.tensor([1.0, 2.0], requires_grad=True)
    out = scaled(x, factor=3)
    out.sum().backward()
    assert seen == [([1, 2], [3, 6], 3, (2,), "a residual")]
    assert x.grad.tolist() == [3, 3]
    assert scaled.with_residuals(np.ones(1), factor=2)[1] == ("a residual",)
    assert scaled(np.ones(1), factor=2).tolist() == [2]
    assert repr(scaled) == "<op scaled(x; factor)>"


def test_a_rule_runs_only_if_its_input_wants_a_gradient() -> None:
    def never(g: Any) -> Any:
        raise AssertionError

    @op(x=lambda g: g, y=never)
    def first(backend: Any, x: Any, y: Any) -> Any:
        return x

    x = tg.ones(2, requires_grad=True)
    first(x, tg.ones(2)).sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_a_rule_may_return_none() -> None:
    first = op(x=lambda g: g, y=lambda g: None)(lambda backend, x, y: x * 1)
    x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    first(x, y).sum().backward()
    assert y.grad is None


def test_unknown_need() -> None:
    with pytest.raises(
        TypeError, match=r"op doubled: a rule takes g and then names from \['input_shapes', 'out', 'x', "
    ):
        op(x=lambda g, z: g)(doubled)
    with pytest.raises(TypeError, match=r"this one takes \['g', 'z'\], and \['z'\] are unknown"):
        op(x=lambda g, z: g)(doubled)


def test_a_rule_must_start_with_g() -> None:
    with pytest.raises(TypeError, match=r"op doubled: a rule takes g and then names from .*this one takes \['x'\]$"):
        op(x=lambda x: x)(doubled)


def test_rule_for_an_unknown_input() -> None:
    with pytest.raises(TypeError, match=r"op doubled: rules for \['y'\], but its inputs are \['x'\]"):
        op(y=lambda g: g)(doubled)


def test_a_gradient_of_the_wrong_shape() -> None:
    wrong = op(x=lambda g: g.reshape((-1,)))(doubled)
    x = tg.ones(2, 3, requires_grad=True)
    message = r"engine error: the rule of doubled for x returned shape \(6,\); the input has shape \(2, 3\)"
    with pytest.raises(RuntimeError, match=message):
        wrong(x).sum().backward()


def test_joint_rules() -> None:
    @op(joint=lambda g, x, y: (g * y, g * x))
    def product(backend: Any, x: Any, y: Any) -> Any:
        return x * y

    x, y = tg.randn(3, dtype=tg.float64, requires_grad=True), tg.randn(3, dtype=tg.float64, requires_grad=True)
    assert gradcheck(product, (x, y))
    assert gradgradcheck(product, (x, y))


def test_an_operation_without_rules_ends_the_graph() -> None:
    assert not op()(doubled)(tg.ones(2, requires_grad=True)).requires_grad


def test_an_operation_of_an_operation_keeps_the_kind_of_its_arguments() -> None:
    assert isinstance(ops.mul(np.ones(2), 2), np.ndarray)
    assert isinstance(ops.mul(np.ones(2), tg.ones(2)), tg.Tensor)
    assert isinstance(ops.mul(2, tg.ones(2)), tg.Tensor)


def test_errors_inside_a_forward_function_name_the_operation() -> None:
    def broken(backend: Any, x: Any) -> Any:
        raise error

    for error, kind in [
        (ValueError("bad value"), ArgumentError),  # which is a ValueError, and a RuntimeError as in PyTorch
        (TypeError("bad type"), DtypeError),
        (IndexError("bad index"), IndexError),
        (ShapeError("bad shape"), ShapeError),
        (DtypeError("bad dtype"), DtypeError),
    ]:
        with pytest.raises(kind, match=f"broken: {error}") as caught:
            op()(broken)(tg.ones(1))
        assert caught.type is kind
    error = ValueError("broken: says so itself")
    with pytest.raises(ValueError, match=r"^broken: says so itself$"):
        op()(broken)(tg.ones(1))


def test_missing_gradients_are_zero_not_garbage() -> None:
    x = tg.ones(2, requires_grad=True)
    (g,) = grad(op(x=lambda g: None)(doubled)(x).sum(), x, materialize_grads=True)
    assert g.tolist() == [0, 0]


def test_saved_residual_arrays_are_freed() -> None:
    @op(x=lambda g, mask: g * mask, residuals=("mask",))
    def masked(backend: Any, x: Any) -> Any:
        mask = x > 0
        return x * mask, mask

    y = masked(tg.tensor([1.0, -1.0], requires_grad=True))
    assert y.grad_fn.saved_bytes() == 2
    y.sum().backward()
    assert y.grad_fn.saved_bytes() == 0
    with pytest.raises(GraphError, match="saved by masked were freed"):
        y.sum().backward()
