"""What must hold of derivatives for every shape: forward and reverse mode agree, and are each other's adjoints."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_cnn as tg
from tinygrad_cnn import func
from tinygrad_cnn.autograd import functional, grad

SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)
SEEDS = st.integers(0, 2**32 - 1)


def drawn(shape: tuple[int, ...], seed: int) -> tg.Tensor:
    return tg.tensor(np.random.default_rng(seed).standard_normal(shape))


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a.numpy(force=True), b.numpy(force=True), rtol=1e-9, atol=1e-11)
    assert a.shape == b.shape


def outer(x: Any, w: Any) -> Any:
    """An output of shape w.shape + x.shape that depends on both in a way that is not linear."""
    return (w.reshape((*w.shape, *(1,) * x.ndim)) * x).sin() * (x * x + 1)


@given(SHAPES, SHAPES, SEEDS)
def test_jacobians_agree(x_shape: tuple[int, ...], w_shape: tuple[int, ...], seed: int) -> None:
    x, w = drawn(x_shape, seed), drawn(w_shape, seed + 1)

    def f(x: Any) -> Any:
        return outer(x, w)

    reverse = func.jacrev(f)(x)
    assert reverse.shape == (*w_shape, *x_shape, *x_shape)
    close(func.jacfwd(f)(x), reverse)
    close(functional.jacobian(f, x), reverse)
    close(functional.jacobian(f, x, strategy="forward-mode"), reverse)


@given(SHAPES, SHAPES, SEEDS)
def test_products_are_adjoint(x_shape: tuple[int, ...], w_shape: tuple[int, ...], seed: int) -> None:
    """⟨u, J v⟩ = ⟨uᵀJ, v⟩ with two inputs."""
    x, w = drawn(x_shape, seed), drawn(w_shape, seed + 1)
    v = (drawn(x_shape, seed + 2), drawn(w_shape, seed + 3))
    out, forward = func.jvp(outer, (x, w), v)
    u = drawn(tuple(out.shape), seed + 4)
    _, product = func.vjp(outer, x, w)
    back = product(u)
    close((u * forward).sum(), (back[0] * v[0]).sum() + (back[1] * v[1]).sum())


@given(SHAPES, SEEDS)
def test_hessians_are_symmetric(shape: tuple[int, ...], seed: int) -> None:
    x, w = drawn(shape, seed), drawn(shape, seed + 1)

    def f(x: Any) -> Any:
        return ((x.sum() * w).sin() * x).sum()

    n = x.numel()
    found = func.hessian(f)(x).reshape(n, n)
    close(found, found.T)
    close(functional.hessian(f, x).reshape(n, n), found)
    v = drawn(shape, seed + 2)
    close(functional.hvp(f, x, v)[1].reshape(n), found @ v.reshape(n))


@given(st.integers(1, 4), SHAPES, SEEDS)
def test_a_batch_is_a_loop(count: int, shape: tuple[int, ...], seed: int) -> None:
    x = drawn((count, *shape), seed)
    out = func.vmap(lambda x: x.sin() * x.sum())(x)
    close(out, tg.stack([x[i].sin() * x[i].sum() for i in range(count)]))


@given(SHAPES, SEEDS, st.integers(0, 3))
def test_checkpoints_change_nothing(shape: tuple[int, ...], seed: int, depth: int) -> None:
    x = drawn(shape, seed).requires_grad_()
    w = drawn(shape, seed + 1).requires_grad_()

    def f(x: Any, w: Any) -> Any:
        return (x * w).sin() + nn_part(x) * w

    def nn_part(x: Any) -> Any:
        return tg.nn.functional.softplus(x) * x.tanh()

    def nested(x: Any, w: Any, depth: int) -> Any:
        return tg.utils.checkpoint.checkpoint(nested, x, w, depth - 1) if depth else f(x, w)

    found, expected = (grad(out.sum(), [x, w], create_graph=True) for out in (nested(x, w, depth), f(x, w)))
    for a, b in zip(found, expected, strict=True):
        close(a, b)
    second, wanted = (grad((a * a).sum(), [x, w]) for a in (found[0], expected[0]))
    for a, b in zip(second, wanted, strict=True):
        close(a, b)
