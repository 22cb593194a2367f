"""Without a CUDA backend, programs that ask for one go on on the CPU, and those that insist are told."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.backend import cpu


def test_there_is_none() -> None:
    assert not tg.cuda.is_available()
    assert tg.cuda.device_count() == 0


def test_seeding_leaves_the_cpu_alone() -> None:
    before = cpu.rng.get_state()
    tg.cuda.manual_seed_all(3)
    assert cpu.rng.get_state() == before


@pytest.mark.parametrize(
    "ask", [lambda: tg.ones(2).cuda(), lambda: tg.zeros(2, device="cuda"), lambda: tg.nn.ReLU().cuda()]
)
def test_who_insists_is_told(ask: object) -> None:
    with pytest.raises(RuntimeError, match="device 'cuda' is not available; available: cpu"):
        ask()  # type: ignore[operator]
