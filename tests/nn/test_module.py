"""What a module holds, and what it says when something is wrong."""

import copy
import gc
import pickle
import weakref
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.nn.models import Block, Net, images, nodes_of
from tinygrad_cnn import nn, optim


def paths(pairs: Any) -> list[str]:
    return [path for path, _ in pairs]


def test_attributes_are_registered() -> None:
    module = nn.Module()
    module.w = nn.Parameter(tg.zeros(2))
    module.inner = nn.Linear(2, 2)
    module.register_buffer("count", tg.tensor(0))
    module.plain = tg.zeros(3)
    assert list(module._parameters) == ["w"]
    assert list(module._modules) == ["inner"]
    assert list(module._buffers) == ["count"]
    assert "plain" in module.__dict__
    assert {"w", "inner", "count", "plain", "forward"} <= set(dir(module))
    assert "0" not in dir(nn.Sequential(nn.ReLU()))
    del module.w
    del module.inner
    del module.count
    del module.plain
    assert not [*module.parameters(), *module.buffers(), *module.children()]
    with pytest.raises(AttributeError):
        del module.w


def test_an_attribute_can_change_its_kind() -> None:
    module = nn.Module()
    module.x = 1
    module.x = nn.Parameter(tg.zeros(2))
    assert "x" not in module.__dict__
    module.x = nn.ReLU()
    assert not module._parameters
    assert list(module._modules) == ["x"]
    module.x = nn.Parameter(tg.zeros(2))
    assert not module._modules
    module.x = None
    assert module._parameters == {"x": None}
    module.register_buffer("b", tg.zeros(1), persistent=False)
    module.b = tg.ones(1)
    assert module.b.item() == 1
    assert "b" not in module.state_dict()
    module.b = nn.Parameter(tg.zeros(1))
    assert "b" in module.state_dict()


def test_names_and_order() -> None:
    net = Net()
    assert paths(net.named_children()) == ["features", "mix", "classifier"]
    assert paths(net.named_modules()) == [
        "",
        "features",
        "features.0",
        "features.1",
        "features.1.conv",
        "features.1.norm",
        "features.2",
        "mix",
        "classifier",
    ]
    assert paths(net.named_parameters())[:4] == [
        "features.0.weight",
        "features.0.bias",
        "features.1.conv.weight",
        "features.1.conv.bias",
    ]
    assert paths(net.named_parameters(prefix="net", recurse=False)) == []
    assert paths(net.mix.named_parameters(prefix="mix")) == ["mix.weight", "mix.bias"]
    assert paths(net.named_buffers()) == [
        f"features.1.norm.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")
    ]
    assert len(list(net.modules())) == 9
    assert list(net.parameters())[-1] is net.classifier.bias


def test_what_is_shared_is_listed_once() -> None:
    layer = nn.Linear(2, 2)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    assert paths(model.named_parameters()) == ["0.weight", "0.bias"]
    assert paths(model.named_parameters(remove_duplicate=False)) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert paths(model.named_children()) == ["0", "1"]
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    other = nn.Linear(2, 2)
    other.weight = layer.weight
    assert paths(nn.Sequential(layer, other).named_parameters()) == ["0.weight", "0.bias", "1.bias"]


def test_parameters_added_to_a_child_after_it_was_attached() -> None:
    child = nn.Module()
    model = nn.Sequential(child)
    assert list(model.parameters()) == []
    child.w = nn.Parameter(tg.zeros(2))
    assert paths(model.named_parameters()) == ["0.w"]
    assert list(model.state_dict()) == ["0.w"]


def test_looking_up_by_path() -> None:
    net = Net()
    assert net.get_submodule("features.1.conv") is net.features[1].conv
    assert net.get_submodule("") is net
    assert net.get_parameter("features.0.weight") is net.features[0].weight
    assert net.get_buffer("features.1.norm.running_mean").shape == (4,)
    with pytest.raises(AttributeError, match=r"get_submodule\('features.7'\): Sequential has no attribute '7'"):
        net.get_submodule("features.7")
    with pytest.raises(AttributeError, match="has a plain attribute, but no module 'training'"):
        net.get_submodule("features.training")
    with pytest.raises(AttributeError, match=r"get_parameter\('mix.weigth'\): Linear has no parameter 'weigth'"):
        net.get_parameter("mix.weigth")
    with pytest.raises(AttributeError, match="has no buffer 'weight'"):
        net.get_buffer("mix.weight")


def test_train_and_eval_do_not_switch_autograd() -> None:
    net = Net()
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert net(images()).requires_grad
    assert tg.is_grad_enabled()
    assert net.train() is net
    assert all(module.training for module in net.modules())
    with pytest.raises(ValueError, match=r"train: mode must be True or False; got 1"):
        net.train(1)


def test_freezing_and_forgetting_gradients() -> None:
    net = Net()
    net(images()).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all(not p.grad.array.any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.requires_grad_(False) is net
    assert not net(images()).requires_grad


def test_apply_goes_from_the_inside_out() -> None:
    seen = []
    model = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh())
    assert model.apply(lambda module: seen.append(type(module).__name__)) is model
    assert seen == ["ReLU", "Sequential", "Tanh", "Sequential"]


# dtypes and devices ---------------------------------------------------------------------------------------------------


def test_to_changes_the_tensors_that_the_optimizer_has() -> None:
    net = Net()
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    before = list(net.parameters())
    net(images()).sum().backward()
    assert net.double() is net
    assert all(a is b for a, b in zip(before, net.parameters(), strict=True))
    assert {p.dtype for p in net.parameters()} == {p.grad.dtype for p in net.parameters()} == {tg.float64}
    assert net.features[1].norm.num_batches_tracked.dtype == tg.int64
    assert net.features[1].norm.running_mean.dtype == tg.float64
    optimizer.zero_grad()
    out = net(images().double())
    assert out.dtype == tg.float64
    out.sum().backward()
    old = net.mix.weight.detach().clone()
    optimizer.step()
    assert net.mix.weight.dtype == tg.float64
    assert (net.mix.weight != old).any()


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [
        (lambda m: m.half(), "float16"),
        (lambda m: m.double().float(), "float32"),
        (lambda m: m.to(tg.float64), "float64"),
        (lambda m: m.to("cpu", tg.float64), "float64"),
        (lambda m: m.to(dtype=tg.float16, device="cpu"), "float16"),
        (lambda m: m.to(tg.zeros(1, dtype=tg.float64)), "float64"),
        (lambda m: m.to(tg.device("cpu"), non_blocking=True), "float32"),
        (lambda m: m.to("cpu"), "float32"),
        (lambda m: m.cpu(), "float32"),
        (lambda m: m.type(tg.float64), "float64"),
        (lambda m: m.to(memory_format=None), "float32"),
    ],
)
def test_to_takes_what_pytorchs_takes(convert: Any, dtype: str) -> None:
    layer = nn.Linear(2, 3)
    assert convert(layer) is layer
    assert layer.weight.dtype == layer.bias.dtype == dtype
    assert layer.weight.requires_grad
    assert layer.weight.is_leaf


def test_to_without_a_change_leaves_the_arrays_alone() -> None:
    layer = nn.Linear(2, 3)
    array = layer.weight.array
    layer.to("cpu").float()
    assert layer.weight.array is array


def test_to_refuses_what_cannot_be() -> None:
    with pytest.raises(TypeError, match="to: a module's dtype must be floating-point; got int64"):
        nn.Linear(2, 3).to(tg.int64)
    with pytest.raises(RuntimeError, match="device 'tpu' is not available"):
        nn.Linear(2, 3).to("tpu")
    with pytest.raises(RuntimeError, match=r"device 'cuda:\d*' is not available|device 'cuda' is not available"):
        nn.Linear(2, 3).to("cuda:77")


# copies and memory ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"]
)
def test_copies_are_independent_and_work(duplicate: Any) -> None:
    net = Net()
    x = images()
    net(x)
    twin = duplicate(net)
    assert repr(twin) == repr(net)
    net.eval()
    twin.eval()
    assert (twin(x) == net(x)).all()
    assert [node.scope for node in nodes_of(twin(x))] == [node.scope for node in nodes_of(net(x))]
    assert not {id(p) for p in net.parameters()} & {id(p) for p in twin.parameters()}
    with tg.no_grad():
        twin.mix.weight.zero_()
    assert net.mix.weight.array.any()
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in twin.parameters())


def test_what_is_shared_stays_shared_in_a_copy() -> None:
    layer = nn.Linear(2, 2)
    twin = copy.deepcopy(nn.Sequential(layer, layer))
    assert twin[0] is twin[1]


def test_nothing_waits_for_the_garbage_collector() -> None:
    warm = Net()
    warm(images()).sum().backward()
    optim.Adam(warm.parameters()).step()  # while Numba compiles a kernel it makes cycles that hold the arguments
    gc.collect()
    gc.disable()
    try:
        net = Net()
        optimizer = optim.Adam(net.parameters())
        with net.mix.register_forward_hook(lambda *_: None), net.mix.register_full_backward_hook(lambda *_: None):
            loss = net(images()).sum()
            loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        watched = [weakref.ref(x) for x in (net, net.features[1], net.mix, net.mix.weight, loss, optimizer)]
        del net, loss, optimizer
        assert [ref() for ref in watched] == [None] * len(watched)
    finally:
        gc.enable()


def test_the_graph_of_a_forward_pass_is_freed_with_its_result() -> None:
    gc.collect()
    gc.disable()
    try:
        net = Net()
        out = net(images())
        nodes = [weakref.ref(node) for node in nodes_of(out)]
        del out
        assert all(node() is None for node in nodes)
    finally:
        gc.enable()


# what is wrong --------------------------------------------------------------------------------------------------------


def test_assigning_before_init() -> None:
    class Early(nn.Module):
        def __init__(self, value: Any) -> None:
            self.layer = value
            super().__init__()

    hint = r"before Module.__init__\(\) was called; call super\(\).__init__\(\) first in Early.__init__"
    with pytest.raises(AttributeError, match=f"Early.layer: cannot assign a module {hint}"):
        Early(nn.ReLU())
    with pytest.raises(AttributeError, match=f"Early.layer: cannot assign a parameter {hint}"):
        Early(nn.Parameter(tg.zeros(1)))
    Early(3)  # a plain attribute may come first, as in PyTorch

    class Never(nn.Module):
        def __init__(self) -> None:
            pass

    with pytest.raises(AttributeError, match=r"call super\(\).__init__\(\) first in Never.__init__"):
        Never()(1)


def test_missing_attributes() -> None:
    class Odd(nn.Module):
        @property
        def broken(self) -> Any:
            return self.absent

    with pytest.raises(AttributeError, match=r"'Linear' object has no attribute 'wieght'$"):
        _ = nn.Linear(2, 3).wieght
    with pytest.raises(AttributeError, match="'Odd' object has no attribute 'broken': its property raised"):
        _ = Odd().broken
    with pytest.raises(NotImplementedError, match=r"Odd has no forward\(\)"):
        Odd()(1)


def test_assigning_the_wrong_kind() -> None:
    layer = nn.BatchNorm1d(2)
    with pytest.raises(
        TypeError, match=r"BatchNorm1d.weight is a parameter; assign a Parameter or None, .* got Tensor"
    ):
        layer.weight = tg.zeros(2)
    with pytest.raises(TypeError, match=r"BatchNorm1d.running_mean is a buffer; assign a tensor or None; got list"):
        layer.running_mean = [0, 0]
    with pytest.raises(TypeError, match=r"Net.mix is a module; assign a Module or None; got int"):
        Net().mix = 3
    w = nn.Parameter(tg.zeros(2))
    computed = nn.Parameter.from_array(w.array, (w * 2).node)
    with pytest.raises(ValueError, match=r"Linear.weight: a parameter must not be computed from others"):
        nn.Linear(2, 3).weight = computed


def test_registering_the_wrong_thing() -> None:
    module = nn.Linear(2, 3)
    with pytest.raises(KeyError, match="attribute 'forward' already exists; choose another name for the parameter"):
        module.register_parameter("forward", None)
    with pytest.raises(KeyError, match=r"name of a buffer must not be empty or hold a dot; got 'a.b'"):
        module.register_buffer("a.b", None)
    with pytest.raises(KeyError, match="must not be empty"):
        module.add_module("", nn.ReLU())
    with pytest.raises(TypeError, match="name of a module must be a string; got 3"):
        module.add_module(3, nn.ReLU())
    with pytest.raises(TypeError, match=r"Linear.x: expected a Module or None; got function"):
        module.add_module("x", lambda x: x)
    with pytest.raises(TypeError, match=r"Linear.x: a buffer must be a tensor or None; got ndarray; .* tensor\(...\)"):
        module.register_buffer("x", np.zeros(2))
    with pytest.raises(TypeError, match=r"Linear.x: expected a Parameter or None; got Tensor; .*nn.Parameter\(...\)"):
        module.register_parameter("x", tg.zeros(2))
    module.register_module("x", None)
    assert module.x is None


# text -----------------------------------------------------------------------------------------------------------------


def test_repr_of_nested_modules() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = Block(4)
            self.nothing = None
            self.register_module("none", None)

        def extra_repr(self) -> str:
            return "first line\nsecond line"

    assert repr(Two()) == (
        "Two(\n"
        "  first line\n"
        "  second line\n"
        "  (block): Block(\n"
        "    (conv): Conv2d(4, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))\n"
        "    (norm): BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)\n"
        "  )\n"
        "  (none): None\n"
        ")"
    )
    assert repr(nn.Module()) == "Module()"


# parameters -----------------------------------------------------------------------------------------------------------


def test_parameter() -> None:
    data = tg.tensor([1.0, 2.0])
    p = nn.Parameter(data)
    assert isinstance(p, tg.Tensor)
    assert p.requires_grad
    assert p.is_leaf
    assert not data.requires_grad
    assert type(p * 2) is type(p.detach()) is type(p.data) is tg.Tensor
    assert repr(p) == "Parameter containing:\ntensor([1., 2.], requires_grad=True)"
    with tg.no_grad():
        p.mul_(2)
    assert data.tolist() == [2, 4]  # one memory
    assert not nn.Parameter(data, requires_grad=False).requires_grad
    p.no_decay = True
    twin = copy.deepcopy(p)
    assert type(twin) is nn.Parameter
    assert twin.no_decay
    assert nn.Parameter().shape == (0,)
    assert nn.Parameter(tg.tensor([1]), requires_grad=False).dtype == tg.int64
    with pytest.raises(RuntimeError, match="only floating-point tensors can require gradients"):
        nn.Parameter(tg.tensor([1]))
    with pytest.raises(TypeError, match=r"Parameter: expected a tensor; got list; wrap it with tensor\(...\)"):
        nn.Parameter([1.0])


def test_a_parameter_of_a_computed_tensor_is_a_leaf() -> None:
    x = tg.tensor([1.0], requires_grad=True)
    assert nn.Parameter(x * 2).is_leaf


def test_early_stopping_keeps_the_best_weights() -> None:
    layer = nn.Linear(2, 2)
    best = copy.deepcopy(layer.state_dict())
    assert isinstance(best, OrderedDict)
    with tg.no_grad():
        layer.weight.zero_()
    assert best["weight"].array.any()
    layer.load_state_dict(best)
    assert (layer.weight == best["weight"]).all()


def test_a_function_may_take_the_place_of_a_module() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    before = net(tg.ones(1, 2)).tolist()
    net._modules["1"] = tg.relu  # as programs for guided backpropagation do
    assert net(tg.ones(1, 2)).tolist() == before
    assert [path for path, _ in net.named_modules()] == ["", "0"]
