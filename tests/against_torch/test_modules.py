"""The state, the hooks and the wrappers of modules, beside PyTorch's."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg

torch = pytest.importorskip("torch")
LIBS = pytest.mark.parametrize("lib", [tg, torch], ids=["ours", "torch"])


@LIBS
def test_data_parallel_is_the_module(lib: Any) -> None:
    inner = lib.nn.Linear(2, 3)
    model = lib.nn.DataParallel(inner)
    x = lib.ones(4, 2)
    np.testing.assert_allclose(model(x).detach().numpy(), inner(x).detach().numpy())
    assert list(model.state_dict()) == ["module.weight", "module.bias"]
    assert model.module is inner
    model.load_state_dict({"module.weight": lib.zeros(3, 2), "module.bias": lib.ones(3)})
    assert inner(x).sum().item() == 12


@LIBS
def test_hooks_of_the_state(lib: Any) -> None:
    model = lib.nn.Sequential(lib.nn.Linear(2, 3))
    calls: list[Any] = []
    model[0].register_state_dict_pre_hook(lambda module, prefix, keep_vars: calls.append(("pre", prefix, keep_vars)))
    handle = model[0].register_state_dict_post_hook(
        lambda module, state, prefix, metadata: state.update({prefix + "more": state.pop(prefix + "bias")})
    )
    state = model.state_dict()
    assert list(state) == ["0.weight", "0.more"]
    handle.remove()

    def rename(module: Any, state: Any, prefix: str, *rest: Any) -> None:
        calls.append((type(module).__name__, prefix, len(rest)))
        state[prefix + "bias"] = state.pop(prefix + "more")

    model[0].register_load_state_dict_pre_hook(rename)
    model.register_load_state_dict_post_hook(lambda module, keys: calls.append((keys.missing_keys.copy(), "post")))
    assert list(model.load_state_dict(state)) == [[], []]
    assert list(state) == ["0.weight", "0.more"]
    assert calls == [("pre", "0.", False), ("Linear", "0.", 5), ([], "post")]
    model.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    model.load_state_dict({"0.more": lib.zeros(3)})


@LIBS
def test_extra_state(lib: Any) -> None:
    class Counting(lib.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.count = 3

        def forward(self, x: Any) -> Any:
            return x

        def get_extra_state(self) -> Any:
            return {"count": self.count}

        def set_extra_state(self, state: Any) -> None:
            self.count = state["count"]

    model = lib.nn.Sequential(Counting())
    state = model.state_dict()
    assert state == {"0._extra_state": {"count": 3}}
    model[0].count = 5
    model.load_state_dict(state)
    assert model[0].count == 3
    with pytest.raises(RuntimeError, match="_extra_state"):
        model.load_state_dict({})
    with pytest.raises(RuntimeError):
        lib.nn.Linear(1, 1).get_extra_state()


@LIBS
def test_putting_a_submodule(lib: Any) -> None:
    model = lib.nn.Sequential(lib.nn.Sequential(lib.nn.Linear(2, 3)))
    model.set_submodule("0.0", lib.nn.Linear(2, 5))
    assert model(lib.ones(1, 2)).shape == (1, 5)
    model.set_submodule("0.1", lib.nn.ReLU())
    assert len(model[0]) == 2
    with pytest.raises(AttributeError):
        model.set_submodule("1.0", lib.nn.ReLU())
    with pytest.raises(AttributeError):
        model.set_submodule("0.7", lib.nn.ReLU(), strict=True)
    with pytest.raises(ValueError, match=r"empty|without a target"):
        model.set_submodule("", lib.nn.ReLU())
    assert model.share_memory() is model


def test_other_devices_are_refused() -> None:
    model = tg.nn.Linear(2, 3)
    with pytest.raises(ValueError, match=r"nn.parallel.scatter: this engine runs on one device; got 2"):
        tg.nn.parallel.scatter(tg.ones(4), [0, 1])
    with pytest.raises(TypeError, match="DataParallel: expected a Module; got int"):
        tg.nn.DataParallel(3)  # type: ignore[arg-type]
    assert tg.nn.parallel.data_parallel(model, tg.ones(4, 2)).shape == (4, 3)
    with pytest.raises(ValueError, match=r"there is no process group; call init_process_group first"):
        tg.nn.parallel.DistributedDataParallel(model, [0], find_unused_parameters=True)
