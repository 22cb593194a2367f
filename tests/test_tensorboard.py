"""TensorBoard's writer gets arrays for tensors. A class that writes down what it gets stands in for the package's."""

import sys
from types import ModuleType

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.utils import tensorboard


class Writer:
    def __init__(self, log_dir=None):
        self.log_dir, self.calls = log_dir, []

    def add_scalar(self, tag, value, global_step=None):
        self.calls.append((tag, value, global_step))

    def add_scalars(self, tag, values, global_step=None):
        self.calls.append((tag, values, global_step))

    def add_graph(self, model, inputs):
        raise AssertionError("it would ask PyTorch")


def test_tensors_become_arrays(monkeypatch):
    package = ModuleType("tensorboardX")
    package.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "tensorboardX", package)
    writer = tensorboard.SummaryWriter("runs")
    assert writer.log_dir == "runs"
    assert type(writer) is tensorboard.SummaryWriter
    loss = tg.ones(1, requires_grad=True).sum()
    writer.add_scalar("loss", loss, global_step=3)
    writer.add_scalars("both", {"a": loss, "b": [loss, 2.0]})
    writer.add_graph(tg.nn.ReLU(), tg.ones(1))
    (_, value, step), (_, values, _) = writer.calls
    assert (type(value), float(value), step) == (np.ndarray, 1.0, 3)
    assert type(values["a"]) is type(values["b"][0]) is np.ndarray


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match="SummaryWriter needs tensorboardX; pip install tensorboardX"):
        tensorboard.SummaryWriter  # noqa: B018
