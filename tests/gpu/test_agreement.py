"""On a real CUDA device: every operation of the table and every layer, against the CPU."""

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import tests.linalg_op_samples
import tests.network_op_samples
import tests.recurrent_op_samples
import tests.surface_op_samples  # noqa: F401 - all add rows to the table
import tinygrad_cnn as tg
from tests.device_agreement import check, check_layer
from tests.op_samples import SAMPLES
from tests.samples import Case, Row
from tinygrad_cnn.backend import convolution_window, cpu

pytestmark = pytest.mark.gpu

CALLS = [pytest.param(row, case, id=f"{name}-{i}") for name, row in SAMPLES.items() for i, case in enumerate(row.cases)]
LAYERS: list[Any] = []
if find_spec("torch") is not None:  # the list of layers is that of the comparison with PyTorch
    from tests.nn.test_against_torch import LAYERS


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", ["C", "channels last"])
@pytest.mark.parametrize(("row", "case"), CALLS)
def test_operations(device: Any, row: Row, case: Case, dtype: str, layout: str) -> None:
    check(row, case, device, dtype, layout)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("make", "shape"), [pair for pair in LAYERS if pair[1]])
def test_layers(device: Any, make: Any, shape: tuple[int, ...], dtype: str) -> None:
    check_layer(make, shape, device, dtype)


@pytest.mark.parametrize("cudnn", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(
    ("x", "outputs", "options"),
    [
        ((16, 3, 33, 31), 32, {"stride": 2, "padding": 1}),
        ((8, 64, 28, 28), 64, {"padding": 1}),
        ((8, 64, 28, 28), 128, {"size": 1}),
        ((8, 32, 15, 17), 32, {"groups": 32, "padding": 1}),
        ((8, 32, 15, 17), 64, {"groups": 4, "stride": (2, 1), "padding": (0, 1)}),
        ((4, 16, 20, 20), 24, {"dilation": 2, "padding": 2}),
    ],
)
def test_convolution_both_ways(
    device: Any, cudnn: bool, dtype: str, x: Any, outputs: int, options: dict[str, Any]
) -> None:
    """cuDNN and our own kernels, against float64 on the CPU."""
    if cudnn and tg.backends.cudnn.version() is None:
        pytest.skip("cuDNN is not installed")
    options = dict(options)
    size = (options.pop("size", 3),) * 2
    groups = options.get("groups", 1)
    names = ("stride", "padding", "dilation", "groups")
    window = convolution_window("conv2d", size, *(options.get(n, d) for n, d in zip(names, (1, 0, 1, 1), strict=True)))
    rng = np.random.default_rng(0)
    images, kernels = rng.standard_normal(x), rng.standard_normal((outputs, x[1] // groups, *size)) / 10
    g = rng.standard_normal((x[0], outputs, *window.output_size(x[2:])))
    X, W, G = (device.asarray(a.astype(dtype)) for a in (images, kernels, g))
    images, kernels, g = (a.get().astype("float64") for a in (X, W, G))
    tolerance = {"float64": 1e-12, "float32": 1e-5, "float16": 4e-3}[dtype]
    with tg.backends.cudnn.flags(enabled=cudnn):
        for ours, theirs in (
            (device.conv2d(X, W, None, window), cpu.conv2d(images, kernels, None, window)),
            (device.conv2d_input_grad(G, W, x, window), cpu.conv2d_input_grad(g, kernels, x, window)),
            (device.conv2d_weight_grad(G, X, window), cpu.conv2d_weight_grad(g, images, window)),
        ):
            error = np.abs(ours.get().astype("float64") - theirs).max() / np.abs(theirs).max()
            assert error < tolerance


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(
    ("x", "y"), [((70, 50), (50, 40)), ((3, 70, 50), (3, 50, 40)), ((2, 3, 7, 5), (5, 4)), ((4, 1, 6, 8), (3, 8, 2))]
)
@pytest.mark.parametrize("turned", [False, True])
def test_products(device: Any, dtype: str, x: Any, y: Any, turned: bool) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(x).astype(dtype), rng.standard_normal(y).astype(dtype)
    A, B = device.asarray(a), device.asarray(b)
    if turned:
        A, B = A.swapaxes(-1, -2).copy().swapaxes(-1, -2), B.swapaxes(-1, -2).copy().swapaxes(-1, -2)
    found, expected = device.matmul(A, B).get(), a.astype("float64") @ b.astype("float64")
    tolerance = {"float64": 1e-13, "float32": 1e-5, "float16": 1e-2}[dtype]
    assert np.abs(found - expected).max() < tolerance * np.abs(expected).max()
