"""Names that are found elsewhere, and why others are not here."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.elsewhere import LAYERS


def test_functions_of_layers_are_found_at_the_top() -> None:
    found = [name for name in sorted(LAYERS) if hasattr(tg.nn.functional, name)]
    assert len(found) > 20
    for name in found:
        assert getattr(tg, name) is getattr(tg.nn.functional, name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("complex64", "tensors hold real numbers here; there are no complex ones"),
        ("sparse_coo_tensor", "tensors are dense here; there are no sparse, nested or masked ones"),
        ("quantize_per_tensor", "there is no quantisation here"),
        ("float8_e4m3fn", "there are the dtypes bool, uint8"),
        ("xpu", "there are the devices cpu and cuda"),
    ],
)
def test_what_makes_no_sense_here_says_why(name: str, reason: str) -> None:
    assert not hasattr(tg, name)
    with pytest.raises(AttributeError, match=f"has no attribute '{name}': {reason}"):
        getattr(tg, name)


def test_a_misspelled_name_is_only_missing() -> None:
    with pytest.raises(AttributeError, match=r"has no attribute 'zeroes'$"):
        tg.zeroes  # noqa: B018
