"""Sequential, ModuleList, ModuleDict, ParameterList."""

from collections import OrderedDict

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn


def named(model: nn.Module) -> list[str]:
    return [f"{name}:{type(module).__name__}" for name, module in model._modules.items()]


def test_sequential() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert model(tg.ones(5, 2)).shape == (5, 1)
    assert len(model) == 3
    assert model[0] is next(iter(model))
    assert model[-1] is model[2]
    assert model[1] in model
    assert nn.ReLU() not in model
    assert nn.Sequential()(3) == 3


def test_sequential_of_names() -> None:
    model = nn.Sequential(OrderedDict([("conv", nn.Conv2d(1, 2, 3)), ("act", nn.ReLU())]))
    assert named(model) == ["conv:Conv2d", "act:ReLU"]
    assert model.conv is model[0]
    assert list(model.state_dict()) == ["conv.weight", "conv.bias"]


def test_slices_share_their_modules() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Tanh())
    part = model[1:]
    assert isinstance(part, nn.Sequential)
    assert named(part) == ["1:ReLU", "2:Tanh"]
    assert part[0] is model[1]
    part.append(nn.ELU())
    assert named(part) == ["1:ReLU", "2:Tanh", "3:ELU"]
    assert len(model) == 3
    assert named(model[:2].append(nn.ELU()).append(nn.ELU())) == ["0:Linear", "1:ReLU", "2:ELU", "3:ELU"]


def test_changing_a_sequential() -> None:
    model = nn.Sequential(nn.ReLU())
    assert model.append(nn.Tanh()) is model
    model.insert(1, nn.ELU()).extend([nn.SiLU(), nn.Sigmoid()])
    assert named(model) == ["0:ReLU", "1:ELU", "2:Tanh", "3:SiLU", "4:Sigmoid"]
    model[-1] = nn.Identity()
    del model[0]
    assert named(model) == ["0:ELU", "1:Tanh", "2:SiLU", "3:Identity"]
    del model[1:3]
    assert named(model) == ["0:ELU", "1:Identity"]
    assert isinstance(model.pop(0), nn.ELU)
    assert named(model + nn.Sequential(nn.ReLU())) == ["0:Identity", "1:ReLU"]
    model += nn.Sequential(nn.Tanh())
    assert named(model) == ["0:Identity", "1:Tanh"]


def test_what_sequential_refuses() -> None:
    model = nn.Sequential(nn.ReLU())
    with pytest.raises(IndexError, match="Sequential: index 1 is out of range; there are 1 items"):
        _ = model[1]
    with pytest.raises(TypeError, match="an index must be an int or a slice; got 'a'"):
        _ = model["a"]
    with pytest.raises(IndexError, match=r"Sequential.insert: index 5 is out of range"):
        model.insert(5, nn.ReLU())
    with pytest.raises(TypeError, match=r"Sequential.insert: expected a Module; got int"):
        model.insert(0, 1)
    with pytest.raises(TypeError, match=r"Sequential.1: expected a Module or None; got function"):
        nn.Sequential(nn.ReLU(), lambda x: x)
    with pytest.raises(TypeError, match=r"Sequential.extend: expected several modules; got int"):
        model.extend(3)
    with pytest.raises(TypeError):
        model + [nn.ReLU()]  # noqa: RUF005


def test_module_list() -> None:
    layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
    assert len(list(layers.parameters())) == 6
    layers.append(nn.ReLU())
    layers.insert(0, nn.Tanh())
    layers += [nn.ELU()]
    assert named(layers) == ["0:Tanh", "1:Linear", "2:Linear", "3:Linear", "4:ReLU", "5:ELU"]
    assert isinstance(layers[1:3], nn.ModuleList)
    assert named(layers[1:3]) == ["0:Linear", "1:Linear"]
    layers[0] = nn.SiLU()
    assert isinstance(layers[0], nn.SiLU)
    assert len(layers + [nn.ReLU()]) == 7  # noqa: RUF005
    with pytest.raises(NotImplementedError, match="ModuleList has no forward"):
        layers(1)
    with pytest.raises(IndexError, match="ModuleList: index -7 is out of range; there are 6 items"):
        _ = layers[-7]


def test_module_dict() -> None:
    heads = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.ReLU()})
    assert (list(heads), len(heads), "a" in heads, "c" in heads) == (["a", "b"], 2, True, False)
    heads.update([("c", nn.Tanh())])
    heads["d"] = nn.ELU()
    assert list(heads.keys()) == ["a", "b", "c", "d"]
    assert [type(m).__name__ for m in heads.values()] == ["Linear", "ReLU", "Tanh", "ELU"]
    assert isinstance(heads.pop("d"), nn.ELU)
    del heads["c"]
    assert [name for name, _ in heads.items()] == ["a", "b"]
    assert list(heads.state_dict()) == ["a.weight", "a.bias"]
    heads.clear()
    assert repr(heads) == "ModuleDict()"
    with pytest.raises(TypeError, match="ModuleDict: expected a dict of modules, or pairs; got int"):
        nn.ModuleDict(3)
    with pytest.raises(ValueError, match="ModuleDict: expected pairs of a name and a module"):
        nn.ModuleDict([("a", nn.ReLU(), 1)])
    with pytest.raises(KeyError, match="attribute 'items' already exists"):
        nn.ModuleDict({"items": nn.ReLU()})


def test_parameter_list() -> None:
    weights = nn.ParameterList([tg.zeros(2, 3), nn.Parameter(tg.zeros(1))])
    weights.append(tg.zeros(4))
    weights += [tg.zeros(5)]
    assert [tuple(p.shape) for p in weights] == [(2, 3), (1,), (4,), (5,)]
    assert all(isinstance(p, nn.Parameter) for p in weights)
    assert list(weights.state_dict()) == ["0", "1", "2", "3"]
    assert len(list(weights.parameters())) == 4
    assert len(weights[1:3]) == 2
    weights[-1] = tg.ones(1)
    assert weights[3].item() == 1
    assert repr(nn.ParameterList([tg.zeros(2, 3)])).replace("\n", "") == (
        "ParameterList(  (0): Parameter containing: [float32 of size 2x3])"
    )
    with pytest.raises(IndexError, match="ParameterList: index 4 is out of range; there are 4 items"):
        _ = weights[4]
    with pytest.raises(TypeError, match="ParameterList: expected several parameters; got Tensor"):
        nn.ParameterList(tg.zeros(3))
