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
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
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
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
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
    tolerance = {"float64": 1e-12, "float32": 1e-5, "float16": 4e-3, "bfloat16": 3e-2}[dtype]
    with tg.backends.cudnn.flags(enabled=cudnn):
        for ours, theirs in (
            (device.conv2d(X, W, None, window), cpu.conv2d(images, kernels, None, window)),
            (device.conv2d_input_grad(G, W, x, window), cpu.conv2d_input_grad(g, kernels, x, window)),
            (device.conv2d_weight_grad(G, X, window), cpu.conv2d_weight_grad(g, images, window)),
        ):
            error = np.abs(ours.get().astype("float64") - theirs).max() / np.abs(theirs).max()
            assert error < tolerance


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_layers_with_their_relu(device: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, w, b = (device.asarray(rng.standard_normal(s).astype(dtype)) for s in ((8, 16, 30, 31), (24, 16, 3, 3), (24,)))
    window = convolution_window("conv2d", (3, 3), 1, 0, 1, 1)
    with tg.backends.cudnn.flags(deterministic=True):
        plain, found = device.conv2d(x, w, b, window), device.conv2d_relu(x, w, b, window)
    np.testing.assert_array_equal(found.get(), np.maximum(plain.get(), 0))
    rows, weights = x.reshape(128, -1), device.asarray(rng.standard_normal((24, 930)).astype(dtype))
    np.testing.assert_array_equal(
        device.linear_relu(rows, weights, b).get(), np.maximum(device.linear(rows, weights, b).get(), 0)
    )


def test_division_goes_by_the_exact_quotient(device: Any) -> None:
    x, y = np.random.default_rng(0).integers(-50, 50, (2, 10_000)) / 10
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal((device.asarray(x) // device.asarray(y)).get(), x // y)
        np.testing.assert_array_equal((device.asarray(x) % device.asarray(y)).get(), x % y)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize(
    ("x", "y"), [((70, 50), (50, 40)), ((3, 70, 50), (3, 50, 40)), ((2, 3, 7, 5), (5, 4)), ((4, 1, 6, 8), (3, 8, 2))]
)
@pytest.mark.parametrize("turned", [False, True])
def test_products(device: Any, dtype: str, x: Any, y: Any, turned: bool) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(x).astype(dtype), rng.standard_normal(y).astype(dtype)
    A, B = device.asarray(a), device.asarray(b)
    if turned:
        A, B = A.swapaxes(-1, -2).copy().swapaxes(-1, -2), B.swapaxes(-1, -2).copy().swapaxes(-1, -2)
    found, expected = device.matmul(A, B).get().astype("float64"), a.astype("float64") @ b.astype("float64")
    tolerance = {"float64": 1e-13, "float32": 1e-5, "float16": 1e-2, "bfloat16": 5e-2}[dtype]
    assert np.abs(found - expected).max() < tolerance * np.abs(expected).max()


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("channels", [1, 3, 24, 64, 130])
def test_normalisation_at_size(device: Any, dtype: str, channels: int) -> None:
    """Many threads, whole and partial 16 bytes: batch norm, sums over channels and layer norm, both ways."""
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal((17, channels, 31, 29)).astype(dtype) for _ in range(2))
    w, b = (rng.standard_normal(channels).astype(dtype) for _ in range(2))
    X, G, W, B = map(device.asarray, (x, g, w, b))
    wide = [a.astype("float64") for a in (x, g, w, b)]
    tolerance = {"float64": 1e-11, "float32": 1e-4, "float16": 5e-3}[dtype]

    def close(found: Any, expected: Any) -> None:
        for ours, theirs in zip(found, expected, strict=True):
            assert np.abs(ours.get().astype("float64") - theirs).max() <= tolerance * max(np.abs(theirs).max(), 1)

    found, expected = device.batch_norm(X, W, B, 1e-5), cpu.batch_norm(wide[0], wide[2], wide[3], 1e-5)
    close(found, expected)
    close(
        device.batch_norm_input_grad(G, X, W, *found[1:]),
        cpu.batch_norm_input_grad(wide[1], wide[0], wide[2], *expected[1:]),
    )
    close([device.channel_sum(X)], [cpu.channel_sum(wide[0])])
    close([device.scale_channels(X, W, B)], [cpu.scale_channels(wide[0], wide[2], wide[3])])
    rows, gradients = (a.reshape(-1, channels) for a in (X, G))
    found = device.layer_norm(rows, W, B, 1e-5)
    expected = cpu.layer_norm(wide[0].reshape(-1, channels), wide[2], wide[3], 1e-5)
    close(found, expected)
    if channels > 1:
        close(
            device.layer_norm_input_grad(gradients, rows, W, *found[1:]),
            cpu.layer_norm_input_grad(
                wide[1].reshape(-1, channels), wide[0].reshape(-1, channels), wide[2], *expected[1:]
            ),
        )


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("start", [0, 1])
def test_pointwise_at_size(device: Any, dtype: str, start: int) -> None:
    g, x = np.random.default_rng(0).standard_normal((2, 1_000_003)).astype(dtype)
    G, X = (device.asarray(a)[start:] for a in (g, x))
    g, x = g[start:], x[start:]
    np.testing.assert_array_equal(device.relu(X).get(), np.maximum(x, 0))
    np.testing.assert_array_equal(device.relu_grad(G, X).get(), np.where(x <= 0, 0, g))
    np.testing.assert_array_equal((X + G).get(), x + g)
    np.testing.assert_array_equal(device.add_relu(X, G).get(), np.maximum(x + g, 0))
    np.testing.assert_array_equal((X * G).get(), x * g)
    out, mask = device.dropout(X, 0.25, X.shape)
    assert abs(mask.get().mean() - 0.75) < 0.005
    np.testing.assert_allclose(out.get(), x * mask.get() / np.dtype(dtype).type(0.75), rtol=2e-3)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_mixed_precision_learns(device: Any, dtype: str) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    tg.manual_seed(0)
    nn = tg.nn
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 4)).cuda()
    optimizer, scaler = tg.optim.SGD(model.parameters(), lr=0.05), tg.amp.GradScaler("cuda", enabled=dtype == "float16")
    x, y, losses = tg.randn(32, 1, 8, 8, device="cuda"), tg.randint(0, 4, (32,), device="cuda"), []
    for _ in range(30):
        optimizer.zero_grad()
        with tg.autocast("cuda", dtype=getattr(tg, dtype)):
            loss = nn.functional.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert {p.dtype for p in model.parameters()} == {tg.float32}
