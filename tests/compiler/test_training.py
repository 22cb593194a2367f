"""Training steps: a replay leaves the same bits behind as the step itself."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from benchmarks.networks import NETWORKS
from tests.compiler.conftest import bits, everything, same_both_ways
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F


def batches(shape: tuple[int, ...], sizes: list[int], classes: int = 10) -> list[tuple[tg.Tensor, tg.Tensor]]:
    rng = np.random.default_rng(1)
    return [
        (tg.tensor(rng.standard_normal((n, *shape), dtype=np.float32)), tg.tensor(rng.integers(0, classes, n)))
        for n in sizes
    ]


def train(compiled: Any, model: Any, optimizer: Any, data: Any, **options: Any) -> Any:
    @compiled
    def step(images: Any, labels: Any) -> Any:
        optimizer.zero_grad(set_to_none=options.get("set_to_none", True))
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        if "max_norm" in options:
            nn.utils.clip_grad_norm_(model.parameters(), options["max_norm"])
        optimizer.step()
        return loss

    losses = []
    for i, (images, labels) in enumerate(data):
        if "between" in options:
            options["between"](i)
        losses.append(bits(step(images, labels)))
    return losses, everything(model, optimizer)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_the_benchmark(name: str) -> None:
    network = NETWORKS[name]

    def run(compiled: Any) -> Any:
        model = nn.Sequential(*network.layers(nn))
        return train(compiled, model, optim.Adam(model.parameters()), batches(network.image, [2] * 4))

    same_both_ways(run)


class Block(nn.Module):
    """A residual block, with everything that ResNets have."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
        self.norm, self.other = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        out = self.relu(self.norm(self.first(x)))
        out = self.other(self.second(out))
        out += x
        return self.relu(out)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.blocks = nn.ModuleList([Block(4), Block(4)])
        self.drop = nn.Dropout(0.25)
        self.head = nn.Linear(4, 10)

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(self.drop(F.avg_pool2d(x, 6).flatten(1)))


OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.05),
    "momentum": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-4),
    "nesterov": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "AMSGrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("set_to_none", [True, False])
def test_residual_network_with_schedule_and_clipping(name: str, set_to_none: bool) -> None:
    def run(compiled: Any) -> Any:
        model = Net()
        optimizer = OPTIMIZERS[name](model.parameters())
        schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)
        options = {"max_norm": 0.5, "set_to_none": set_to_none, "between": lambda i: i and schedule.step()}
        return train(compiled, model, optimizer, batches((1, 6, 6), [4] * 6), **options)

    same_both_ways(run)


def test_last_batch_of_another_size() -> None:
    def run(compiled: Any) -> Any:
        model = Net()
        data = batches((1, 6, 6), [4, 4, 3] * 4)
        return train(compiled, model, optim.Adam(model.parameters()), data)

    step = same_both_ways(run)
    assert len(step.programs) == 2


def test_scheduler_inside_of_the_step() -> None:
    def run(compiled: Any) -> Any:
        model = nn.Linear(3, 2)
        optimizer = optim.SGD(model.parameters(), lr=1.0)
        schedule = optim.lr_scheduler.StepLR(optimizer, 2)

        @compiled
        def step(x: Any) -> Any:
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
            schedule.step()

        for _ in range(6):
            step(tg.ones(4, 3))
        return everything(model, optimizer), schedule.state_dict()

    same_both_ways(run)


def test_rate_set_by_hand_and_states_loaded_between_steps() -> None:
    def run(compiled: Any) -> Any:
        model = Net()
        optimizer = optim.AdamW(model.parameters(), lr=0.01)
        saved: list[Any] = []

        def between(i: int) -> None:
            if i == 2:
                saved.extend([{k: v.clone() for k, v in model.state_dict().items()}, optimizer.state_dict()])
            if i == 4:
                optimizer.param_groups[0]["lr"] = 0.5
            if i == 6:
                model.load_state_dict(saved[0])
                optimizer.load_state_dict(saved[1])

        return train(compiled, model, optimizer, batches((1, 6, 6), [4] * 8), between=between)

    same_both_ways(run)


def test_evaluation_and_freezing_between_steps() -> None:
    def run(compiled: Any) -> Any:
        model = Net()

        def between(i: int) -> None:
            model.train(i not in (3, 4, 5))
            model.stem.requires_grad_(i < 6)

        return train(
            compiled, model, optim.SGD(model.parameters(), lr=0.1), batches((1, 6, 6), [4] * 10), between=between
        )

    step = same_both_ways(run)
    assert len(step.programs) == 3


def test_a_layer_replaced_between_steps() -> None:
    def run(compiled: Any) -> Any:
        model = nn.Sequential(nn.Flatten(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 10))
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        def between(i: int) -> None:
            if i == 3:
                model[3] = nn.Linear(4, 10)
                optimizer.add_param_group({"params": model[3].parameters()})

        return train(compiled, model, optimizer, batches((1, 2, 2), [4] * 7), between=between)

    same_both_ways(run)


def test_another_dtype_between_steps() -> None:
    def run(compiled: Any) -> Any:
        model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))

        @compiled
        def step(x: Any) -> Any:
            loss = model(x).square().sum()
            loss.backward()
            return loss

        results = [bits(step(tg.ones(2, 3) + i)) for i in range(4)]
        model.double()
        model.zero_grad()
        return results, [bits(step(tg.ones(2, 3).double())) for _ in range(4)], everything(model)

    same_both_ways(run)


def test_gradients_accumulate_over_steps() -> None:
    def run(compiled: Any) -> Any:
        model = Net()
        optimizer = optim.Adam(model.parameters())

        @compiled
        def add(images: Any, labels: Any) -> Any:
            (F.cross_entropy(model(images), labels) / 3).backward()

        @compiled
        def apply() -> None:
            optimizer.step()
            optimizer.zero_grad()

        for i, batch in enumerate(batches((1, 6, 6), [4] * 12)):
            add(*batch)
            if i % 3 == 2:
                apply()
        return everything(model, optimizer)

    same_both_ways(run)


def test_descent_by_hand() -> None:
    def run(compiled: Any) -> Any:
        model, average = nn.Linear(3, 2), nn.Linear(3, 2)

        @compiled
        def step(x: Any, rate: float) -> Any:
            for p in model.parameters():
                p.grad = None
            loss = model(x).tanh().square().sum()
            loss.backward()
            with tg.no_grad():
                for p, mean in zip(model.parameters(), average.parameters(), strict=True):
                    p.grad.mul_(0.5)
                    p -= rate * p.grad
                    mean.mul_(0.9).add_(p, alpha=0.1)
            return loss

        results = [bits(step(tg.ones(4, 3) * i, 0.1)) for i in range(5)]
        results += [bits(step(tg.ones(4, 3) * i, 0.2)) for i in range(5)]
        return results, everything(model), everything(average)

    same_both_ways(run)


def test_penalty_on_the_gradient() -> None:
    def run(compiled: Any) -> Any:
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        @compiled
        def step(x: Any) -> Any:
            optimizer.zero_grad()
            slopes = tg.autograd.grad(model(x).sum(), list(model.parameters()), create_graph=True)
            loss = sum(((slope * slope).sum() for slope in slopes), model(x).mean())
            loss.backward()
            optimizer.step()
            return loss

        return [bits(step(tg.ones(2, 3) * i)) for i in range(5)], everything(model, optimizer)

    same_both_ways(run)


def test_gradients_of_arguments() -> None:
    def run(compiled: Any) -> Any:
        model = nn.Conv2d(1, 2, 3)

        @compiled
        def step(x: Any, y: Any) -> Any:
            model(x[:, :, 1:]).square().sum().backward()
            (slope,) = tg.autograd.grad((y.exp() * x).sum(), [y])
            return {"slope": slope, "again": [x.grad, 3, "text"]}

        results = []
        for i in range(5):
            x, y = tg.ones(1, 1, 5, 5) * i, tg.ones(5) * i
            found = step(x.requires_grad_(), y.requires_grad_())
            assert found["again"][0] is x.grad
            results.append([bits(found), bits(x.grad)])
        return results, everything(model)

    same_both_ways(run)


def test_gradients_of_some_inputs_alone() -> None:
    def run(compiled: Any) -> Any:
        model = nn.Linear(3, 2)

        @compiled
        def step(x: Any) -> None:
            model(x).square().sum().backward(inputs=[model.weight])

        for i in range(4):
            step(tg.ones(2, 3) * i)
        return everything(model)

    same_both_ways(run)


def test_prediction_without_a_graph() -> None:
    def run(compiled: Any) -> Any:
        model = Net().eval()

        @compiled
        def predict(x: Any) -> Any:
            with tg.no_grad():
                scores = model(x)
                return scores.softmax(1), scores.argmax(1)

        return [bits(predict(images)) for images, _ in batches((1, 6, 6), [3] * 5)]

    same_both_ways(run)


def test_writes_into_arguments_and_parts() -> None:
    def run(compiled: Any) -> Any:
        @compiled
        def change(x: Any, y: Any) -> Any:
            x *= 2
            y[0] = x[1] + 1
            z = x.clone()
            z[:, 1] = 7
            view = z.view(-1)
            view += 1
            return z.sum(), z

        results = []
        for i in range(5):
            x, y = tg.ones(3, 2) * i, tg.zeros(2, 2)
            results.append([bits(change(x, y)), bits(x), bits(y), x.storage.version, y.storage.version])
        return results

    same_both_ways(run)


def test_two_functions_share_a_model_and_call_each_other() -> None:
    def run(compiled: Any) -> Any:
        model = Net()
        optimizer = optim.Adam(model.parameters())

        @compiled
        def loss_of(images: Any, labels: Any) -> Any:
            return F.cross_entropy(model(images), labels)

        @compiled
        def step(images: Any, labels: Any) -> Any:
            optimizer.zero_grad()
            loss = loss_of(images, labels)
            loss.backward()
            optimizer.step()
            return loss

        @compiled
        def check(images: Any, labels: Any) -> Any:
            with tg.no_grad():
                return (model(images).argmax(1) == labels).sum()

        results = []
        for images, labels in batches((1, 6, 6), [4] * 5):
            results += [bits(step(images, labels)), bits(check(images, labels))]
        return results, everything(model, optimizer)

    same_both_ways(run)


def test_views_and_other_layouts_as_arguments() -> None:
    def run(compiled: Any) -> Any:
        model = Net()
        images, labels = batches((1, 6, 6), [24])[0]
        turned = images.permute(0, 1, 3, 2)
        data = [(x[i : i + 4], labels[i : i + 4]) for x in (images, turned) for i in range(0, 24, 4)]
        return train(compiled, model, optim.Adam(model.parameters()), data)

    same_both_ways(run)


def compiled_step() -> tuple[Any, Any]:
    model = Net()
    optimizer = optim.Adam(model.parameters())

    @tg.compile(fullgraph=True)
    def step(images: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step, model


def test_arguments_in_containers_are_not_kept() -> None:
    step = tg.compile(lambda pair, scale: pair[0] * scale["by"] + pair[1], fullgraph=True)
    for i in range(4):
        x, y = tg.ones(2) * i, tg.ones(2)
        assert step((x, y), {"by": tg.ones(2)}).tolist() == [i + 1, i + 1]
        seen = weakref.ref(x)
        del x, y
        assert seen() is None
    assert len(step.programs) == 1


def test_nothing_is_kept_alive() -> None:
    step, model = compiled_step()
    given = []
    for images, labels in batches((1, 6, 6), [4] * 4):
        given += [weakref.ref(images), weakref.ref(step(images, labels))]
    del images, labels
    assert [reference() for reference in given] == [None] * 8
    seen = weakref.ref(model), weakref.ref(next(model.parameters()))
    del step, model
    gc.collect()
    assert seen[0]() is None
    assert seen[1]() is None
