"""Steps captured into graphs, on a stand-in whose streams capture: equal to eager, and nothing is left of a failure."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.cuda import fake_device
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.optim import lr_scheduler

pytestmark = pytest.mark.usefixtures("blas")


def network() -> Any:
    return nn.Sequential(
        *(nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Dropout(0.25), nn.Flatten(), nn.Linear(3 * 9, 4)),
    )


def training(make: Any, *, compiled: bool, steps: int = 8, schedule: bool = True) -> tuple[list[float], Any, Any]:
    """Losses, parameters and buffers, and the step, of a training that is compiled or not."""
    tg.manual_seed(5)
    model = network().cuda()
    optimizer = make(model.parameters())
    scheduler = lr_scheduler.StepLR(optimizer, 2, 0.5) if schedule else None
    rng = np.random.default_rng(0)
    batches = [(rng.standard_normal((6, 1, 6, 6)).astype("float32"), rng.integers(0, 4, 6)) for _ in range(steps)]

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        return loss

    run = tg.compile(step, fullgraph=True) if compiled else step
    losses = [run(tg.tensor(x, device="cuda"), tg.tensor(y, device="cuda")) for x, y in batches]
    state = [*model.state_dict().values(), *(p.grad for p in model.parameters())]
    return [loss.item() for loss in losses], [t.numpy(force=True) for t in state], (run, optimizer, model)


@pytest.mark.parametrize(
    "make",
    [
        lambda p: tg.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda p: tg.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
        lambda p: tg.optim.Adam(p, lr=0.05, amsgrad=True),
        lambda p: tg.optim.AdamW(p, lr=0.05),
    ],
    ids=["nesterov", "dampening", "Adam", "AdamW"],
)
def test_a_captured_training_is_the_eager_one(device: Any, make: Any) -> None:
    losses, state, _ = training(make, compiled=False)
    captured_losses, captured_state, (step, optimizer, _) = training(make, compiled=True)
    assert step.graphs == ["captured"]
    assert captured_losses == losses
    assert "batch_norm_relu(" in step.programs[0]
    assert "batch_norm_relu_input_grad(" in step.programs[0]
    assert len(set(losses)) == len(losses)
    for a, b in zip(captured_state, state, strict=True):
        np.testing.assert_array_equal(a, b)
    assert optimizer.steps_taken == 8
    assert optimizer.param_groups[0]["lr"] == make([tg.zeros(1, requires_grad=True)]).param_groups[0]["lr"] / 16


def test_one_graph_for_each_way_through(device: Any) -> None:
    """A ragged last batch runs by itself, and does not disturb the others."""
    weight = tg.tensor([[0.5, -0.5]], device="cuda", requires_grad=True)
    plain = tg.tensor([[0.5, -0.5]], device="cuda", requires_grad=True)
    found = []
    for w, wrap in ((weight, tg.compile), (plain, lambda step: step)):
        optimizer = tg.optim.SGD([w], lr=0.1)

        def step(x: Any, w: Any = w, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = F.linear(x, w).square().mean()
            loss.backward()
            optimizer.step()
            return {"loss": loss, "same": x, "weight": w}

        run = wrap(step)
        for i in range(12):
            x = tg.arange(6 if i % 3 == 2 else 8, device="cuda").reshape(-1, 2).float() / 10 + i
            out = run(x)
            assert out["same"] is x
            assert out["weight"] is w
            found.append(out["loss"])
        if wrap is tg.compile:
            assert run.graphs == ["captured", "captured"]
    losses = [loss.item() for loss in found]
    assert losses[:12] == losses[12:]
    assert weight.tolist() == plain.tolist()


def test_a_scheduler_and_other_options_reach_the_graph(device: Any) -> None:
    w = tg.zeros(2, device="cuda", requires_grad=True)
    optimizer = tg.optim.SGD([w], lr=1.0)

    @tg.compile
    def step(x: Any) -> None:
        optimizer.zero_grad()
        (w * x).sum().backward()
        optimizer.step()

    x = tg.ones(2, device="cuda")
    for _ in range(5):
        step(x)
    optimizer.param_groups[0]["lr"] = 0.25
    step(x)
    assert step.graphs == ["captured"]
    assert w.tolist() == [-5.25, -5.25]
    optimizer.param_groups[0]["weight_decay"] = 1.0
    step(2 * x)
    assert w.tolist() == [-5.25 - 0.25 * (2 - 5.25)] * 2


def test_gradients_that_are_added_to(device: Any) -> None:
    w = tg.zeros(2, device="cuda", requires_grad=True)

    @tg.compile
    def accumulate(x: Any) -> Any:
        loss = (w * x).sum()
        loss.backward()
        return loss

    x = tg.tensor([1.0, 2.0], device="cuda")
    for i in range(1, 9):
        accumulate(x)
        assert w.grad.tolist() == [i, 2 * i]
    assert accumulate.graphs[0] == "captured"
    w.grad = tg.tensor([10.0, 10.0], device="cuda")  # another tensor
    accumulate(x)
    assert w.grad.tolist() == [11, 12]
    w.grad = None
    accumulate(x)
    assert w.grad.tolist() == [1, 2]


def test_gradients_that_somebody_looked_at(device: Any) -> None:
    """To take a view rearranges a tensor's memory, and to write may give it another."""
    found = []
    for wrap in (tg.compile, lambda step: step):
        tg.manual_seed(0)
        conv = nn.Conv2d(2, 3, 3).cuda()

        def step(x: Any, conv: Any = conv) -> None:
            conv.zero_grad()
            conv(x).square().sum().backward()

        run, seen = wrap(step), []
        for i in range(8):
            run(tg.arange(50, device="cuda").reshape(1, 2, 5, 5).float() / (i + 1))
            seen.append(conv.weight.grad.transpose(0, 1).flatten().tolist())
            conv.weight.grad.mul_(0)
            conv.bias.grad = conv.bias.grad.t() + 1
        found.append(seen)
        if wrap is tg.compile:
            assert run.graphs[0] == "captured"
    np.testing.assert_array_equal(found[0], found[1])


def test_what_is_returned_is_the_callers(device: Any) -> None:
    w = tg.tensor([2.0], device="cuda")

    @tg.compile
    def double(x: Any) -> Any:
        return x * w, (x + 1).sum()

    kept = [double(tg.tensor([float(i)], device="cuda")) for i in range(7)]
    assert double.graphs == ["captured"]
    assert [(a.item(), b.item()) for a, b in kept] == [(2.0 * i, i + 1.0) for i in range(7)]


def test_what_moves_is_captured_anew(device: Any) -> None:
    w = tg.ones(2, device="cuda")

    @tg.compile
    def scaled(x: Any) -> Any:
        return x * w

    x = tg.ones(2, device="cuda")
    for _ in range(5):
        scaled(x)
    for i in range(2, 9):
        w.data = tg.full((2,), float(i), device="cuda")
        assert scaled(x).tolist() == [i, i]
        assert scaled(x).tolist() == [i, i]
    assert scaled.graphs[0] == "the tensors that it uses keep moving to other memory"
    with tg.backends.cudnn.flags(deterministic=True):
        assert scaled(x).tolist() == [8, 8]


def test_an_optimizer_whose_state_was_loaded(device: Any) -> None:
    """It has other buffers then: captured anew, and no step is counted twice."""
    found = []
    for wrap in (tg.compile, lambda step: step):
        w = tg.ones(3, device="cuda", requires_grad=True)
        optimizer = tg.optim.Adam([w], lr=0.1)

        def step(x: Any, w: Any = w, optimizer: Any = optimizer) -> None:
            optimizer.zero_grad()
            (w * x).square().sum().backward()
            optimizer.step()

        run, x = wrap(step), tg.arange(3, device="cuda").float()
        for i in range(12):
            if i == 6:
                optimizer.load_state_dict(optimizer.state_dict())
            run(x)
        found.append((w.tolist(), optimizer.state[w]["step"], optimizer.steps_taken))
        if wrap is tg.compile:
            assert run.graphs[0] == "captured"
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda x, w, o: (o["rms"].step(), None)[1], "RMSprop computes its step with numbers of the host"),
        (lambda x, w, o: (x[:, None] * w.detach()).det(), "det: calling a library is not supported"),
        (lambda x, w, o: x.add_(1), "it writes to an argument"),
        (lambda x, w, o: (w * x).sum(), "it returns a tensor to be differentiated"),
        (lambda x, w, o: x + tg.Tensor.cuda(o["here"]), "it uses tensors of several devices"),
    ],
    ids=["optimizer", "library", "argument", "differentiable", "moved"],
)
def test_what_cannot_be_captured_is_replayed(device: Any, wrong: Any, reason: str) -> None:
    found = []
    for wrap in (tg.compile, lambda step: step):
        w = tg.ones(3, device="cuda", requires_grad=True)
        adam, rms = tg.optim.Adam([w], lr=0.1), tg.optim.RMSprop([w], lr=0.1)
        others = {"rms": rms, "here": tg.ones(3)}

        def step(x: Any, w: Any = w, adam: Any = adam, others: Any = others) -> Any:
            adam.zero_grad()
            (w * x).square().sum().backward()
            adam.step()
            return wrong(x, w, others)

        run, results = wrap(step), []
        for i in range(7):
            out = run(tg.arange(3, device="cuda").float() + i)
            results.append(None if out is None else out.tolist())
        found.append((w.tolist(), adam.state[w]["step"], adam.steps_taken, results))
        if wrap is tg.compile:
            assert run.reason == ""
            assert reason in run.graphs[0]
    assert found[0] == found[1]
    assert fake_device.capture.stream is None


def test_what_failed_once_is_tried_again(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that was loaded only then is there the next time."""
    failures = []
    end = fake_device.Stream.end_capture

    def failing(stream: Any) -> Any:
        graph = end(stream)
        if not failures:
            failures.append(1)
            raise fake_device.CUDARuntimeError("cudaErrorStreamCaptureInvalidated")
        return graph

    monkeypatch.setattr(fake_device.Stream, "end_capture", failing)
    w = tg.zeros(1, device="cuda")
    step = tg.compile(lambda x: w.add_(x))
    for i in range(1, 8):
        step(tg.ones(1, device="cuda"))
        assert w.item() == i
    assert step.graphs == ["captured"]
    assert failures


def test_constants_are_uploaded_when_the_capture_is_over(device: Any) -> None:
    graph = device.new_graph()
    with graph.capture():
        made = device.asarray([1.0, 2.0]) + 1
        with pytest.raises(RuntimeError, match="something is copied from the host"):
            import_module("cupy").asarray(np.ones(3))
    assert not np.isfinite(made.get()).any()
    graph.launch()
    assert made.tolist() == [2, 3]
    with tg.cuda.stream(tg.cuda.Stream()):
        graph.launch()


def test_the_cpu_has_no_graphs() -> None:
    @tg.compile
    def twice(x: Any) -> Any:
        return 2 * x

    for _ in range(2):
        twice(tg.ones(2))
    assert twice.graphs == ["not replayed yet"]
    for _ in range(3):
        twice(tg.ones(2))
    assert twice.graphs == ["its device has no graphs"]
