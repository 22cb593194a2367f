"""Convolution, pooling, normalisation and activations, with all their options."""

from itertools import product
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.against_torch.agreement import agree, normal

CONVOLUTIONS: list[dict[str, Any]] = [
    {},
    {"stride": 2},
    {"stride": (2, 3), "padding": (1, 0)},
    {"padding": "same"},
    {"padding": "same", "dilation": (1, 2)},
    {"padding": "valid", "dilation": 2},
    {"padding": 3},
    {"groups": 2},
    {"groups": 2, "stride": 2, "padding": 1, "dilation": (2, 1)},
    {"groups": 4, "padding": 1},
    {"groups": 4, "stride": 3},
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("options", CONVOLUTIONS, ids=str)
@pytest.mark.parametrize("size", [(3, 3), (2, 3), (1, 1), (4, 1)])
def test_conv2d(options: dict[str, Any], size: tuple[int, int]) -> None:
    groups = options.get("groups", 1)
    x, w, b = normal(2, 4, 7, 8), normal(8, 4 // groups, *size, seed=1), normal(8, seed=2)
    agree(lambda _, F, x, w, b: F.conv2d(x, w, b, **options), x, w, b, order=3, atol=1e-8)


@pytest.mark.parametrize("order", [1, 2])
def test_one_image(order: int) -> None:
    agree(lambda _, F, x, w: F.conv2d(x, w, padding=1), normal(3, 5, 5), normal(2, 3, 3, 3), order=order)


def test_many_channels_and_odd_layouts() -> None:
    x, w = normal(2, 9, 9, 16).transpose(0, 3, 1, 2), normal(3, 3, 24, 16).transpose(2, 3, 0, 1)
    agree(lambda _, F, x, w: F.conv2d(x, w, stride=2, padding=1), x, w)


POOLINGS = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2},
    {"kernel_size": 3, "stride": 1, "padding": 1},
    {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)},
    {"kernel_size": 2, "stride": 3},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    {"kernel_size": 2, "stride": 2, "padding": 1, "ceil_mode": True},
    {"kernel_size": (2, 3), "stride": (3, 2), "padding": (1, 1), "ceil_mode": True},
]


@pytest.mark.parametrize("options", POOLINGS, ids=str)
@pytest.mark.parametrize("shape", [(2, 3, 7, 8), (3, 6, 5), (1, 1, 9, 9)])
@pytest.mark.parametrize("dilation", [1, (2, 1)])
def test_max_pool2d(options: dict[str, Any], shape: tuple[int, ...], dilation: Any) -> None:
    agree(lambda _, F, x: F.max_pool2d(x, dilation=dilation, **options), normal(*shape))
    agree(lambda _, F, x: F.max_pool2d(x, dilation=dilation, return_indices=True, **options), normal(*shape), order=0)


def test_ties_go_to_the_first() -> None:
    x = np.round(normal(2, 2, 8, 8))
    agree(lambda _, F, x: F.max_pool2d(x, 3, 2, 1, return_indices=True), x, order=0)
    agree(lambda _, F, x: F.max_pool2d(x, 3, 2, 1), x)


@pytest.mark.parametrize("options", POOLINGS, ids=str)
@pytest.mark.parametrize("include", [True, False])
@pytest.mark.parametrize("divisor", [None, 3])
def test_avg_pool2d(options: dict[str, Any], include: bool, divisor: int | None) -> None:
    agree(
        lambda _, F, x: F.avg_pool2d(x, count_include_pad=include, divisor_override=divisor, **options),
        normal(2, 3, 7, 8),
    )


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2, 2), (5, 3, 4)])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_batch_norm_in_training(shape: tuple[int, ...], affine: bool, eps: float) -> None:
    def f(_: Any, F: Any, x: Any, *parameters: Any) -> Any:
        return F.batch_norm(x, None, None, *parameters, training=True, eps=eps)

    agree(f, normal(*shape), *([normal(3, seed=1), normal(3, seed=2)] if affine else []), atol=1e-8)


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2, 2)])
@pytest.mark.parametrize("training", [True, False])
def test_running_statistics(shape: tuple[int, ...], training: bool) -> None:
    def f(lib: Any, F: Any, x: Any, w: Any, b: Any) -> Any:
        mean, var = lib.tensor(normal(3, seed=3)), lib.tensor(1 + normal(3, seed=4) ** 2)
        for _ in range(2):
            out = F.batch_norm(x, mean, var, w, b, training=training, momentum=0.3)
        return out, mean, var

    agree(f, normal(*shape), normal(3, seed=1), normal(3, seed=2), order=2, atol=1e-8)


ACTIVATIONS: dict[str, list[dict[str, Any]]] = {
    "relu": [{}, {"inplace": False}],
    "leaky_relu": [{}, {"negative_slope": 0.3}],
    "elu": [{}, {"alpha": 0.5}],
    "silu": [{}],
    "softplus": [{}, {"beta": 2.0}],
    "sigmoid": [{}],
    "tanh": [{}],
    "softmax": [{"dim": 0}, {"dim": -1}],
    "log_softmax": [{"dim": 0}, {"dim": -1}],
}


@pytest.mark.parametrize(("name", "options"), [(n, o) for n, many in ACTIVATIONS.items() for o in many])
@pytest.mark.parametrize("scale", [1, 30])
def test_activations(name: str, options: dict[str, Any], scale: float) -> None:
    agree(lambda _, F, x: getattr(F, name)(x, **options), scale * normal(4, 5), order=3, rtol=1e-8, atol=1e-7)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "silu"])
def test_activations_in_place(name: str) -> None:
    agree(lambda _, F, x: getattr(F, name)(x * 1, inplace=True), normal(4, 5))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_at_their_kinks_and_far_out(dtype: str) -> None:
    x = np.array([0.0, -0.0, 1e4, -1e4, 90.0, -90.0], dtype=dtype)
    for name in ("relu", "leaky_relu", "elu", "silu", "sigmoid", "tanh"):
        agree(lambda _, F, x, name=name: getattr(F, name)(x), x, order=1, rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3), (3,), (2, 4, 3), (0, 3), (2, 2, 2, 3)])
@pytest.mark.parametrize("biased", [True, False])
def test_linear(shape: tuple[int, ...], biased: bool) -> None:
    b = [normal(5, seed=2)] if biased else []
    agree(lambda _, F, x, w, *b: F.linear(x, w, *b), normal(*shape), normal(5, 3, seed=1), *b, order=3)


@pytest.mark.parametrize("widths", [(1, 2), (1, 0, 2, 3), (-1, 1), (-1, -1, -2, 0), (0, 0, 1, 1, 2, 0)])
@pytest.mark.parametrize("value", [None, 1.5])
def test_pad(widths: tuple[int, ...], value: float | None) -> None:
    agree(lambda _, F, x: F.pad(x, widths, value=value), normal(2, 4, 5))


def test_a_small_network() -> None:
    """Everything at once: convolution, batch norm, pooling, a linear layer and the loss, to the second order."""

    def f(lib: Any, F: Any, x: Any, w: Any, gamma: Any, beta: Any, v: Any) -> Any:
        y = F.conv2d(x, w, padding=1)
        y = F.batch_norm(y, None, None, gamma, beta, training=True)
        y = F.max_pool2d(F.silu(y), 2)
        y = F.avg_pool2d(y, 2, 1)
        return F.cross_entropy(F.linear(y.flatten(1), v), lib.tensor([0, 2, 1]))

    shapes = [(3, 2, 6, 6), (4, 2, 3, 3), (4,), (4,), (3, 16)]
    agree(f, *(normal(*shape, seed=i) for i, shape in enumerate(shapes)), rtol=1e-7)


@pytest.mark.parametrize(("stride", "padding", "dilation", "groups"), list(product((1, 2), (0, 1), (1, 2), (1, 2))))
def test_conv2d_in_float32(stride: int, padding: int, dilation: int, groups: int) -> None:
    agree(
        lambda _, F, x, w: F.conv2d(x, w, None, stride, padding, dilation, groups),
        normal(2, 4, 9, 9).astype("float32"),
        normal(4, 4 // groups, 3, 3, seed=1).astype("float32"),
        rtol=2e-4,
        atol=2e-4,
    )
