"""Computed weights and fused layers, beside PyTorch's."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")


def layers(lib: Any, kind: str) -> Any:
    return lib.nn.Linear(5, 4) if kind == "linear" else lib.nn.Conv2d(3, 4, 3)


def values(kind: str) -> Any:
    rng = np.random.default_rng(1)
    return rng.standard_normal((2, 5) if kind == "linear" else (2, 3, 6, 6)).astype("float32")


def run(lib: Any, layer: Any, kind: str, times: int = 3) -> list[Any]:
    """Outputs of several calls, and the gradients of the last."""
    found = []
    for _ in range(times):
        layer.zero_grad()
        out = layer(lib.tensor(values(kind)))
        (out * out).sum().backward()
        found.append(out.detach().numpy())
    gradients = {name: p.grad.numpy() for name, p in layer.named_parameters()}
    return [*found, *(gradients[name] for name in sorted(gradients))]


def same_values(layer: Any, other: Any) -> None:
    assert set(layer.state_dict()) == set(other.state_dict())
    state = {name: tg.tensor(value.numpy()) for name, value in other.state_dict().items()}
    assert list(layer.load_state_dict(state)) == [[], []]


@pytest.mark.parametrize("kind", ["linear", "conv"])
@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm"])
@pytest.mark.parametrize("option", [None, {"dim": 1}, {"extra": True}])
def test_computed_weights(kind: str, name: str, option: Any) -> None:
    if option and option.get("extra"):
        option = {"dim": None} if name == "weight_norm" else {"n_power_iterations": 3}
    ours, theirs = layers(tg, kind), layers(torch, kind)
    getattr(tg.nn.utils, name)(ours, **(option or {}))
    getattr(torch.nn.utils, name)(theirs, **(option or {}))
    same_values(ours, theirs)
    for a, b in zip(run(tg, ours, kind), run(torch, theirs, kind), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)
    ours.eval()
    theirs.eval()
    for a, b in zip(run(tg, ours, kind, 1), run(torch, theirs, kind, 1), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)
    before = ours(tg.tensor(values(kind))).detach().numpy()
    getattr(tg.nn.utils, f"remove_{name}")(ours)
    assert set(ours.state_dict()) == {"weight", "bias"}
    np.testing.assert_allclose(ours(tg.tensor(values(kind))).detach().numpy(), before, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=f"remove_{name}: 'weight' of {type(ours).__name__} is not computed by {name}"):
        getattr(tg.nn.utils, f"remove_{name}")(ours)
    with pytest.raises(RuntimeError, match=f"{name}: {type(ours).__name__} has no parameter 'kernel'"):
        getattr(tg.nn.utils, name)(ours, "kernel")


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("affine", [False, True])
def test_fused_batch_norm(bias: bool, affine: bool) -> None:
    conv, bn = tg.nn.Conv2d(3, 4, 3, bias=bias), tg.nn.BatchNorm2d(4, affine=affine)
    x = tg.tensor(values("conv"))
    for _ in range(3):
        bn(conv(x))
    if affine:
        tg.nn.init.normal_(bn.weight)
        tg.nn.init.normal_(bn.bias)
    with pytest.raises(RuntimeError, match="both layers must be in evaluation"):
        tg.nn.utils.fuse_conv_bn_eval(conv, bn)
    fused = tg.nn.utils.fuse_conv_bn_eval(conv.eval(), bn.eval())
    expected = bn(conv(x)).detach().numpy()
    np.testing.assert_allclose(fused(x).detach().numpy(), expected, rtol=1e-4, atol=1e-5)
    assert (conv.bias is not None) == bias
