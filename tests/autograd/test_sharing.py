"""Gradients are added to in place only where nobody else can see: not a user, a hook, a saved value, another sum."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_cnn as tg
from tinygrad_cnn.autograd import backpropagate, op
from tinygrad_cnn.autograd.sharing import only_here

STEPS: list[Any] = [
    lambda x, y: x + y,
    lambda x, y: x + x,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x.t() + y,
    lambda x, y: x.reshape(9).reshape(3, 3) * 2,
    lambda x, y: x.flatten()[None].expand(3, 9)[0].view(3, 3) + y,
    lambda x, y: x.sum(0) + y,
    lambda x, y: x[:, :1] + y,
    lambda x, y: tg.stack([x, y, x]).mean(0),
    lambda x, y: -x,
]
program = st.lists(
    st.tuples(st.integers(0, len(STEPS) - 1), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9
)


def run(steps: Any, dtype: Any) -> tuple[Any, list[Any], Any]:
    """The leaves, every tensor of the program, and its result."""
    rng = np.random.default_rng(0)
    leaves = [tg.tensor(rng.uniform(-1, 1, (3, 3)), dtype=dtype, requires_grad=True) for _ in range(2)]
    known = list(leaves)
    for which, i, j in steps:
        known.append(STEPS[which](known[i % len(known)], known[j % len(known)]))
    total = known[-1]
    for value in known[2:-1]:
        total = total + value
    return leaves, known, total


@settings(max_examples=60, deadline=None)
@given(program, st.booleans())
def test_no_array_that_was_seen_is_written_to(steps: Any, keep_leaves: bool) -> None:
    """Hooks on every tensor keep what they see; nothing of it changes later, and the sums are those of float64."""
    leaves, known, total = run(steps, tg.float32)
    seen: list[tuple[Any, Any]] = []

    def look(g: Any) -> None:
        seen.append((g.array, g.array.copy()))

    for value in known if keep_leaves else known[2:]:
        if value.requires_grad:
            value.register_hook(look)
    values = [value.array.copy() for value in known]
    seed = tg.ones(3, 3)
    total.backward(seed, retain_graph=True)
    first = [None if leaf.grad is None else leaf.grad.array.copy() for leaf in leaves]
    total.backward(seed)
    assert (seed.array == 1).all()
    for array, copy in seen:
        np.testing.assert_array_equal(array, copy)
    for value, before in zip(known, values, strict=True):
        np.testing.assert_array_equal(value.array, before)
    exact, _, exact_total = run(steps, tg.float64)
    found = tg.autograd.grad(exact_total.sum(), exact, create_graph=True, materialize_grads=True)
    for leaf, once, other in zip(leaves, first, found, strict=True):
        if leaf.grad is None:
            assert not other.any()
            continue
        scale = max(1.0, float(abs(other.array).max()))
        assert abs(once - other.array).max() <= 1e-4 * scale
        np.testing.assert_array_equal(leaf.grad.array, 2 * once)


@settings(max_examples=40, deadline=None)
@given(program)
def test_gradients_have_memory_of_their_own(steps: Any) -> None:
    leaves, known, total = run(steps, tg.float32)
    for value in known[2:]:
        if value.requires_grad:
            value.retain_grad()
    seed = tg.ones(3, 3)
    total.backward(seed)
    arrays = [value.grad.array for value in (*leaves, *known[2:]) if value.grad is not None]
    others = [value.array for value in known] + [seed.array]
    for i, array in enumerate(arrays):
        assert array.flags.writeable
        assert not any(np.shares_memory(array, other) for other in [*arrays[i + 1 :], *others])


def test_sums_are_made_in_place() -> None:
    """Three shares of a gradient, and the sum of them lies where the first was."""
    places: list[int] = []

    @op(x=lambda g: remember(g * 2))
    def double(backend: Any, x: Any) -> Any:
        return 2 * x

    def remember(g: Any) -> Any:
        places.append(g.ctypes.data)
        return g

    x = tg.ones(3, requires_grad=True)
    total = double(x) + double(x) + double(x)
    assert x.node is not None
    assert total.node is not None
    found = backpropagate({total.node: np.ones(3, "float32")})
    assert found[x.node].tolist() == [6, 6, 6]
    assert found[x.node].ctypes.data == places[0]


def test_who_can_see_an_array() -> None:
    arrays: dict[str, Any] = {"alone": np.ones(4), "view": np.ones(4).reshape(2, 2), "number": np.float32(1)}
    assert only_here(arrays, "alone")
    assert only_here(arrays, "view")
    assert not only_here(arrays, "number")
    arrays["again"] = arrays["alone"]
    assert not only_here(arrays, "alone")
    del arrays["again"]
    assert only_here(arrays, "alone")
    base = np.ones(4)
    arrays["seen"] = base[:2]
    assert not only_here(arrays, "seen")
    arrays["broadcast"] = np.broadcast_to(np.ones(1), (3,))
    assert not only_here(arrays, "broadcast")
    arrays["foreign"] = np.frombuffer(bytearray(8), dtype="float64")
    assert not only_here(arrays, "foreign")
    arrays["two views"] = np.ones(4)[:2]
    arrays["other"] = arrays["two views"][:1]
    assert not only_here(arrays, "two views")
    assert base.tolist() == [1, 1, 1, 1]


def test_a_rule_that_returns_what_it_saved() -> None:
    """The gradient is a saved value, and the saved value is a user's."""

    @op(x=lambda g, x, c: c, c=lambda g, x: x)
    def fixed(backend: Any, x: Any, c: Any) -> Any:
        return x * c

    x, c = tg.ones(3, requires_grad=True), tg.tensor([2.0, 3.0, 4.0])
    for _ in range(2):
        (fixed(x, c) + fixed(x, c)).backward(tg.ones(3))
    assert x.grad.tolist() == [8, 12, 16]
    assert c.tolist() == [2, 3, 4]
    fixed(x, c).backward(tg.ones(3))
    x.grad.zero_()
    assert c.tolist() == [2, 3, 4]


@pytest.mark.parametrize("create_graph", [False, True])
def test_the_gradient_stays_one_object(create_graph: bool) -> None:
    """As in PyTorch, `.grad` is added to in place, unless the sum shall be differentiable."""
    x = tg.ones(2, requires_grad=True)
    (x * x).sum().backward(create_graph=create_graph)
    held = x.grad
    (x * 3).sum().backward()
    assert x.grad is held
    assert held.tolist() == [5, 5]
    (x * x).sum().backward(create_graph=True)
    assert x.grad is not held
    assert held.tolist() == [5, 5]
    assert x.grad.tolist() == [7, 7]
    tg.autograd.backward(x.grad.sum(), inputs=[x])
    assert x.grad.tolist() == ([11, 11] if create_graph else [9, 9])


def test_differentiable_gradients_have_memory_of_their_own() -> None:
    a, b, seed = tg.zeros(2, requires_grad=True), tg.zeros(2, requires_grad=True), tg.ones(2)
    (a + b).backward(seed, create_graph=True)
    (a * 2).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist(), seed.tolist()) == ([3, 3], [1, 1], [1, 1])


def test_one_input_twice() -> None:
    x = tg.ones(2, requires_grad=True)
    first, second = tg.autograd.grad((x * 2).sum(), [x, x])
    first.zero_()
    assert second.tolist() == [2, 2]
