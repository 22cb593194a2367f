"""state_dict and load_state_dict."""

import copy
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.nn.models import Net, images
from tinygrad_cnn import nn


def test_names_shapes_and_dtypes() -> None:
    state = Net().state_dict()
    assert {path: (tuple(t.shape), str(t.dtype)) for path, t in state.items() if "norm" in path} == {
        "features.1.norm.weight": ((4,), "float32"),
        "features.1.norm.bias": ((4,), "float32"),
        "features.1.norm.running_mean": ((4,), "float32"),
        "features.1.norm.running_var": ((4,), "float32"),
        "features.1.norm.num_batches_tracked": ((), "int64"),
    }
    assert not any(t.requires_grad for t in state.values())
    assert state._metadata["features.1.norm"] == {"version": 2}
    assert state._metadata[""] == {"version": 1}


def test_state_shares_memory_and_keep_vars_keeps_the_parameters() -> None:
    layer = nn.Linear(2, 2)
    state = layer.state_dict()
    with tg.no_grad():
        layer.bias.fill_(7)
    assert state["bias"].tolist() == [7, 7]
    assert layer.state_dict(keep_vars=True)["bias"] is layer.bias
    assert list(layer.state_dict(prefix="fc.")) == ["fc.weight", "fc.bias"]
    into: OrderedDict[str, Any] = OrderedDict(first=1)
    assert layer.state_dict(destination=into) is into
    assert list(into) == ["first", "weight", "bias"]


def test_a_round_trip_gives_the_same_network() -> None:
    first, second, x = Net(), Net(), images()
    first(x)
    result = second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert str(result) == repr(result) == "<All keys matched successfully>"
    assert result == ([], [])
    assert (first.eval()(x) == second.eval()(x)).all()
    assert second.features[1].norm.num_batches_tracked.item() == 1


def test_loading_copies_and_casts() -> None:
    layer = nn.Linear(2, 1)
    weight = layer.weight
    state = {"weight": tg.tensor([[1.0, 2.0]], dtype=tg.float64), "bias": np.array([3.0])}
    layer.load_state_dict(state)
    assert layer.weight is weight
    assert layer.weight.dtype == tg.float32
    state["weight"].zero_()
    assert layer.weight.tolist() == [[1, 2]]
    assert layer.bias.tolist() == [3]


def test_assign_takes_the_tensors_themselves() -> None:
    layer = nn.BatchNorm1d(2)
    state = {path: t.double() if t.is_floating_point() else t for path, t in nn.BatchNorm1d(2).state_dict().items()}
    layer.load_state_dict(state, assign=True)
    assert layer.weight.dtype == layer.running_mean.dtype == tg.float64
    assert isinstance(layer.weight, nn.Parameter)
    assert layer.running_mean is state["running_mean"]


def test_loading_is_a_write_that_backward_notices() -> None:
    layer = nn.Linear(2, 2)
    loss = layer(tg.ones(1, 2, requires_grad=True)).sum()
    layer.load_state_dict(nn.Linear(2, 2).state_dict())
    with pytest.raises(RuntimeError, match="changed it in place"):
        loss.backward()


def test_everything_that_does_not_fit_is_listed_at_once() -> None:
    state = Net().state_dict()
    del state["mix.bias"], state["features.0.weight"]
    state["head.weight"] = tg.zeros(1)
    state["mix.gain"] = tg.zeros(1)
    state["features.9.weight"] = tg.zeros(1)
    state["classifier.weight"] = tg.zeros(5, 36)
    state["features.1.norm.weight"] = tg.zeros(8)
    state["classifier.bias"] = "ten"
    with pytest.raises(RuntimeError) as error:
        Net().load_state_dict(state)
    assert str(error.value).split("\n\t") == [
        "load_state_dict: this state does not fit Net:",
        'Missing key(s) in state_dict: "features.0.weight", "mix.bias".',
        'Unexpected key(s) in state_dict: "head.weight", "features.9.weight", "mix.gain".',
        "size mismatch for features.1.norm.weight: the state has shape (8,), the model (4,)",
        "size mismatch for classifier.weight: the state has shape (5, 36), the model (10, 36)",
        str(error.value).split("\n\t")[-1],
    ]
    assert str(error.value).split("\n\t")[-1].startswith("no tensor for classifier.bias: str: ")


def test_not_strict() -> None:
    state = Net().state_dict()
    del state["mix.bias"]
    state["head"] = tg.zeros(1)
    result = Net().load_state_dict(state, strict=False)
    assert result.missing_keys == ["mix.bias"]
    assert result.unexpected_keys == ["head"]
    assert repr(result) == "IncompatibleKeys(missing_keys=['mix.bias'], unexpected_keys=['head'])"
    state["mix.weight"] = tg.zeros(1, 2)
    with pytest.raises(RuntimeError, match=r"size mismatch for mix.weight"):
        Net().load_state_dict(state, strict=False)


def test_a_common_prefix_is_pointed_out() -> None:
    state = {f"module.{path}": t for path, t in Net().state_dict().items()}
    with pytest.raises(
        RuntimeError, match=r'All keys begin with "module."; load {key.removeprefix\("module."\): value'
    ):
        Net().load_state_dict(state)
    with pytest.raises(TypeError, match="load_state_dict: expected a dict of tensors; got str"):
        Net().load_state_dict("weights.pth")


def test_batch_norm_of_old_files_did_not_count() -> None:
    state = {path: t for path, t in nn.BatchNorm2d(2).state_dict().items() if path != "num_batches_tracked"}
    layer = nn.BatchNorm2d(2)
    layer(tg.randn(2, 2, 3, 3))
    layer.load_state_dict(state)
    new = nn.BatchNorm2d(2).state_dict()
    del new["num_batches_tracked"]
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "num_batches_tracked"'):
        layer.load_state_dict(new)


def test_a_module_with_a_format_of_its_own() -> None:
    class Doubled(nn.Linear):
        def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
            destination[f"{prefix}both"] = tg.cat([self.weight.detach().reshape(-1), self.bias.detach()])

        def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
            both = state_dict.pop(f"{prefix}both")
            state_dict[f"{prefix}weight"], state_dict[f"{prefix}bias"] = both[:-1].reshape(1, -1), both[-1:]
            super()._load_from_state_dict(state_dict, prefix, *rest)

    first, second = nn.Sequential(Doubled(2, 1)), nn.Sequential(Doubled(2, 1))
    state = first.state_dict()
    assert list(state) == ["0.both"]
    second.load_state_dict(state)
    assert (second[0].weight == first[0].weight).all()
    assert list(state) == ["0.both"]  # the caller's dict is as it was


def test_without_memory_and_with_some_again() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    state, x = {name: value.clone() for name, value in net.state_dict().items()}, tg.randn(4, 3)
    expected = net.eval()(x)
    weight = net[0].weight
    assert net.to("meta") is net
    assert net[0].weight is weight
    assert {value.array.base.nbytes for value in net.state_dict().values() if value.ndim} == {4}
    assert tg.func.functional_call(net, state, (x,)).tolist() == expected.tolist()
    net.to_empty(device="cpu").load_state_dict(state)
    assert net(x).tolist() == expected.tolist()
    assert weight.requires_grad
