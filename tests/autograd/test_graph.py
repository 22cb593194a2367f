"""The graph and the walk back through it: sums of re-used tensors, deep chains, what is kept and what is let go."""

import gc
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tinygrad_cnn.autograd import Leaf, Node, ancestors, backpropagate
from tinygrad_cnn.errors import GraphError


def scalar(value: float = 3.0) -> tg.Tensor:
    return tg.tensor(value, requires_grad=True)


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: x + x, 2),
        (lambda x: x * x, 6),
        (lambda x: (x + x) + (x + x), 4),
        (lambda x: x * x * x, 27),
        (lambda x: x - x, 0),
        (lambda x: x / x, 0),
        (lambda x: (x * 2) * (x * 3), 36),
        (lambda x: tg.stack([x, x, x]).sum(), 3),
        (lambda x: x.expand(4).sum() + x, 5),
    ],
)
def test_used_twice(f: Any, slope: float) -> None:
    x = scalar()
    f(x).backward()
    assert x.grad.item() == slope


def test_a_diamond_of_reused_sums() -> None:
    a = scalar()
    b = a + a
    c = b + b
    d = c * b
    d.backward()
    assert a.grad.item() == 2 * 8 * 3  # d = 8 a²


def test_gradients_add_up_in_the_leaf() -> None:
    x = scalar()
    for _ in range(3):
        (x * 2).backward()
    assert x.grad.item() == 6


def test_doubling_thirty_times_visits_every_node_once() -> None:
    """A recursive walk without sums would take 2³⁰ steps."""
    x = scalar(1.0)
    y = x
    for _ in range(30):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**30


CHAIN = 100_000


def chain() -> None:
    x = scalar(1.0)
    y = x
    for _ in range(CHAIN):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1
    assert y.item() == CHAIN + 1
    y = x
    for _ in range(CHAIN):
        y = y * 1.0
    del y  # never walked: the whole chain goes at once


def test_a_chain_of_100000_operations() -> None:
    chain()


def test_a_long_chain_on_a_small_stack() -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            chain()
        except BaseException as error:
            failures.append(error)

    size = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(size)
    thread.join()
    assert failures == []


def test_a_long_chain_of_higher_order() -> None:
    x = scalar(1.0)
    y = x
    for _ in range(5000):
        y = y * 1.0
    (g,) = tg.autograd.grad(y, x, create_graph=True)
    assert g.item() == 1


def network(x: Any, w: Any) -> Any:
    y = F.max_pool2d(F.conv2d(x, w, padding=1), 2)
    y = F.batch_norm(y, None, None, training=True).relu() * 2
    y[0] = 0.5
    return F.cross_entropy(y.view(2, -1) @ tg.ones(12, 3), tg.tensor([0, 2]))


@pytest.mark.parametrize("walk", ["none", "backward", "retain", "create"])
def test_a_dropped_graph_leaves_nothing(walk: str) -> None:
    """Without the garbage collector, tensors and nodes go as soon as nobody names them."""
    x, w = tg.randn(2, 2, 4, 4), tg.randn(3, 2, 3, 3, requires_grad=True)
    network(x, w).backward()  # whatever is made once, such as caches
    gc.collect()
    gc.disable()
    try:
        loss = network(x, w)
        watched = [weakref.ref(loss), *(weakref.ref(node) for node in ancestors([loss.node]) if isinstance(node, Node))]
        if walk in ("backward", "retain"):
            loss.backward(retain_graph=walk == "retain")
        elif walk == "create":
            (g,) = tg.autograd.grad(loss, w, create_graph=True)
            watched.append(weakref.ref(g))
            (g * g).sum().backward()
            del g
        w.grad = None
        del loss
        assert [ref() for ref in watched if ref() is not None] == []
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_leaf_goes_although_its_graph_stays() -> None:
    x = scalar()
    y = x * 2
    gone = weakref.ref(x)
    leaf = y.grad_fn.inputs[0]
    del x
    assert gone() is None
    assert leaf.tensor is None
    y.backward()  # nobody is left to collect the gradient, and that is no error
    assert repr(leaf) == "<leaf ()>"


def test_hooks_and_retained_gradients_make_no_cycles() -> None:
    x = scalar()
    gc.collect()
    gc.disable()
    try:
        y = x * 2
        y.retain_grad()
        y.register_hook(lambda g: g)
        (y * 3).backward()
        gone = weakref.ref(y)
        del y
        assert gone() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_saved_values_are_released_on_the_way() -> None:
    x = tg.randn(100, requires_grad=True)
    y = x.exp()
    z = y.sin()
    seen: list[int] = []
    x.register_hook(lambda g: seen.append(z.grad_fn.saved_bytes() + y.grad_fn.saved_bytes()))
    assert (y.grad_fn.saved_bytes(), z.grad_fn.saved_bytes()) == (400, 400)
    z.sum().backward()
    assert seen == [0]


def test_only_what_is_named_is_saved() -> None:
    x, w = tg.randn(3, 4, requires_grad=True), tg.randn(4, 5)
    assert (x @ w).grad_fn.saved_bytes() == w.nbytes  # no gradient for w, so x is not needed
    assert (x + 1).grad_fn.saved_bytes() == 0
    assert x.exp().grad_fn.saved_bytes() == x.nbytes
    assert (x * 3).grad_fn.saved_bytes() == 0


def test_a_retained_graph_can_be_walked_again() -> None:
    x = scalar()
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 12


def test_backward_twice() -> None:
    x = scalar()
    y = x.exp()
    y.backward()
    with pytest.raises(GraphError, match=r"(?s)saved by exp were freed.*outside the training loop.*retain_graph=True"):
        y.backward()


def test_a_part_of_the_graph_that_was_freed() -> None:
    x = scalar()
    shared = x.exp()
    (shared * 2).backward()
    with pytest.raises(GraphError, match="freed by an earlier backward"):
        (shared * 3).backward()


def test_intermediate_gradients_do_not_stay() -> None:
    x = scalar()
    y = x * 2
    (y * 3).backward()
    assert y.grad is None
    assert x.grad.item() == 6


def test_retain_grad() -> None:
    x = scalar()
    y = x * 2
    y.retain_grad()
    z = y * y
    z.backward(retain_graph=True)
    assert y.grad.item() == 12
    z.backward()
    assert y.grad.item() == 24
    x.retain_grad()  # a leaf does so anyway
    with pytest.raises(GraphError, match="retain_grad: this tensor has no graph"):
        tg.ones(1).retain_grad()


def test_gradient_buffers_are_not_shared() -> None:
    """One array handed to two leaves, to a leaf twice, or given as the seed: each gradient has memory of its own."""
    a, b = tg.zeros(3, requires_grad=True), tg.zeros(3, requires_grad=True)
    seed = tg.ones(3)
    (a + b).backward(seed)
    a.grad += 5
    assert b.grad.tolist() == [1, 1, 1]
    assert seed.tolist() == [1, 1, 1]
    (a.view(3) + b.expand(1, 3)).backward(tg.ones(1, 3))
    a.grad.zero_()
    assert b.grad.tolist() == [2, 2, 2]


def test_a_gradient_handed_out_earlier_is_not_overwritten() -> None:
    x = tg.ones(2, requires_grad=True)
    (given,) = tg.autograd.grad((x * 2).sum(), x)
    (x * 3).sum().backward()
    assert given.tolist() == [2, 2]


def test_the_seed_of_a_leaf_is_copied() -> None:
    x = tg.ones(2, requires_grad=True)
    seed = tg.ones(2)
    x.backward(seed)
    x.grad *= 7
    assert seed.tolist() == [1, 1]


def test_hooks() -> None:
    x = scalar()
    y = x * 2
    seen: list[float] = []
    handle = y.register_hook(lambda g: seen.append(g.item()))
    with x.register_hook(lambda g: g * 10):
        (y * 3).backward(retain_graph=True)
    assert (seen, x.grad.item()) == ([3.0], 60.0)
    handle.remove()
    handle.remove()
    (y * 3).backward()
    assert (seen, x.grad.item()) == ([3.0], 66.0)
    with pytest.raises(GraphError, match="register_hook: this tensor has no graph"):
        tg.ones(1).register_hook(print)


def test_a_hook_sees_the_complete_gradient_once() -> None:
    x = scalar()
    y = x * 2
    seen: list[float] = []
    y.register_hook(lambda g: seen.append(g.item()))
    (y + y + y * 2).backward()
    assert seen == [4.0]


def test_hooks_take_part_in_higher_orders() -> None:
    x = scalar()
    y = x * x
    y.register_hook(lambda g: g * 3)
    (slope,) = tg.autograd.grad(y, x, create_graph=True)
    assert slope.item() == 18
    assert tg.autograd.grad(slope, x)[0].item() == 6


def test_what_a_node_says() -> None:
    x = scalar()
    y = x * 2 + 1
    node = y.grad_fn
    assert (node.name, node.shape, node.dtype, node.input_shapes) == ("add", (), "float32", ((), ()))
    assert repr(node) == "<add>"
    assert [following.name for following, _ in node.next_functions if following] == ["mul"]
    assert node.inputs[1] is None
    leaf = node.inputs[0].inputs[0]
    assert isinstance(leaf, Leaf)
    assert leaf.tensor is x
    assert (leaf.name, leaf.next_functions, x.grad_fn) == ("leaf", (), None)
    assert y.requires_grad
    assert not y.is_leaf
    assert x.is_leaf


def test_ancestors_come_before_what_they_were_made_of() -> None:
    x = scalar()
    a = x * 2
    b = a + x
    order = ancestors([(b * a).node])
    assert [node.name for node in order] == ["mul", "add", "mul", "leaf"]


def test_backpropagate_is_pure() -> None:
    x = scalar()
    y = x * x
    found = backpropagate({y.node: np.float32(1)}, retain_graph=True)
    assert {node.tensor.item(): float(g) for node, g in found.items()} == {3.0: 6.0}
    assert x.grad is None


def test_the_scope_is_recorded() -> None:
    from tinygrad_cnn.autograd.modes import module_scope

    with module_scope("features.3"):
        y = scalar().exp()
    assert y.grad_fn.scope == "features.3"
    assert y.grad_fn.describe() == "exp in features.3"
    y.backward()
    with pytest.raises(GraphError, match=r"saved by exp in features\.3"):
        y.backward()


def test_a_graph_that_saved_no_tensor_can_be_walked_twice() -> None:
    x = tg.ones(3, requires_grad=True)
    y = (x * 2 + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [4, 4, 4]
