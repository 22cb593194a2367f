"""The seed that the random numbers started from."""

import subprocess
import sys

import pytest

import tinygrad_cnn as tg


def test_the_seed_before_any_seeding() -> None:
    """It is real: seeding with it gives the same numbers again; and each process has its own."""
    code = (
        "import tinygrad_cnn as tg; a = tg.rand(3); s = tg.initial_seed(); tg.manual_seed(s); "
        "assert (tg.rand(3) == a).all(); print(s)"
    )
    seeds = {subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout for _ in range(2)}
    assert len(seeds) == 2


@pytest.mark.parametrize("source", [tg.Generator(), tg.default_generator])
def test_the_seed_of_a_generator(source: tg.Generator) -> None:
    if source is tg.default_generator:
        assert tg.seed() == tg.initial_seed()
    first = tg.rand(3, generator=source)
    assert 0 <= source.initial_seed() < 2**64
    source.manual_seed(source.initial_seed())
    assert (tg.rand(3, generator=source) == first).all()
