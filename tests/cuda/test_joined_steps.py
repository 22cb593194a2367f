"""Steps of a recording that are one on CUDA: a layer or a sum and the relu behind it, both ways."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F

pytestmark = pytest.mark.usefixtures("blas")


@pytest.mark.parametrize(
    "forward",
    [
        lambda norm, x: norm(x).relu() + norm(x),
        lambda norm, x: (y := norm(x)).relu() * y,
        lambda norm, x: norm(x).relu().relu(),
        lambda norm, x: F.relu(norm(x + 1).exp()),
        lambda norm, x: (y := F.relu(norm(x))) * y,
    ],
)
def test_steps_are_one_only_where_nobody_looks_between(device: Any, forward: Any) -> None:
    found = []
    for compiled in (tg.compile, lambda step: step):
        norm = nn.BatchNorm2d(3).cuda()
        optimizer = tg.optim.SGD(norm.parameters(), lr=0.1)

        def step(x: Any, norm: Any = norm, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            out = forward(norm, x)
            out.square().mean().backward()
            optimizer.step()
            return out.detach()

        run = compiled(step)
        outs = [run(tg.arange(24, device="cuda").reshape(2, 3, 2, 2).float() / (i + 5)).tolist() for i in range(6)]
        found.append((outs, norm.weight.tolist(), norm.running_var.tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize("biased", [True, False])
def test_layers_and_their_relu_in_one(device: Any, biased: bool) -> None:
    """Bias and relu in one pass, relu behind the pooling: the bits of the eager step."""
    found = []
    for compiled in (True, False):
        tg.manual_seed(3)
        model = nn.Sequential(
            *(
                nn.Conv2d(1, 3, 3, bias=biased),
                nn.ReLU(),
                nn.Conv2d(3, 4, 3, bias=biased),
                nn.ReLU(),
                nn.MaxPool2d(3, 2),
            ),
            *(nn.Flatten(), nn.Linear(36, 5, bias=biased), nn.ReLU(), nn.Linear(5, 4)),
        ).cuda()
        optimizer = tg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

        def step(x: Any, y: Any, model: Any = model, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        run, rng = tg.compile(step, fullgraph=True) if compiled else step, np.random.default_rng(0)
        losses = []
        for _ in range(6):
            x, y = rng.standard_normal((6, 1, 11, 11)).astype("float32"), rng.integers(0, 4, 6)
            losses.append(run(tg.tensor(x, device="cuda"), tg.tensor(y, device="cuda")).item())
        found.append((losses, [p.tolist() for p in model.parameters()]))
        if compiled:
            assert run.graphs == ["captured"]
            program = run.programs[0]
            assert program.count("conv2d_relu(") == 1
            assert program.count("linear_relu(") == 1
            assert program.index("max_pool2d(") < program.index("relu_over(")
    assert found[0] == found[1]


def test_the_sum_of_a_block_and_its_relu_in_one(device: Any) -> None:
    found = []
    for compiled in (True, False):
        tg.manual_seed(3)
        first, second, norm = nn.Conv2d(1, 3, 3).cuda(), nn.Conv2d(3, 3, 3, padding=1).cuda(), nn.BatchNorm2d(3).cuda()
        parameters = [*first.parameters(), *second.parameters(), *norm.parameters()]
        optimizer = tg.optim.SGD(parameters, lr=0.1)

        def step(x: Any, first: Any = first, second: Any = second, norm: Any = norm, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            x = first(x)
            out = F.relu(norm(second(x)) + x)
            loss = (F.relu(out + norm.weight.reshape(3, 1, 1)) + F.relu(out - 1)).square().mean()
            loss.backward()
            optimizer.step()
            return loss

        run = tg.compile(step, fullgraph=True) if compiled else step
        losses = [run((tg.arange(98.0).reshape(2, 1, 7, 7) - 40).cuda() / (i + 60)).item() for i in range(6)]
        found.append((losses, [p.tolist() for p in parameters]))
        if compiled:
            assert run.graphs == ["captured"]
            assert run.programs[0].count("add_relu(") == 2
    assert found[0] == found[1]


def test_sixteen_bits_are_still_computed_in_float32(device: Any) -> None:
    pytest.importorskip("ml_dtypes")
    norm = nn.BatchNorm2d(2).cuda().bfloat16()
    run, x = tg.compile(lambda x: norm(x).relu().detach()), tg.randn(3, 2, 4, 4, device="cuda").bfloat16()
    expected = norm(x).relu().tolist()
    assert [run(x).tolist() for _ in range(4)] == 4 * [expected]
    assert "batch_norm_relu(" not in run.programs[0]
