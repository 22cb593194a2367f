"""Whole modules in a file."""

import io
import json
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import load, nn, save
from tinygrad_cnn.io.wholes import bare, empty
from tinygrad_cnn.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.again = self.conv
        self.norm = nn.BatchNorm2d(2)
        self.act = F.relu
        self.sizes = {"a": (1, 2)}
        self.steps = nn.ModuleList([nn.Linear(2, 2), nn.Sequential(nn.Dropout(0.5), nn.PReLU())])
        self.scale = nn.Parameter(tg.ones(1), requires_grad=False)
        self.register_buffer("passing", tg.zeros(1), persistent=False)

    def forward(self, x):
        x = self.act(self.norm(self.again(x))).mean((2, 3))
        for step in self.steps:
            x = step(x)
        return x * self.scale


def through(obj, **options):
    file = io.BytesIO()
    save(obj, file)
    return load(io.BytesIO(file.getvalue()), **options)


def test_a_module_comes_back_whole():
    tg.manual_seed(0)
    net = Net()
    net(tg.randn(4, 1, 5, 5))
    net.eval()
    back = through({"net": net, "epoch": 3}, weights_only=False)["net"]
    x = tg.randn(2, 1, 5, 5)
    assert type(back) is Net
    assert (back(x) == net(x)).all()
    assert back.again is back.conv
    assert back.act is F.relu
    assert back.sizes == net.sizes
    assert list(back.state_dict()) == list(net.state_dict())
    assert [p.requires_grad for p in back.parameters()] == [p.requires_grad for p in net.parameters()]
    assert not back.training
    assert str(back) == str(net)
    back.train()(x).sum().backward()
    assert back.conv.weight.grad is not None


def test_code_runs_only_where_that_is_allowed():
    with pytest.raises(ValueError, match=r"load: the file holds a whole .*\.Net; .*pass weights_only=False"):
        through(Net())


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        (b'"ReLU', b'"Gone', r"tinygrad_cnn.nn.activation.Gone, which is not here"),
        (b"nn.activation", b"nn.forgotten_", r"tinygrad_cnn.nn.forgotten_.ReLU, which is not here"),
        (b'"ReLU', b'"__doc__', "which is no Module"),
    ],
)
def test_what_is_not_there_is_named(was, becomes, message):
    written = json.dumps([["tinygrad_cnn.nn.activation", "ReLU"]]).encode()
    with pytest.raises(ValueError, match=message):
        empty(*json.loads(written.replace(was, becomes))[0])


def test_what_is_not_written():
    class Local(nn.Module):
        pass

    net = nn.Linear(2, 2)
    net.register_forward_hook(lambda *_: None)
    with pytest.raises(TypeError, match=r"save: Linear has hooks, which are not written; .* save its .state_dict\(\)"):
        save(net, io.BytesIO())
    with pytest.raises(TypeError, match=r"Local, which no import finds again; save its .state_dict\(\), or define"):
        save(Local(), io.BytesIO())
    act = nn.ReLU()
    act.function = lambda x: x
    with pytest.raises(TypeError, match=r"\['rest'\]\['function'\] is of type builtins.function, which is not written"):
        save(act, io.BytesIO())


def test_the_arguments_of_a_program():
    assert through({"args": Namespace(lr=0.1, sizes=(1, 2))}) == {"args": Namespace(lr=0.1, sizes=(1, 2))}


class Vocabulary:
    def __init__(self):
        self.words = {"a": 0}
        self.vectors = tg.ones(2)
        self.itself = self


@dataclass
class Settings:
    lr: float = 0.1
    folder: Path = Path("runs")


def test_objects_of_a_program():
    saved = {"vocabulary": Vocabulary(), "settings": Settings(0.5), "where": Path("a") / "b"}
    back = through(saved, weights_only=False)
    assert back["settings"] == saved["settings"]
    assert back["where"] == saved["where"]
    assert back["vocabulary"].words == {"a": 0}
    assert tg.equal(back["vocabulary"].vectors, tg.ones(2))
    assert back["vocabulary"].itself is back["vocabulary"]
    with pytest.raises(ValueError, match=r"load: the file holds a whole .*\.Vocabulary; .*pass weights_only=False"):
        through(saved)
    with pytest.raises(ValueError, match=r"builtins\.dict, which is no class of Python's"):
        bare("builtins", "dict")


def test_arrays_of_dtypes_that_tensors_do_not_have():
    arrays = {"u": np.array([[1, 2]], np.uint32), "s": np.array(["a", "bc"]), "c": np.array([1j])}
    back = through(arrays)
    for name, array in arrays.items():
        assert (back[name] == array).all()
        assert back[name].dtype == array.dtype
    name, keys, *_ = through({"state": np.random.RandomState(0).get_state()})["state"]
    assert (name, keys.dtype, len(keys)) == ("MT19937", np.uint32, 624)
