"""Every layer of the tests against PyTorch on a CUDA device that is not there, against the CPU."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.device_agreement import check_layer

pytest.importorskip("torch", reason="the list of layers is that of the comparison with PyTorch")

from tests.nn.test_against_torch import LAYERS


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize(("make", "shape"), [pair for pair in LAYERS if pair[1]])
def test_it_agrees_with_the_cpu(device: Any, make: Callable[[Any], Any], shape: tuple[int, ...]) -> None:
    check_layer(make, shape, device, "float64")
