"""Which precision operations run in inside `autocast`, and that gradients come back in the parameters'."""

import threading
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F

pytest.importorskip("ml_dtypes")


def low(dtype: Any = tg.bfloat16, **options: Any) -> tg.autocast:
    return tg.autocast("cpu", dtype=dtype, **options)


@pytest.mark.parametrize("dtype", [tg.bfloat16, tg.float16], ids=str)
@pytest.mark.parametrize(
    "function",
    [
        lambda: tg.randn(3, 4) @ tg.randn(4, 2),
        lambda: F.conv2d(tg.randn(2, 3, 5, 5), tg.randn(4, 3, 3, 3), tg.randn(4)),
        lambda: F.conv_transpose2d(tg.randn(2, 3, 5, 5), tg.randn(3, 4, 3, 3)),
        lambda: F.linear(tg.randn(2, 3), tg.randn(4, 3), tg.randn(4)),
        lambda: tg.einsum("ij,jk->ik", tg.randn(2, 3), tg.randn(3, 2)),
        lambda: tg.randn(2, 3, 4).bmm(tg.randn(2, 4, 3)),
        lambda: tg.addmm(tg.randn(2, 3), tg.randn(2, 4), tg.randn(4, 3)),
        lambda: tg.baddbmm(tg.randn(2, 2, 3), tg.randn(2, 2, 4), tg.randn(2, 4, 3)),
        lambda: F.prelu(tg.randn(4), tg.randn(1)),
    ],
)
def test_products_are_low(function: Any, dtype: Any) -> None:
    with low(dtype):
        assert function().dtype == dtype
    assert function().dtype == tg.float32


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.cross_entropy(x, tg.tensor([0, 1])),
        lambda x: F.mse_loss(x, x * 0),
        lambda x: F.l1_loss(x, x * 0),
        lambda x: F.binary_cross_entropy_with_logits(x, x.sigmoid()),
        lambda x: F.nll_loss(x.log_softmax(1), tg.tensor([0, 1])),
        lambda x: x.prod(),
    ],
)
def test_losses_are_full(function: Any) -> None:
    x = tg.randn(2, 3, dtype=tg.bfloat16)
    with low():
        assert function(x).dtype == tg.float32
    with tg.autocast("cpu", enabled=False):
        assert function(x).dtype == tg.bfloat16


def test_the_rest_keeps_its_dtype_or_takes_the_widest() -> None:
    x, y = tg.randn(4, dtype=tg.bfloat16), tg.randn(4)
    with low():
        assert x.exp().dtype == x.sum().dtype == x.relu().dtype == tg.bfloat16  # on the CPU, as in PyTorch
        assert (x + y).dtype == tg.cat([x, y]).dtype == tg.stack([x, y]).dtype == tg.float32
        assert (tg.randn(3, 3, dtype=tg.float64) @ tg.randn(3, 3, dtype=tg.float64)).dtype == tg.float64
        assert (tg.arange(4).reshape(2, 2) @ tg.arange(4).reshape(2, 2)).dtype == tg.int64


def test_a_device_that_computes_in_16_bits_sums_in_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policies are the backend's: here the CPU's are those of a GPU."""
    monkeypatch.setattr(type(tg.ones(1).backend), "full_precision", ("full", "range"))
    x = (tg.rand(4) * 0.5 + 0.1).to(tg.float16)
    with low(tg.float16):
        exponential = [
            "acos",
            "asin",
            "cosh",
            "erfinv",
            "exp",
            "expm1",
            "log",
            "log10",
            "log2",
            "log1p",
            "rsqrt",
            "sinh",
            "tan",
        ]
        for name in [*exponential, "reciprocal", "cumsum", "sum", "prod"]:
            out = getattr(x, name)(*([0] if name == "cumsum" else []))
            assert out.dtype == tg.float32, name
        assert x.softmax(0).dtype == x.log_softmax(0).dtype == x.pow(1.7).dtype == x.norm().dtype == tg.float32
        assert F.layer_norm(x, (4,)).dtype == F.softplus(x).dtype == tg.float32
        assert x.sqrt().dtype == x.relu().dtype == x.tanh().dtype == x.mean().dtype == tg.float16


def test_parameters_and_gradients_stay_in_float32() -> None:
    tg.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3)
    )
    optimizer = tg.optim.Adam(model.parameters(), lr=0.01)
    images, labels = tg.randn(12, 1, 8, 8), tg.arange(12) % 3
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        with low():
            out = model(images)
            loss = F.cross_entropy(out, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert (out.dtype, loss.dtype) == (tg.bfloat16, tg.float32)
    assert {x.dtype for x in [*model.parameters(), *(x.grad for x in model.parameters())]} == {tg.float32}
    assert model[1].running_mean.dtype == tg.float32
    assert losses[-1] < 0.5 * losses[0]


def test_a_parameter_is_cast_once_per_block() -> None:
    weight, x = nn.Parameter(tg.randn(3, 3)), tg.randn(3, 3)
    with low():
        first, second = x @ weight, x @ weight
        assert first.grad_fn.inputs[1] is second.grad_fn.inputs[1]
        with tg.no_grad():
            weight.mul_(2)
        third = x @ weight  # it was written to
        np.testing.assert_allclose(third.detach().float().numpy(), 2 * first.detach().float().numpy())
        tg.clear_autocast_cache()
        assert (x @ weight).grad_fn.inputs[1] is not third.grad_fn.inputs[1]
    with low(cache_enabled=False):
        assert (x @ weight).grad_fn.inputs[1] is not (x @ weight).grad_fn.inputs[1]
    with low():
        with tg.no_grad():
            x @ weight
        assert (x @ weight).requires_grad  # what was cast without a graph is of no use with one


def test_blocks_nest_and_belong_to_their_thread() -> None:
    x = tg.randn(2, 2)
    seen: list[Any] = []

    @low()
    def product() -> Any:
        return x @ x

    with low():
        with tg.autocast("cpu", enabled=False):
            assert (x @ x).dtype == tg.float32
            assert product().dtype == tg.bfloat16
        with low(tg.float16):
            assert (x @ x).dtype == tg.float16
            assert tg.get_autocast_dtype("cpu") == tg.float16
        assert tg.is_autocast_enabled("cpu")
        assert tg.is_autocast_cpu_enabled()
        assert not tg.is_autocast_enabled()  # asks for CUDA
        thread = threading.Thread(target=lambda: seen.append((x @ x).dtype))
        thread.start()
        thread.join()
    assert seen == [tg.float32]
    assert not tg.is_autocast_enabled("cpu")


def test_switches_without_a_block() -> None:
    def program() -> None:
        tg.set_autocast_dtype("cpu", tg.float16)
        try:
            tg.set_autocast_enabled("cpu", True)
            seen.append((tg.ones(2, 2) @ tg.ones(2, 2)).dtype)
            tg.set_autocast_cpu_enabled(False)
            seen.append((tg.ones(2, 2) @ tg.ones(2, 2)).dtype)
        finally:
            tg.set_autocast_cpu_dtype(tg.bfloat16)

    seen: list[Any] = []
    thread = threading.Thread(target=program)
    thread.start()
    thread.join()
    assert seen == [tg.float16, tg.float32]
    assert tg.get_autocast_cpu_dtype() == tg.bfloat16
    assert tg.get_autocast_gpu_dtype() == tg.float16


def test_what_cannot_be() -> None:
    with pytest.warns(UserWarning, match="CUDA is not available, so this block changes nothing"):
        block = tg.autocast("cuda")
    with block:
        assert (tg.ones(2, 2) @ tg.ones(2, 2)).dtype == tg.float32
    with pytest.warns(UserWarning, match="the dtype must be float16 or bfloat16.*; got float64"):
        tg.autocast("cpu", dtype=tg.float64)
    with pytest.raises(RuntimeError, match="device_type must be 'cpu' or 'cuda'; got 'tpu'"):
        tg.autocast("tpu")
    with pytest.raises(ValueError, match="device_type must be a string"):
        tg.autocast(tg.float16)  # type: ignore[arg-type]
    assert not tg.amp.is_autocast_available("cuda")


def test_compile_keeps_recordings_apart() -> None:
    weight = nn.Parameter(tg.randn(3, 3))

    @tg.compile
    def step(x: Any) -> Any:
        with low():
            loss = (x @ weight).float().sum()
        loss.backward()
        return loss

    @tg.compile
    def product(x: Any) -> Any:
        return x @ x

    x = tg.randn(3, 3)
    results = []
    for _ in range(4):
        weight.grad = None
        results.append((step(x).item(), weight.grad.tolist()))
        with low(), tg.no_grad():
            assert product(x).dtype == tg.bfloat16
        with tg.no_grad():
            assert product(x).dtype == tg.float32
    assert results.count(results[0]) == 4
    assert step.programs, step.reason


class Cube(tg.autograd.Function):
    @staticmethod
    @tg.amp.custom_fwd(device_type="cpu")
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        ctx.seen = (x @ x).dtype
        return x**3

    @staticmethod
    @tg.amp.custom_bwd(device_type="cpu")
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        assert (x @ x).dtype == ctx.seen
        return 3 * g * x**2


def test_functions_of_ones_own() -> None:
    x = tg.ones(2, 2, requires_grad=True)
    with low():
        y = Cube.apply(x)
    y.sum().backward()
    assert x.grad.tolist() == [[3.0, 3.0], [3.0, 3.0]]
    Cube.apply(x).sum().backward()  # without autocast


def test_functions_that_want_float32() -> None:
    seen = []

    @tg.amp.custom_fwd(device_type="cpu", cast_inputs=tg.float32)
    def forward(ctx: Any, x: Any, more: Any = None) -> Any:
        seen.append((x.dtype, more[0].dtype, (x @ x).dtype))

    class Ctx:
        pass

    half = tg.ones(2, 2, dtype=tg.bfloat16)
    with low():
        forward(Ctx(), half, more=[half])
    forward(Ctx(), half, more=[half])
    assert seen == [(tg.float32,) * 3, (tg.bfloat16,) * 3]
