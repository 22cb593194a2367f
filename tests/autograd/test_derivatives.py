"""`backward` and `grad`: their arguments, their orders, their errors."""

from inspect import signature
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tinygrad_cnn.autograd import backward, grad
from tinygrad_cnn.errors import GraphError, ShapeError


def leaf(*values: float) -> tg.Tensor:
    return tg.tensor(values, dtype=tg.float64, requires_grad=True)


def test_a_gradient_for_each_input() -> None:
    x, y = leaf(1, 2), leaf(3, 4)
    gx, gy = grad((x * y).sum(), [x, y])
    assert (gx.tolist(), gy.tolist()) == ([3, 4], [1, 2])
    assert x.grad is None
    assert not gx.requires_grad


def test_several_outputs() -> None:
    x = leaf(1, 2)
    (g,) = grad([(x * 2).sum(), x * 3], x, [None, tg.tensor([1.0, 10.0], dtype=tg.float64)])
    assert g.tolist() == [5, 32]


def test_one_output_twice() -> None:
    x = leaf(2)
    y = x * x
    (g,) = grad([y, y], x, [tg.ones(1, dtype=tg.float64)] * 2)
    assert g.tolist() == [8]


def test_by_a_computed_tensor() -> None:
    x = leaf(2)
    y = x * 3
    gy, gx = grad((y * y).sum(), [y, x])
    assert (gy.item(), gx.item()) == (12, 36)


def test_by_itself() -> None:
    x = leaf(2)
    y = x * 3
    assert [g.item() for g in grad(y, [y, x])] == [1, 3]


def test_unused_inputs() -> None:
    x, y = leaf(1), leaf(2)
    out = (x * 2).sum()
    with pytest.raises(
        GraphError, match=r"grad: the outputs do not depend on input 1 of shape \(1,\); pass allow_unused"
    ):
        grad(out, [x, y], retain_graph=True)
    assert grad(out, [x, y], allow_unused=True, retain_graph=True)[1] is None
    assert grad(out, [x, y], materialize_grads=True)[1].tolist() == [0]


def test_the_arguments_are_in_pytorchs_order() -> None:
    names = ["outputs", "inputs", "grad_outputs", "retain_graph", "create_graph", "only_inputs", "allow_unused"]
    assert list(signature(grad).parameters) == [*names, "is_grads_batched", "materialize_grads"]
    x, y = leaf(1), leaf(2)
    assert grad((x * 2).sum(), [x, y], None, False, False, True, True)[1] is None
    with pytest.raises(NotImplementedError, match="only_inputs=False is not supported"):
        grad(x * 2, x, only_inputs=False)
    with pytest.raises(ValueError, match=r"every output needs grad_outputs, with one size .* got \[None\]"):
        grad(x * 2, x, is_grads_batched=True)
    with pytest.raises(ValueError, match="allow_unused must be True or left out"):
        grad(x * 2, x, allow_unused=False, materialize_grads=True)
    with pytest.raises(GraphError, match="grad: inputs is empty"):
        grad(x * 2, [])
    with pytest.raises(GraphError, match="backward: inputs is empty"):
        (x * 2).backward(inputs=[])
    with pytest.raises(GraphError, match=r"backward: input 0 of shape \(1,\) does not require grad"):
        (x * 2).backward(inputs=tg.ones(1))
    with pytest.raises(TypeError, match="backward: inputs must be tensors; got int at 0"):
        (x * 2).backward(inputs=[1])


def test_each_gradient_has_memory_of_its_own() -> None:
    x, y, seed = leaf(1, 2), leaf(3, 4), tg.ones(2, dtype=tg.float64)
    out = x + y
    results = (seed, *grad(out, [out, x, y], seed))
    for i, g in enumerate(results):
        for other in results[:i]:
            assert not np.shares_memory(g.array, other.array)


def test_orders_up_to_the_fourth() -> None:
    x = leaf(0.5)
    y = (x.sin() * x.exp()).sum()
    expected = [
        np.exp(0.5) * (np.sin(0.5) + np.cos(0.5)),
        2 * np.exp(0.5) * np.cos(0.5),
        2 * np.exp(0.5) * (np.cos(0.5) - np.sin(0.5)),
        -4 * np.exp(0.5) * np.sin(0.5),
    ]
    for value in expected:
        (y,) = grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(value)


def test_backward_with_create_graph() -> None:
    x = leaf(3)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    x.grad.sum().backward()
    assert x.grad.item() == 27 + 18


def test_gradient_penalty_through_a_network() -> None:
    """The derivative of |∇ loss|² by the weights, against finite differences."""
    rng = np.random.default_rng(0)
    x, w = (
        tg.tensor(rng.standard_normal((2, 2, 5, 5))),
        tg.tensor(rng.standard_normal((3, 2, 3, 3)), requires_grad=True),
    )
    x.requires_grad_()

    def penalty(w: Any) -> Any:
        y = F.batch_norm(F.conv2d(x, w, padding=1), None, None, training=True)
        loss = F.cross_entropy(F.avg_pool2d(F.max_pool2d(y, 2), 2).flatten(1), tg.tensor([0, 2]))
        (g,) = grad(loss, x, create_graph=True)
        return (g * g).sum()

    (g,) = grad(penalty(w), w)
    d = tg.tensor(rng.standard_normal(w.shape))
    difference = (penalty(w + 1e-5 * d) - penalty(w - 1e-5 * d)) / 2e-5
    assert (g * d).sum().item() == pytest.approx(difference.item(), rel=1e-5)


def test_third_order_through_convolution() -> None:
    x, w = tg.randn(1, 2, 4, 4, dtype=tg.float64), tg.randn(2, 2, 3, 3, dtype=tg.float64)
    x.requires_grad_()
    w.requires_grad_()
    (first,) = grad((F.conv2d(x, w, tg.zeros(2, dtype=tg.float64)) ** 3).sum(), x, create_graph=True)
    (second,) = grad((first**2).sum(), w, create_graph=True)
    (third,) = grad((second * second).sum(), x)
    assert third.shape == x.shape
    assert tg.isfinite(third).all()


def test_retain_graph_follows_create_graph() -> None:
    x = leaf(2)
    y = x.exp()
    grad(y, x, create_graph=True)
    grad(y, x)
    with pytest.raises(GraphError, match="freed"):
        grad(y, x)


def test_what_lies_beside_is_not_freed() -> None:
    """Only nodes between the outputs and the inputs are visited."""
    x, w = leaf(2), leaf(3)
    side = w.exp()
    y = x * side
    grad(y, x)
    side.backward()
    assert w.grad.item() == pytest.approx(np.exp(3))


def test_backward_into_chosen_inputs() -> None:
    x, w = leaf(2), leaf(3)
    (x * w).backward(inputs=[x])
    assert x.grad.item() == 3
    assert w.grad is None


def test_backward_of_several() -> None:
    x = leaf(1, 2)
    backward([x.sum(), x * 2], [None, tg.tensor([1.0, 0.0], dtype=tg.float64)])
    assert x.grad.tolist() == [3, 1]


def test_a_weight_for_each_output() -> None:
    x = leaf(1, 2)
    with pytest.raises(ValueError, match="backward: 2 outputs but 1 gradients for them"):
        backward([x.sum(), x.sum()], [None])
    with pytest.raises(ValueError, match="grad: 1 outputs but 2 gradients for them"):
        grad(x.sum(), x, [None, None])


def test_weights_may_be_plain() -> None:
    x = leaf(1, 2)
    (x * 2).backward([1, 10])
    assert x.grad.tolist() == [2, 20]
    assert x.grad.dtype == "float64"


def test_not_a_scalar() -> None:
    x = leaf(1, 2)
    message = (
        r"backward: this tensor has shape \(2,\), not a scalar; pass gradient= or reduce it first, e.g. with .sum\(\)"
    )
    with pytest.raises(GraphError, match=message):
        (x * 2).backward()
    (x[:1] * 2).backward()  # one element is as good as a scalar


def test_a_gradient_of_another_shape() -> None:
    with pytest.raises(ShapeError, match=r"backward: the gradient has shape \(3,\), the tensor \(2,\)"):
        (leaf(1, 2) * 2).backward(tg.ones(3))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: tg.ones(1), "has no graph: nothing it was computed from requires grad, or the graph was cut"),
        (lambda: leaf(1).detach() * 2, "has no graph: nothing it was computed from"),
        (lambda: leaf(1, 2).argmax(), "has no graph: its dtype is int64"),
        (lambda: leaf(1) > 0, "has no graph: its dtype is bool"),
    ],
)
def test_no_graph(make: Any, match: str) -> None:
    with pytest.raises(GraphError, match=match):
        make().backward()
    with pytest.raises(GraphError, match=match):
        grad(make(), leaf(1))


def test_wrong_arguments() -> None:
    x = leaf(1)
    with pytest.raises(TypeError, match="grad: input 0 must be a tensor; got float"):
        grad(x, 1.0)
    with pytest.raises(TypeError, match="grad: expected a tensor; got int"):
        grad(3, x)
    with pytest.raises(TypeError, match="backward: expected a tensor; got int"):
        backward(3)
    with pytest.raises(GraphError, match=r"grad: input 0 of shape \(2,\) does not require grad"):
        grad(x, tg.ones(2))


def test_requires_grad() -> None:
    with pytest.raises(GraphError, match="only floating-point tensors can require gradients; this one has dtype int64"):
        tg.tensor([1, 2], requires_grad=True)
    with pytest.raises(GraphError, match="requires_grad: this tensor was computed, so it can't stop"):
        (leaf(1) * 2).requires_grad_(False)
    x = leaf(1)
    assert x.requires_grad_(False) is x
    assert not x.requires_grad
    x.requires_grad = True
    assert x.requires_grad
    y = (x * 2).requires_grad_()
    assert not y.is_leaf


def test_gradients_accumulate_over_dtypes_and_graphs() -> None:
    x = tg.ones(2, requires_grad=True)
    (x * 2).sum().backward(create_graph=True)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [4, 4]
    x.grad = None
    (x.double() * 2).sum().backward()
    assert x.grad.dtype == "float32"


def test_gradients_of_what_an_iterator_gives():
    layer = tg.nn.Linear(2, 1)
    weight, bias = tg.autograd.grad(layer(tg.ones(3, 2)).sum(), layer.parameters())
    assert (weight.tolist(), bias.tolist()) == ([[3, 3]], [3])
    assert len(tg.autograd.grad(layer(tg.ones(3, 2)).sum(), dict(layer.named_parameters()).values())) == 2
