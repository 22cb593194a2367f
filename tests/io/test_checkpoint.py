import io
import json
from collections import Counter, OrderedDict, namedtuple

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.io import load, load_file, save, save_file

safetensors_numpy = pytest.importorskip("safetensors.numpy")

Point = namedtuple("Point", "x y")


def round_trip(value, **how):
    file = io.BytesIO()
    save(value, file)
    return load(io.BytesIO(file.getvalue()), **how)


def same(a, b):
    """Whether both have the same structure, types and values."""
    if type(a) is not type(b):
        return False
    if isinstance(a, tg.Tensor):
        return (
            a.dtype == b.dtype and a.requires_grad == b.requires_grad and same(a.numpy(force=True), b.numpy(force=True))
        )
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
    if isinstance(a, dict):
        return len(a) == len(b) and all(same(p, q) for p, q in zip(a.items(), b.items(), strict=True))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return repr(a) == repr(b)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**80),
        1.5,
        0.1 + 0.2,
        5e-324,
        float("nan"),
        float("-inf"),
        "text with ünïcode, \u0000 and \ud800",
        b"\x00\xff",
        [],
        (),
        {},
        [1, [2, (3, [None])]],
        {"a": {"b": {"c": [1]}}, "tensor": 1, "dict": 2},
        {1: "int", "1": "str", 2.5: "float", None: 0, True + 1: 0, (1, "x"): "tuple"},
        OrderedDict([("z", 1), ("a", 2)]),
        frozenset({"a"}),
        np.float32(0.1),
        np.float64("inf"),
        np.int64(3),
        np.bool_(True),
        tg.float16,
        tg.device("cpu"),
        np.arange(6, dtype=np.int16).reshape(2, 3),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_plain_values(value):
    assert same(round_trip(value), value)
    assert same(round_trip({"x": [value]}), {"x": [value]})


def test_sets():
    assert round_trip({"s": {3, 1, 2}}) == {"s": {1, 2, 3}}


def test_a_checkpoint_as_training_programs_write_it(tmp_path):
    weight = tg.rand(4, 3, requires_grad=True)
    checkpoint = {
        "epoch": 12,
        "best": np.float64(0.987),
        "model": OrderedDict([("fc.weight", weight), ("fc.bias", tg.zeros(4))]),
        "optimizer": {
            "state": {0: {"step": tg.tensor(5), "exp_avg": tg.rand(4, 3)}, 1: {}},
            "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "amsgrad": False, "params": [0, 1]}],
        },
        "history": [(0.5, 0.25), (0.75, None)],
    }
    save(checkpoint, tmp_path / "checkpoint.pt")
    assert same(load(tmp_path / "checkpoint.pt"), checkpoint)
    names = safetensors_numpy.load_file(tmp_path / "checkpoint.pt").keys()
    assert names == {"model.fc.weight", "model.fc.bias", "optimizer.state.0.step", "optimizer.state.0.exp_avg"}


def test_a_state_dict_is_a_safetensors_file_of_the_same_names(tmp_path):
    state = OrderedDict([("z.weight", tg.rand(2, 3)), ("a.bias", tg.zeros(2))])
    save(state, tmp_path / "model.pt")
    assert same(load(tmp_path / "model.pt"), state)
    assert set(load_file(tmp_path / "model.pt")) == set(state)


def test_any_safetensors_file_is_a_dict_of_its_tensors(tmp_path):
    save_file({"x": tg.ones(2)}, tmp_path / "x", {"format": "pt"})
    assert load(tmp_path / "x")["x"].tolist() == [1.0, 1.0]


def test_one_tensor_alone():
    assert same(round_trip(tg.arange(3)), tg.arange(3))


def test_a_tensor_that_occurs_twice_is_written_once(tmp_path):
    x = tg.rand(1000)
    save({"encoder": x, "decoder": x}, tmp_path / "tied")
    back = load(tmp_path / "tied")
    assert back["encoder"] is back["decoder"]
    assert (tmp_path / "tied").stat().st_size < 6000


def test_names_that_collide():
    value = {"a": {"b": tg.zeros(1)}, "a.b": tg.ones(1), "__metadata__": tg.ones(2)}
    assert same(round_trip(value), value)


def test_one_list_in_two_places_is_no_cycle():
    shared = [1]
    assert round_trip([shared, shared]) == [[1], [1]]


def test_gradients_are_wanted_again_but_graphs_are_not_written():
    x = tg.ones(2, requires_grad=True)
    back = round_trip([x, x * 2])
    assert back[0].requires_grad
    assert back[0].is_leaf
    assert not back[1].requires_grad


def test_map_location():
    for place in (None, "cpu", tg.device("cpu"), {"cuda:0": "cpu"}, lambda storage, place: storage):
        assert str(round_trip({"x": tg.ones(1)}, map_location=place)["x"].device) == "cpu"
    with pytest.raises(RuntimeError, match="cuda:3"):
        round_trip({"x": tg.ones(1)}, map_location="cuda:3")


def test_pytorchs_keywords(tmp_path):
    save(obj={"x": 1}, f=tmp_path / "x")
    assert load(f=tmp_path / "x", map_location="cpu", weights_only=False) == {"x": 1}


class Network:
    def state_dict(self):
        return {}


class Options:
    def __init__(self):
        self.lr = 1

    def __getstate__(self):
        return {}


def cycle():
    value = [1]
    value.append({"again": value})
    return value


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (
            Network(),
            TypeError,
            r"the object is of type .*Network, which is not written whole; save its .state_dict\(\)",
        ),
        ({"net": [Network()]}, TypeError, r"the object\['net'\]\[0\] is of type .*Network"),
        ({"args": Options()}, TypeError, r"\['args'\] is of type .*Options, .*for example vars\(...\)"),
        (Counter("a"), TypeError, r"collections.Counter, which would come back as another type; convert it with dict"),
        ([Point(1, 2)], TypeError, r"the object\[0\] is of type .*Point, .* convert it with tuple\(...\)"),
        (lambda: 0, TypeError, "is of type builtins.function, which is not written; tensors, arrays"),
        (1j, TypeError, "builtins.complex, which is not written"),
        ({"x": np.array([None])}, TypeError, r"the object\['x'\] is of type numpy.ndarray, which is not written"),
        (cycle(), ValueError, r"the object\[1\]\['again'\] contains itself, and can't be written"),
    ],
)
def test_what_can_not_be_written(value, error, message, tmp_path):
    with pytest.raises(error, match=f"^save(_file)?: .*{message}"):
        save(value, tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_pytorchs_tensors_are_refused_with_the_fix():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"torch.Tensor, of PyTorch; convert it with .numpy\(\)"):
        save({"x": torch.ones(1)}, io.BytesIO())


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        ("{oh", "the file's structure can't be read; load_file reads its tensors"),
        ("[1]", "the file's structure can't be read"),
        (
            json.dumps({"version": 2, "object": 1}),
            "version 2 of the format, and this tinygrad_cnn reads version 1; update",
        ),
        (json.dumps({"version": 1, "object": {"tensor": "y"}}), "holds {'tensor': 'y'}, which can't be read"),
        (
            json.dumps({"version": 1, "object": [{"dict": [[1, {"eval": "1"}]]}]}),
            "holds {'eval': '1'}, which can't be read",
        ),
        (json.dumps({"version": 1, "object": {}}), "holds {}, which can't be read"),
        (json.dumps({"version": 1, "object": {"dtype": "object"}}), "holds {'dtype': 'object'}"),
    ],
)
def test_damaged_structures(structure, message, tmp_path):
    save_file({"x": tg.ones(1)}, tmp_path / "x", {"tinygrad_cnn": structure})
    with pytest.raises(ValueError, match=f"^load: .*{message}"):
        load(tmp_path / "x")


def test_loading_what_was_saved_here_never_unpickles(monkeypatch, tmp_path):
    import pickle

    def refuse(*_, **__):
        raise AssertionError("pickle was used")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    save({"x": [tg.ones(2), {"y": np.float32(1)}]}, tmp_path / "x")
    load(tmp_path / "x")
