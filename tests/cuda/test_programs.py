"""What programs do around a training step, on a CUDA device that is not there."""

import io
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.utils.data import DataLoader, TensorDataset


def network() -> tuple[Any, Any]:
    tg.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64, 3)),
    ).cuda()
    return model, tg.optim.Adam(model.parameters(), lr=0.01)


def data() -> tuple[Any, Any]:
    return tg.tensor(np.random.default_rng(0).standard_normal((6, 1, 8, 8)).astype("float32")).cuda(), (
        tg.arange(6) % 3
    ).cuda()


def test_a_compiled_step_is_the_eager_one(device: Any) -> None:
    found = []
    for compiled in (False, True):
        model, optimizer = network()

        def step(x: Any, y: Any, model: Any = model, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss.detach()

        run = tg.compile(step, fullgraph=True) if compiled else step
        found.append([run(*data()).item() for _ in range(5)])
    assert found[0] == found[1]
    assert found[0][-1] < found[0][0]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_mixed_precision(device: Any, dtype: str) -> None:
    model, optimizer = network()
    scaler, losses = tg.amp.GradScaler("cuda"), []
    for _ in range(5):
        optimizer.zero_grad()
        with tg.amp.autocast("cuda", dtype=getattr(tg, dtype)):
            x, y = data()
            scores = model(x)
            loss = nn.functional.cross_entropy(scores, y)
        assert str(scores.dtype) == dtype
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert model[0].weight.grad.dtype == "float32"


def test_state_comes_and_goes_through_the_cpu(device: Any) -> None:
    model, _ = network()
    buffer = io.BytesIO()
    tg.save(model.state_dict(), buffer)
    buffer.seek(0)
    loaded = tg.load(buffer)
    assert {str(t.device) for t in loaded.values()} == {"cpu"}
    model.load_state_dict(loaded)
    assert {str(t.device) for t in model.state_dict().values()} == {"cuda:0"}
    buffer.seek(0)
    assert str(tg.load(buffer, map_location="cuda")["0.weight"].device) == "cuda:0"


def test_batches_of_a_loader_stay_where_they_are(device: Any) -> None:
    loader = DataLoader(TensorDataset(tg.randn(5, 2, device="cuda"), tg.arange(5)), batch_size=2)
    assert [(str(x.device), str(y.device)) for x, y in loader] == [("cuda:0", "cpu")] * 3


class Asks:
    """Items that say what a worker finds of CUDA."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, i: int) -> str:
        tg.manual_seed(i)
        return f"{tg.cuda.is_available()} {tg.cuda.device_count()} {tg.cuda.why_not()}"


def test_workers_leave_the_device_alone(device: Any) -> None:
    """CUDA does not work in a forked process, so that even a seed must not reach the device there."""
    before = tg.rand(3, device="cuda").tolist()
    loader = DataLoader(Asks(), num_workers=1, multiprocessing_context="fork")
    for (said,) in loader:
        assert said.startswith("False 0 this process was forked from one that had started CUDA")
    assert tg.cuda.is_available()
    assert tg.rand(3, device="cuda").tolist() != before


def test_norms_masks_and_embeddings(device: Any) -> None:
    model, _ = network()
    model(data()[0]).sum().backward()
    before = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    after = sum((p.grad**2).sum() for p in model.parameters()) ** 0.5
    assert before > 1
    assert after.item() == pytest.approx(1, abs=1e-4)
    x = tg.arange(4, device="cuda")
    assert x[x > 1].tolist() == [2, 3]
    layer = nn.Embedding(5, 3).cuda()
    layer(tg.tensor([1, 1, 4], device="cuda")).sum().backward()
    assert layer.weight.grad.sum(dim=1).tolist() == [0, 6, 0, 0, 3]
