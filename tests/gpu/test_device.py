"""On a real CUDA device: memory, streams, other libraries, and training to the CPU's accuracy."""

import gc
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.cuda.test_kernels import philox
from tinygrad_cnn import nn

pytestmark = pytest.mark.gpu
ROOT = Path(__file__).parents[2]


def network() -> Any:
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.Dropout(0.1)),
        *(nn.Flatten(), nn.Linear(32 * 16, 10)),
    )


def deeper() -> Any:
    """With all that recorded steps make one of."""
    return nn.Sequential(
        *network()[:-2],
        *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * 4, 32), nn.ReLU(), nn.Linear(32, 10)),
    )


def test_memory_stays_flat_over_a_thousand_steps(device: Any) -> None:
    model = network().cuda()
    optimizer = tg.optim.Adam(model.parameters(), lr=1e-3)
    x, y = tg.randn(32, 1, 8, 8, device="cuda"), tg.randint(0, 10, (32,), device="cuda")
    for step in range(1000):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        if step == 20:
            tg.cuda.synchronize()
            before = tg.cuda.memory_allocated()
    tg.cuda.synchronize()
    assert tg.cuda.memory_allocated() <= before


def training(compiled: bool, make: Any) -> tuple[list[float], list[Any], Any]:
    """Losses and parameters of 30 steps on digits of two batch sizes, with a scheduler and clipped gradients."""
    tg.manual_seed(0)
    model = deeper().cuda()
    optimizer = make(model.parameters())
    scheduler = tg.optim.lr_scheduler.StepLR(optimizer, 7, 0.7)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        scheduler.step()
        return loss

    run = tg.compile(step, fullgraph=True) if compiled else step
    rng, losses = np.random.default_rng(0), []
    for i in range(30):
        size = 20 if i % 6 == 5 else 32
        x = tg.tensor(rng.standard_normal((size, 1, 8, 8)).astype("float32"), device="cuda")
        losses.append(run(x, tg.tensor(rng.integers(0, 10, size), device="cuda")))
    return [loss.item() for loss in losses], [p.numpy(force=True) for p in model.state_dict().values()], run


@pytest.mark.parametrize(
    "make",
    [
        lambda p: tg.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
        lambda p: tg.optim.AdamW(p, lr=3e-3),
    ],
    ids=["SGD", "AdamW"],
)
@pytest.mark.parametrize("cudnn", [True, False])
def test_a_captured_training_is_the_eager_one(device: Any, make: Any, cudnn: bool) -> None:
    with tg.backends.cudnn.flags(enabled=cudnn, deterministic=True):
        losses, state, _ = training(False, make)
        captured_losses, captured_state, run = training(True, make)
    assert run.graphs[0] == "captured", run.graphs
    np.testing.assert_array_equal(captured_losses, losses)
    for a, b in zip(captured_state, state, strict=True):
        np.testing.assert_array_equal(a, b)


def test_memory_stays_flat_over_launches_of_a_graph(device: Any) -> None:
    model, x = network().cuda(), tg.randn(32, 1, 8, 8, device="cuda")
    y, optimizer = tg.randint(0, 10, (32,), device="cuda"), tg.optim.Adam(model.parameters(), lr=1e-3)

    @tg.compile
    def step() -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for i in range(500):
        step()
        if i == 20:
            tg.cuda.synchronize()
            before = tg.cuda.memory_allocated()
    tg.cuda.synchronize()
    assert step.graphs == ["captured"]
    assert tg.cuda.memory_allocated() <= before


def test_memory_of_a_graph_goes_back(device: Any) -> None:
    def free() -> int:
        gc.collect()
        tg.cuda.synchronize()
        tg.cuda.empty_cache()
        return tg.cuda.mem_get_info()[0]

    def use() -> None:
        x = tg.randn(1 << 22, device="cuda")
        step = tg.compile(lambda: (x * 2 + 1).exp().sum())
        for _ in range(5):
            step()
        assert step.graphs == ["captured"]

    use()
    before = free()
    for _ in range(20):
        use()
    assert free() > before - (64 << 20)


def test_two_threads(device: Any) -> None:
    x, w = tg.randn(8, 16, 20, 20, device="cuda"), tg.randn(32, 16, 3, 3, device="cuda")
    expected = nn.functional.conv2d(x, w).cpu().numpy()
    found: list[Any] = []

    def work() -> None:
        with tg.cuda.stream(tg.cuda.Stream()):
            for _ in range(20):
                out = nn.functional.conv2d(x, w)
            found.append(out.cpu().numpy())

    tg.cuda.synchronize()
    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for out in found:
        np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)
    assert len(found) == 2


def test_pinned_memory(device: Any) -> None:
    x = tg.randn(1000, 1000)
    pinned = x.pin_memory()
    assert pinned.is_pinned()
    copies = [pinned.to("cuda", non_blocking=True) for _ in range(3)]
    for copy in copies:
        np.testing.assert_array_equal(copy.cpu().numpy(), x.numpy())
    blocking = pinned.cuda()
    pinned.zero_()
    np.testing.assert_array_equal(blocking.cpu().numpy(), x.numpy())


def test_no_memory_left_leaves_the_process_usable(device: Any) -> None:
    _, total = tg.cuda.mem_get_info()
    with pytest.raises(tg.cuda.OutOfMemoryError, match="no memory for"):
        tg.empty(2 * total // 4, device="cuda")
    assert tg.ones(3, device="cuda").sum().item() == 3


def test_two_streams(device: Any) -> None:
    first, second = tg.cuda.Stream(), tg.cuda.Stream()
    x = tg.randn(512, 512, device="cuda")
    tg.cuda.synchronize()
    with tg.cuda.stream(first):
        a = x @ x
    second.wait_stream(first)
    with tg.cuda.stream(second):
        b = a @ x
    second.synchronize()
    exact = x.cpu().double()
    np.testing.assert_allclose(b.cpu().numpy(), (exact @ exact @ exact).numpy(), rtol=1e-3, atol=0.2)


def test_events_measure(device: Any) -> None:
    start, end = tg.cuda.Event(enable_timing=True), tg.cuda.Event(enable_timing=True)
    x = tg.randn(1024, 1024, device="cuda")
    start.record()
    for _ in range(10):
        x = x @ x / 100
    end.record()
    end.synchronize()
    assert start.elapsed_time(end) > 0


def test_memory_is_shared_with_other_libraries(device: Any) -> None:
    import cupy

    x = tg.arange(6, device="cuda", dtype=tg.float32)
    seen = cupy.from_dlpack(x)
    seen += 1
    assert x.tolist() == [1, 2, 3, 4, 5, 6]
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch is for the CPU")
    theirs = torch.from_dlpack(x)
    theirs *= 2
    torch.cuda.synchronize()
    assert x.tolist() == [2, 4, 6, 8, 10, 12]
    back = tg.from_dlpack(torch.arange(3, device="cuda"))
    assert str(back.device) == "cuda:0"
    assert back.tolist() == [0, 1, 2]


def test_hidden_devices(device: Any) -> None:
    code = "import tinygrad_cnn as tg; print(tg.cuda.is_available(), tg.cuda.device_count(), tg.cuda.why_not())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("False 0 CuPy")


def test_the_stream_is_the_documented_one(device: Any) -> None:
    seed = 2**40 + 17
    device.rng.seed(seed)
    words = [word for block in range(2) for word in philox(block, seed)]
    expected = np.array([w >> 8 for w in words[:5]], "float32") * 2.0**-24
    np.testing.assert_array_equal(device.rng.uniform((5,), "float32").get(), expected)


def test_results_are_the_same_from_run_to_run(device: Any) -> None:
    def step() -> list[Any]:
        tg.manual_seed(0)
        model = network().cuda()
        x, y = tg.randn(64, 1, 8, 8, device="cuda"), tg.randint(0, 10, (64,), device="cuda")
        nn.functional.cross_entropy(model(x), y).backward()
        return [p.grad.numpy(force=True) for p in model.parameters()]

    with tg.backends.cudnn.flags(deterministic=True):
        for a, b in zip(step(), step(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_digits_are_learnt_as_on_the_cpu(device: Any) -> None:
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    images, labels = (digits.images[:, None] / 16).astype("float32"), digits.target.astype("int64")
    found = {}
    for place in ("cpu", "cuda"):
        tg.manual_seed(1)
        model = network().to(place)
        optimizer = tg.optim.Adam(model.parameters(), lr=3e-3)
        x, y = tg.tensor(images, device=place), tg.tensor(labels, device=place)
        for _ in range(8):
            for start in range(0, 1400, 100):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x[start : start + 100]), y[start : start + 100]).backward()
                optimizer.step()
        model.eval()
        with tg.no_grad():
            found[place] = (model(x[1400:]).argmax(1) == y[1400:]).float().mean().item()
    assert found["cuda"] > 0.93
    assert abs(found["cuda"] - found["cpu"]) < 0.03
