"""Operations on 16-bit floats compute in float32 and round what they give, once."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import tests.linalg_op_samples
import tests.network_op_samples
import tests.recurrent_op_samples
import tests.surface_op_samples  # noqa: F401 - all add rows to the table
import tinygrad_cnn as tg
from tests.op_samples import SAMPLES
from tests.samples import Case, Row
from tinygrad_cnn import nn
from tinygrad_cnn.autograd import grad
from tinygrad_cnn.autograd.widened import NARROW, widened
from tinygrad_cnn.nn import functional as F

pytest.importorskip("ml_dtypes")

NARROWS = [tg.float16, tg.bfloat16]
CALLS = [
    pytest.param(row, case, id=f"{name}-{i}")
    for name, row in SAMPLES.items()
    for i, case in enumerate(row.cases)
    if any(isinstance(arg, np.ndarray) and arg.dtype.kind == "f" for arg in case.args)
    and not {"dtype", "source", "target", "view", "low", "high"} & set(case.params)
]


def narrow_inputs(case: Case, dtype: Any) -> list[Any]:
    return [
        tg.tensor(arg, dtype=dtype, requires_grad=True)
        if isinstance(arg, np.ndarray) and arg.dtype.kind == "f"
        else arg
        for arg in case.args
    ]


def wide_copies(args: list[Any]) -> list[Any]:
    return [arg.detach().float().requires_grad_() if isinstance(arg, tg.Tensor) else arg for arg in args]


@pytest.mark.parametrize("dtype", NARROWS, ids=str)
@pytest.mark.parametrize(("row", "case"), CALLS)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_results_and_gradients_are_those_of_float32_rounded_once(row: Row, case: Case, dtype: Any) -> None:
    args = narrow_inputs(case, dtype)
    wide = wide_copies(args)
    out, expected = row.call(*args, **case.params), row.call(*wide, **case.params)
    assert out.dtype == (dtype if expected.dtype == tg.float32 else expected.dtype)
    if row.call is row.op:
        np.testing.assert_array_equal(out.detach().numpy(), expected.detach().to(out.dtype).numpy())
    else:  # of several operations, each of which rounds
        size = np.abs(expected.detach().numpy()).max(initial=0)
        np.testing.assert_allclose(out.detach().float().numpy(), expected.detach().numpy(), rtol=0.05, atol=0.05 * size)
    if not expected.requires_grad or row.call is not row.op:
        return
    v = tg.tensor(np.random.default_rng(0).standard_normal(out.shape), dtype=dtype)
    inputs, wides = ([x for x in xs if isinstance(x, tg.Tensor)] for xs in (args, wide))
    for got, exact in zip(
        grad(out, inputs, v, allow_unused=True), grad(expected, wides, v.float(), allow_unused=True), strict=True
    ):
        assert (got is None) == (exact is None)
        if got is not None and exact is not None:
            assert got.dtype == dtype
            # A rule may use the output, which was rounded: an exponential of it is off by as many times its last digit.
            # And what is summed over a broadcast input was rounded before, and may cancel.
            eps = tg.finfo(dtype).eps
            rtol = 0.05 + np.abs(out.detach().float().numpy()).max(initial=0) * eps
            rounded = exact.to(dtype).float().numpy()  # which may be beyond the largest number of 16 bits
            size = np.abs(rounded[np.isfinite(rounded)]).max(initial=0)
            atol = 0.05 * size + eps * np.abs(v.float().numpy()).sum() / 4
            np.testing.assert_allclose(got.float().numpy(), rounded, rtol=rtol, atol=atol)


@pytest.mark.parametrize("dtype", NARROWS, ids=str)
def test_sums_are_not_rounded_on_the_way(dtype: Any) -> None:
    ones = tg.ones(5000, 3, dtype=dtype, requires_grad=True)
    assert ones.sum(0).tolist() == [tg.tensor(5000.0).to(dtype).item()] * 3
    assert (ones.T @ ones)[0, 0].item() == tg.tensor(5000.0).to(dtype).item()
    bias = tg.zeros(3, dtype=dtype, requires_grad=True)
    (ones + bias).sum().backward()  # the gradient of what was broadcast is a sum, too
    assert bias.grad.tolist() == [tg.tensor(5000.0).to(dtype).item()] * 3


@pytest.mark.parametrize("dtype", NARROWS, ids=str)
def test_what_is_saved_is_in_16_bits(dtype: Any) -> None:
    x = tg.randn(100, dtype=dtype, requires_grad=True)
    assert x.exp().grad_fn.saved_bytes() == 200
    assert x.exp().grad_fn.op is widened(tg.ops.exp)


@pytest.mark.parametrize("dtype", NARROWS, ids=str)
def test_second_derivatives(dtype: Any) -> None:
    x = tg.tensor([1.0, 2.0], dtype=dtype, requires_grad=True)
    (slope,) = grad((x**3).sum(), x, create_graph=True)
    (curvature,) = grad(slope.sum(), x)
    assert (slope.tolist(), curvature.tolist(), curvature.dtype) == ([3.0, 12.0], [6.0, 12.0], dtype)


def test_views_share_memory_and_pass_gradients() -> None:
    x = tg.zeros(2, 3, dtype=tg.bfloat16)
    x.view(6)[1] = 5.0
    x[1].add_(2.0)
    assert x.tolist() == [[0.0, 5.0, 0.0], [2.0, 2.0, 2.0]]
    y = tg.ones(3, dtype=tg.bfloat16, requires_grad=True)
    (y[1:] * tg.tensor([2.0, 3.0], dtype=tg.bfloat16)).sum().backward()
    assert y.grad.tolist() == [0.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("a", "b", "common"),
    [
        (tg.bfloat16, tg.float16, tg.float32),
        (tg.bfloat16, tg.float32, tg.float32),
        (tg.bfloat16, tg.float64, tg.float64),
        (tg.bfloat16, tg.int64, tg.bfloat16),
        (tg.bfloat16, tg.bool, tg.bfloat16),
    ],
    ids=str,
)
def test_promotion(a: Any, b: Any, common: Any) -> None:
    assert (tg.ones(2, dtype=a) + tg.ones(2, dtype=b)).dtype == common
    assert (tg.ones(2, dtype=b) * tg.ones(2, dtype=a)).dtype == common


@pytest.mark.parametrize("dtype", NARROWS, ids=str)
@pytest.mark.parametrize(
    "optimizer", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam"]
)
def test_a_network_trains(dtype: Any, optimizer: str) -> None:
    tg.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3)
    ).to(dtype)
    assert {x.dtype for x in model.parameters()} == {dtype}
    options = {"momentum": 0.9} if optimizer == "SGD" else {"eps": 1e-4}  # 1e-8 is 0 in float16
    rate = {"Adadelta": 5.0, "SGD": 0.02, "RAdam": 0.1}.get(optimizer, 0.01)
    steps = getattr(tg.optim, optimizer)(model.parameters(), lr=rate, **options)
    images, labels = tg.randn(12, 1, 8, 8, dtype=dtype), tg.arange(12) % 3
    losses = []
    for _ in range(25):
        steps.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        steps.step()
        losses.append(loss.item())
    assert loss.dtype == dtype
    assert losses[-1] < 0.5 * losses[0]
    assert {x.dtype for x in [*model.parameters(), *(x.grad for x in model.parameters())]} == {dtype}


def test_like_pytorch() -> None:
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(0).standard_normal((40, 50)).astype(np.float32)
    mine, its = tg.tensor(values).bfloat16(), torch.tensor(values).bfloat16()
    for function in (
        lambda x: x.sum(0),
        lambda x: x.mean(),
        lambda x: x.var(1),
        lambda x: x.exp(),
        lambda x: x.softmax(1),
        lambda x: x @ x.T,
        lambda x: x * 1.1,
        lambda x: x.tanh(),
        lambda x: x.cumsum(0),
        lambda x: x.norm(),
    ):
        a, b = function(mine), function(its)
        assert str(a.dtype) == str(b.dtype).removeprefix("torch.")
        # In the last of eight bits two roundings of nearly equal numbers may differ.
        np.testing.assert_allclose(a.float().numpy(), b.float().numpy(), rtol=2**-7, atol=1e-6)


def test_what_a_dtype_offers() -> None:
    assert tg.tensor([1.0, 2.5], dtype=tg.bfloat16).__repr__() == "tensor([1.0000, 2.5000], dtype=bfloat16)"
    limits = tg.finfo(tg.bfloat16)
    assert (limits.bits, limits.eps, limits.dtype) == (16, 2**-7, "bfloat16")
    assert limits.max == pytest.approx(3.3895e38, rel=1e-4)
    x = tg.ones(2).to(tg.bfloat16)
    assert x.dtype == tg.bfloat16 == x.bfloat16().dtype
    assert (x.is_floating_point(), x.element_size(), tg.is_floating_point(x)) == (True, 2, True)
    assert tg.rand(3, dtype=tg.bfloat16).dtype == tg.arange(3, dtype=tg.bfloat16).dtype == tg.bfloat16
    assert nn.Linear(2, 3).bfloat16().weight.dtype == tg.bfloat16
    assert nn.Linear(2, 3, dtype=tg.bfloat16).bias.dtype == tg.bfloat16
    assert {np.dtype(tg.float16).char, tg.bfloat16.char} == set(NARROW)


def test_without_the_package_the_message_says_what_to_install() -> None:
    program = """
import sys
sys.modules["ml_dtypes"] = None
import tinygrad_cnn as tg
assert not hasattr(tg, "bfloat16")
for attempt in (lambda: tg.bfloat16, lambda: tg.ones(2).bfloat16(), lambda: tg.ones(2, dtype="bfloat16")):
    try:
        attempt()
    except (ImportError, AttributeError) as error:
        print(error)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ['bfloat16 needs the package ml_dtypes: pip install "tinygrad_cnn[bfloat16]"'] * 3
