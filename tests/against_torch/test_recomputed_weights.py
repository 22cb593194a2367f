"""Weights that are computed: parametrizations and pruning, and packed sequences, as PyTorch's with the same weights."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.against_torch.operators import moved
from tinygrad_cnn import nn
from tinygrad_cnn.nn.utils import parametrizations, parametrize, prune, rnn

torch = pytest.importorskip("torch")
torch_prune = pytest.importorskip("torch.nn.utils.prune")


def same_layer(ours: Any, theirs: Any, shape: tuple[int, ...], calls: int = 2) -> None:
    """The same keys, and after loading the same outputs, gradients and state."""
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({key: moved(value) for key, value in theirs.state_dict().items()})
    x = np.random.default_rng(0).standard_normal(shape).astype("float32")
    for _ in range(calls):
        a, b = ours(tg.tensor(x)), theirs(torch.tensor(x))
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)
        a.square().sum().backward()
        b.square().sum().backward()
    for (name, p), (_, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-4, atol=1e-5, err_msg=name)
    for key, value in ours.state_dict().items():
        np.testing.assert_allclose(value.numpy(), theirs.state_dict()[key].numpy(), rtol=1e-5, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm(dim: int | None) -> None:
    same_layer(
        parametrizations.weight_norm(nn.Conv2d(3, 4, 2), dim=dim),
        torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv2d(3, 4, 2), dim=dim),
        (2, 3, 5, 5),
    )


@pytest.mark.parametrize("training", [True, False])
def test_spectral_norm(training: bool) -> None:
    same_layer(
        parametrizations.spectral_norm(nn.Linear(5, 3)).train(training),
        torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(5, 3)).train(training),
        (2, 5),
    )


class Doubled(nn.Module):
    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return x * 2

    def right_inverse(self, x: tg.Tensor) -> tg.Tensor:
        return x / 2


def test_parametrizations_stack_and_go() -> None:
    layer = nn.Linear(3, 2)
    before = layer.weight.tolist()
    parametrize.register_parametrization(layer, "weight", Doubled())
    parametrize.register_parametrization(layer, "weight", Doubled())
    assert type(layer).__name__ == "ParametrizedLinear"
    assert isinstance(layer, nn.Linear)
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    assert layer.weight.tolist() == before
    assert [name for name, _ in layer.named_parameters()] == ["bias", "parametrizations.weight.original"]
    layer.weight = tg.ones(2, 3)
    assert layer.parametrizations.weight.original.tolist() == [[0.25] * 3] * 2
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert layer.weight is not layer.weight
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear
    assert not parametrize.is_parametrized(layer)
    assert layer.weight.tolist() == [[1.0] * 3] * 2
    assert list(dict(layer.named_parameters())) == ["bias", "weight"]


def test_orthogonal_weights_stay_orthogonal() -> None:
    for shape in ((3, 5), (5, 3), (4, 4)):
        layer = parametrizations.orthogonal(nn.Linear(*shape))
        layer(tg.randn(2, shape[0])).square().sum().backward()
        with tg.no_grad():
            original = layer.parametrizations.weight.original
            original -= 0.1 * original.grad
        weight = layer.weight.detach()
        product = weight @ weight.T if shape[0] >= shape[1] else weight.T @ weight
        np.testing.assert_allclose(product.numpy(), np.eye(min(shape)), atol=1e-5)


PRUNINGS: list[tuple[str, dict[str, Any]]] = [
    ("l1_unstructured", {"amount": 0.3}),
    ("l1_unstructured", {"amount": 4}),
    ("ln_structured", {"amount": 1, "n": 2, "dim": 0}),
    ("ln_structured", {"amount": 0.5, "n": 1, "dim": 1}),
    ("identity", {}),
]


@pytest.mark.parametrize(("name", "options"), PRUNINGS)
def test_pruning(name: str, options: dict[str, Any]) -> None:
    ours, theirs = nn.Linear(6, 4), torch.nn.Linear(6, 4)
    ours.load_state_dict({key: moved(value) for key, value in theirs.state_dict().items()})
    for _ in range(2):  # the second time on top of the first
        getattr(prune, name)(ours, "weight", **options)
        getattr(torch_prune, name)(theirs, "weight", **options)
        np.testing.assert_array_equal(ours.weight_mask.numpy(), theirs.weight_mask.numpy())
    assert prune.is_pruned(nn.Sequential(ours))
    same_layer(ours, theirs, (2, 6))
    prune.remove(ours, "weight")
    assert sorted(ours.state_dict()) == ["bias", "weight"]
    assert not prune.is_pruned(ours)


def test_pruning_of_several_layers_at_once() -> None:
    ours, theirs = nn.Linear(6, 4), torch.nn.Linear(6, 4)
    ours.load_state_dict({key: moved(value) for key, value in theirs.state_dict().items()})
    pairs = [(layer, name) for layer in (ours, theirs) for name in ("weight", "bias")]
    prune.global_unstructured(pairs[:2], prune.L1Unstructured, amount=10)
    torch_prune.global_unstructured(pairs[2:], torch_prune.L1Unstructured, amount=10)
    for name in ("weight_mask", "bias_mask"):
        np.testing.assert_array_equal(getattr(ours, name).numpy(), getattr(theirs, name).numpy())
    random = prune.random_structured(prune.random_unstructured(nn.Linear(6, 4), "weight", 0.5), "weight", 1, 0)
    assert (random.weight_mask.sum(1) == 0).any()
    assert random(tg.ones(1, 6)).shape == (1, 4)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_packed_sequences(kind: str, bidirectional: bool) -> None:
    theirs = getattr(torch.nn, kind)(3, 4, 2, bidirectional=bidirectional, batch_first=True)
    ours = getattr(nn, kind)(3, 4, 2, bidirectional=bidirectional, batch_first=True)
    ours.load_state_dict({key: moved(value) for key, value in theirs.state_dict().items()})
    x, lengths = np.random.default_rng(0).standard_normal((4, 5, 3)).astype("float32"), [2, 5, 1, 4]
    results = []
    for lib, layer, tools in ((tg, ours, rnn), (torch, theirs, torch.nn.utils.rnn)):
        packed = tools.pack_padded_sequence(lib.tensor(x), lib.tensor(lengths), batch_first=True, enforce_sorted=False)
        out, state = layer(packed)
        padded, counts = tools.pad_packed_sequence(out, batch_first=True, padding_value=-1.0, total_length=6)
        state = state if isinstance(state, tuple) else (state,)
        assert counts.tolist() == lengths
        (padded.square().sum() + sum(part.sum() for part in state)).backward()
        results.append([padded, *state, *(p.grad for p in layer.parameters())])
        assert [len(part) for part in tools.unpack_sequence(out)] == lengths
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_padding_sequences() -> None:
    parts = [[1.0, 2.0, 3.0], [4.0]]
    for options in ({}, {"batch_first": True}, {"padding_value": 7.0}, {"padding_side": "left"}):
        a = rnn.pad_sequence([tg.tensor(p) for p in parts], **options)  # type: ignore[arg-type]
        b = torch.nn.utils.rnn.pad_sequence([torch.tensor(p) for p in parts], **options)
        assert a.tolist() == b.tolist()
    packed = rnn.pack_sequence([tg.tensor(p) for p in parts])
    assert packed.data.tolist() == [1, 4, 2, 3]
    assert packed.double().data.dtype == tg.float64
    assert packed.float().cpu().pin_memory().is_pinned() is False
    assert not packed.is_cuda
