"""The losses, with all their options."""

from itertools import product
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.against_torch.agreement import agree, normal

REDUCTIONS = ("mean", "sum", "none")
SHAPES = {
    (4, 3): np.array([0, 2, 1, 2]),
    (3, 5, 2): np.array([[0, 4], [2, 2], [1, 3]]),
    (2, 3, 2, 2): np.array([[[0, 1], [2, 2]], [[1, 1], [0, 2]]]),
    (3,): np.array(1),
}
CLASSIFICATION = list(product(SHAPES, REDUCTIONS, (False, True), (-100, 1)))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize(("shape", "reduction", "weighted", "ignored"), CLASSIFICATION)
def test_cross_entropy(shape: tuple[int, ...], reduction: str, weighted: bool, ignored: int, smoothing: float) -> None:
    if shape == (3,):
        ignored = -100  # of one label, ignored, PyTorch makes NaN
    weight = normal(shape[min(1, len(shape) - 1)], seed=3) ** 2 if weighted else None

    def f(lib: Any, F: Any, x: Any, target: Any) -> Any:
        return F.cross_entropy(
            x,
            target,
            weight=None if weight is None else lib.tensor(weight),
            ignore_index=ignored,
            reduction=reduction,
            label_smoothing=smoothing,
        )

    agree(f, normal(*shape), SHAPES[shape])


@pytest.mark.parametrize(("shape", "reduction", "weighted", "ignored"), CLASSIFICATION)
def test_nll_loss(shape: tuple[int, ...], reduction: str, weighted: bool, ignored: int) -> None:
    weight = normal(shape[min(1, len(shape) - 1)], seed=3) ** 2 if weighted else None

    def f(lib: Any, F: Any, x: Any, target: Any) -> Any:
        options = {"weight": None if weight is None else lib.tensor(weight), "reduction": reduction}
        return F.nll_loss(x, target, ignore_index=-100 if shape == (3,) else ignored, **options)

    agree(f, normal(*shape), SHAPES[shape])


@pytest.mark.parametrize("shape", [(4, 3), (3, 5, 2), (5,)])
@pytest.mark.parametrize(("reduction", "weighted", "smoothing"), list(product(REDUCTIONS, (False, True), (0.0, 0.3))))
def test_cross_entropy_with_probabilities(
    shape: tuple[int, ...], reduction: str, weighted: bool, smoothing: float
) -> None:
    target = np.exp(normal(*shape, seed=1))
    weight = normal(shape[min(1, len(shape) - 1)], seed=3) ** 2 if weighted else None

    def f(lib: Any, F: Any, x: Any, target: Any) -> Any:
        options = {"weight": None if weight is None else lib.tensor(weight), "reduction": reduction}
        return F.cross_entropy(x, target, label_smoothing=smoothing, **options)

    agree(f, normal(*shape), target)


def test_ignored_rows_may_hold_anything() -> None:
    target = np.array([0, -100, 2, -100])
    for reduction in REDUCTIONS:
        agree(lambda _, F, x, t, r=reduction: F.cross_entropy(x, t, reduction=r), normal(4, 3), target)
    agree(lambda _, F, x, t: F.cross_entropy(x, t), normal(2, 3), np.array([-100, -100]), order=0)


def test_large_scores_do_not_overflow() -> None:
    agree(lambda _, F, x, t: F.cross_entropy(x, t), 1000 * normal(4, 3), np.array([0, 2, 1, 2]))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32"])
def test_labels_of_every_integer_dtype(dtype: str) -> None:
    def f(lib: Any, F: Any, x: Any) -> Any:
        labels = lib.tensor([0, 2, 1, 2], dtype=getattr(lib, dtype))
        return F.cross_entropy(x, labels if lib.__name__ != "torch" else labels.long())

    agree(f, normal(4, 3))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss"])
def test_regression(name: str, reduction: str) -> None:
    agree(lambda _, F, x, y: getattr(F, name)(x, y, reduction=reduction), normal(3, 4), normal(3, 4, seed=1))


@pytest.mark.parametrize("beta", [0.0, 0.3, 2.0])
def test_smooth_l1(beta: float) -> None:
    agree(lambda _, F, x, y: F.smooth_l1_loss(x, y, beta=beta), normal(3, 4), normal(3, 4, seed=1))


@pytest.mark.parametrize(("reduction", "weighted"), list(product(REDUCTIONS, (False, True))))
def test_binary_cross_entropy(reduction: str, weighted: bool) -> None:
    p, target = 1 / (1 + np.exp(-normal(3, 4))), np.random.default_rng(1).random((3, 4))
    weight = normal(3, 4, seed=2) ** 2

    def f(lib: Any, F: Any, p: Any) -> Any:
        return F.binary_cross_entropy(
            p, lib.tensor(target), weight=lib.tensor(weight) if weighted else None, reduction=reduction
        )

    agree(f, p)


def test_binary_cross_entropy_of_certainties() -> None:
    agree(
        lambda _, F, p, t: F.binary_cross_entropy(p, t),
        np.array([0.0, 1.0, 0.0, 1.0]),
        np.array([0.0, 1, 1, 0]),
        order=0,
    )


@pytest.mark.parametrize(("reduction", "weighted"), list(product(REDUCTIONS, (False, True))))
@pytest.mark.parametrize("scale", [1, 300])
def test_binary_cross_entropy_with_logits(reduction: str, weighted: bool, scale: float) -> None:
    target = np.random.default_rng(1).random((3, 4))

    def f(lib: Any, F: Any, x: Any) -> Any:
        options = {"weight": lib.tensor(normal(3, 4, seed=2)), "pos_weight": lib.tensor([1.0, 2.0, 0.5, 3.0])}
        options = {name: value.to(x.dtype) for name, value in options.items()} if weighted else {}
        return F.binary_cross_entropy_with_logits(x, lib.tensor(target), reduction=reduction, **options)

    agree(f, scale * normal(3, 4))


def test_one_hot() -> None:
    labels = np.array([[0, 2], [1, 1]])
    agree(lambda _, F, x: F.one_hot(x), labels)
    agree(lambda _, F, x: F.one_hot(x, 5), labels)
