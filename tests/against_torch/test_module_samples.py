"""PyTorch's own samples of all its modules: outputs, buffers, gradients with the same weights, and what it refuses."""

from typing import Any

import pytest

from tests.against_torch.modules import modules, ours, tally, torch, wrong_errors

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")

CASES = [pytest.param(ours(name), info, id=name) for name, info in modules()]

# What PyTorch refuses and we do not, by module; each says why.
ACCEPTED = {
    "NLLLoss": "an empty weight of float16",
}


def test_every_module_is_here() -> None:
    assert len(CASES) > 110
    assert [case.id for case in CASES if case.values[0] is None] == []


@pytest.mark.parametrize(("cls", "info"), CASES)
def test_samples(cls: Any, info: Any) -> None:
    """A few of each module's samples here; `python -m tests.against_torch.modules` takes all of them."""
    large = info.name.startswith("nn.Transformer") or info.name in (
        "nn.MultiheadAttention",
        "nn.LSTM",
        "nn.GRU",
        "nn.RNN",
    )
    good, count, first = tally(cls, info, torch.float64, cap=2 if large else 6, order=1 if large else 2)
    assert good == count, first
    good, count, first = tally(cls, info, torch.float32, cap=2, order=1)
    assert good == count, first


@pytest.mark.parametrize(("cls", "info"), [case for case in CASES if case.id not in ACCEPTED])
def test_what_pytorch_refuses_is_refused(cls: Any, info: Any) -> None:
    assert wrong_errors(cls, info) == []
