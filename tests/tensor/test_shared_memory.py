"""Tensors in memory that several processes see."""

import multiprocessing
import pickle
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import multiprocessing as mp
from tinygrad_cnn import nn, optim
from tinygrad_cnn.errors import GraphError

METHODS = [method for method in ("fork", "spawn") if method in multiprocessing.get_all_start_methods()]


def write(queue: Any, tensor: Any) -> None:
    tensor.data[1:].fill_(5)
    queue.put((tensor.is_shared(), tensor.requires_grad, type(tensor).__name__))


def train(number: int, model: Any, optimizer: Any) -> None:
    for _ in range(3):
        optimizer.zero_grad()
        model(tg.randn(4, 3)).pow(2).mean().backward()
        optimizer.step()


def echo(to: Any, back: Any) -> None:
    x = to.get()
    x += 1
    back.put(x[1:])
    to.get()  # until the other side has it


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("parameter", [False, True])
def test_another_process_writes(method: str, parameter: bool) -> None:
    context = multiprocessing.get_context(method)
    x = tg.zeros(2, 3).share_memory_()
    x = nn.Parameter(x) if parameter else x
    queue = context.SimpleQueue()
    process = context.Process(target=write, args=(queue, x))
    process.start()
    assert queue.get() == (True, parameter, "Parameter" if parameter else "Tensor")
    process.join()
    assert x.tolist() == [[0, 0, 0], [5, 5, 5]]


@pytest.mark.parametrize("method", METHODS)
def test_a_shared_model_is_trained_by_others(method: str) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 1)).share_memory()
    assert all(t.is_shared() for t in model.state_dict().values())
    optimizer = optim.Adagrad(model.parameters(), lr=0.1)
    optimizer.share_memory()
    before = deepcopy(model.state_dict())
    mp.start_processes(train, (model, optimizer), nprocs=2, start_method=method)
    after = model.state_dict()
    kept = {name for name in before if bool((before[name] == after[name]).all())}
    assert kept <= {"0.bias"}  # which batch norm takes away again
    assert int(after["1.num_batches_tracked"]) > 0
    assert float(optimizer.state[model[2].bias]["sum"]) > 0


def test_a_queue_passes_the_memory_on_and_back() -> None:
    context = multiprocessing.get_context(METHODS[-1])
    to, back = context.Queue(), context.Queue()
    process = context.Process(target=echo, args=(to, back))
    process.start()
    x = tg.arange(4.0).share_memory_()
    to.put(x)
    part = back.get()
    part[0] = 9
    to.put(None)
    process.join()
    assert x.tolist() == [1, 9, 3, 4]
    assert part.tolist() == [9, 3, 4]


def test_the_tensor_stays_what_it_was() -> None:
    x = tg.arange(6.0).reshape(2, 3).t().clone().requires_grad_()
    y = (x * 2).sum()
    version = x._version
    assert x.share_memory_() is x
    assert x._version == version
    y.backward()
    assert x.grad.tolist() == [[2, 2]] * 3
    assert x.tolist() == [[0, 3], [1, 4], [2, 5]]
    with tg.no_grad():
        x.mul_(2)  # stays in the shared memory
    assert x.is_shared()
    assert x.share_memory_() is x
    assert tg.empty(0, 2).share_memory_().shape == (0, 2)
    assert tg.tensor(True).share_memory_().item() is True


def test_elsewhere_a_shared_tensor_is_as_others() -> None:
    x = tg.ones(3).share_memory_()
    for copy in (deepcopy(x), x.clone(), pickle.loads(pickle.dumps(x))):
        assert not copy.is_shared()
        assert copy.tolist() == [1, 1, 1]
    assert isinstance(x.numpy(), np.ndarray)


def test_an_optimizer_steps_in_place() -> None:
    layer = nn.Linear(2, 1).share_memory()
    optimizers = [
        optim.SGD(layer.parameters(), 0.1, momentum=0.9),
        optim.Adam(layer.parameters()),
        optim.RMSprop(layer.parameters()),
    ]
    for optimizer in optimizers:
        layer(tg.ones(1, 2)).sum().backward()
        optimizer.step()
    layer.load_state_dict(nn.Linear(2, 1).state_dict())
    nn.init.zeros_(layer.bias)
    assert layer.weight.is_shared()
    assert layer.bias.is_shared()


def test_a_view_is_refused() -> None:
    x = tg.zeros(3)
    with pytest.raises(
        GraphError, match=r"share_memory_: this tensor is a view, .* share that one first, or a \.clone"
    ):
        x[:2].share_memory_()
    assert x.share_memory_()[:2].share_memory_().is_shared()
