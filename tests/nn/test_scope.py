"""The path of the module in which something happened: on nodes, in messages, in threads."""

import threading
from typing import Any

import pytest

import tinygrad_cnn as tg
from tests.nn.models import Net, images, nodes_of
from tinygrad_cnn import nn
from tinygrad_cnn.autograd.modes import current_scope


class Ask(nn.Module):
    """Notes down where it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def forward(self, x: Any) -> Any:
        self.heard.append(current_scope())
        return x


def test_nodes_carry_the_path() -> None:
    found = [(node.name, node.scope) for node in nodes_of(Net()(images()))]
    assert found == [
        ("linear", "classifier"),
        ("tanh", ""),
        ("linear", "mix"),
        ("linear", "mix"),
        ("reshape", ""),
        ("max_pool2d", "features.2"),
        ("add", "features.1"),
        ("relu", "features.1"),
        ("batch_norm", "features.1.norm"),
        ("conv2d", "features.1.conv"),
        ("conv2d", "features.0"),
    ]


def test_paths_begin_at_the_outermost_module() -> None:
    net = Net()
    assert {node.scope for node in nodes_of(net.features[1](tg.randn(1, 4, 6, 6)))} == {"", "conv", "norm"}
    assert {node.scope for node in nodes_of(net.mix(tg.randn(1, 36)))} == {""}


def test_messages_end_with_the_path() -> None:
    with pytest.raises(RuntimeError, match=r"expects 1 input channels, but x \(2, 3, 8, 8\) has 3 \[in features.0\]$"):
        Net()(tg.randn(2, 3, 8, 8))
    with pytest.raises(RuntimeError, match=r"has 3$"):
        nn.Conv2d(1, 4, 3)(tg.randn(2, 3, 8, 8))
    assert current_scope() == ""


def test_a_module_that_is_put_in_later_has_a_path() -> None:
    model = nn.Sequential(Ask())
    model(1)
    late = Ask()
    model.append(late)
    model(1)
    model[0] = nn.Sequential(other := Ask())
    model(1)
    assert (late.heard, other.heard) == (["1", "1"], ["0.0"])
    model._modules["named"] = third = Ask()  # as programs do that replace layers
    model(1)
    del model[0]
    model(1)
    assert (late.heard[-1], third.heard) == ("0", ["named", "1"])


def test_the_children_of_a_child_may_change() -> None:
    inner = nn.Sequential()
    outer = nn.Sequential(nn.Sequential(inner))
    outer(1)
    asked = [Ask() for _ in range(4)]
    inner.append(asked[0])
    outer(1)
    inner._modules.update(x=asked[1])
    outer(1)
    inner._modules.pop("0")
    outer(1)
    inner._modules.clear()
    inner.append(asked[2])
    outer(1)
    assert [a.heard for a in asked] == [["0.0.0", "0.0.0"], ["0.0.x", "0.0.x"], ["0.0.0"], []]


def test_a_module_used_in_two_places_has_its_first_path() -> None:
    ask = Ask()
    nn.Sequential(nn.Sequential(ask), ask)(1)
    assert ask.heard == ["0.0", "0.0"]


def test_a_slice_keeps_the_paths_of_the_model() -> None:
    class Sliced(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(Ask(), Ask(), Ask())

        def forward(self, x: Any) -> Any:
            return self.layers[1:](x)

    model = Sliced()
    model(1)
    assert [ask.heard for ask in model.layers] == [[], ["layers.1"], ["layers.2"]]
    part = model.layers[1:]
    part(1)
    assert model.layers[1].heard == ["layers.1", "1"]  # a slice keeps the names


def test_a_module_outside_of_the_tree_is_named_by_its_class() -> None:
    class Hiding(nn.Module):
        def __init__(self, ask: Ask) -> None:
            super().__init__()
            self.hidden = [ask]
            self.inner = nn.Sequential()

        def forward(self, x: Any) -> Any:
            return self.hidden[0](x)

    ask = Ask()
    Hiding(ask)(1)
    nn.Sequential(Hiding(ask))(1)
    assert ask.heard == ["Ask", "0.Ask"]


def test_an_error_leaves_no_scope_behind() -> None:
    class Fails(nn.Module):
        def forward(self, x: Any) -> Any:
            raise KeyError(current_scope())

    model = nn.Sequential(nn.Sequential(Fails()))
    for _ in range(2):
        with pytest.raises(KeyError, match=r"0\.0"):
            model(1)
    ask = Ask()
    nn.Sequential(ask)(1)
    assert (ask.heard, current_scope()) == (["0"], "")


def test_threads_have_scopes_of_their_own() -> None:
    gate = threading.Barrier(2, timeout=20)

    class Meet(Ask):
        def forward(self, x: Any) -> Any:
            gate.wait()
            super().forward(x)
            gate.wait()
            return current_scope()

    meet = Meet()
    models = [nn.Sequential(meet), nn.Sequential(nn.Identity(), nn.Sequential(meet))]
    found: list[Any] = [None, None]

    def run(i: int) -> None:
        found[i] = models[i](1)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == ["0", "1.0"]
    assert sorted(meet.heard) == ["0", "1.0"]


def test_making_modules_in_forward_keeps_the_paths() -> None:
    """A fresh module is in no table, so it makes none out of date."""
    from tinygrad_cnn.nn import scope

    class Makes(nn.Module):
        def forward(self, x: Any) -> Any:
            return nn.Sequential(nn.Identity())(x)

    model = nn.Sequential(Makes(), Ask())
    model(1)
    before = scope.paths_of(model)
    model(1)
    assert scope.paths_of(model) is before
