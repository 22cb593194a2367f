"""The whole table of operations on a CUDA device that is not there, against the CPU."""

from typing import Any

import numpy as np
import pytest

import tests.linalg_op_samples
import tests.network_op_samples
import tests.recurrent_op_samples
import tests.surface_op_samples  # noqa: F401 - all add rows to the table
from tests.device_agreement import check
from tests.op_samples import SAMPLES
from tests.samples import Case, Row

CALLS = [pytest.param(row, case, id=f"{name}-{i}") for name, row in SAMPLES.items() for i, case in enumerate(row.cases)]
IMAGES = [p for p in CALLS if any(np.ndim(arg) == 4 for arg in p.values[1].args)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("row", "case"), CALLS)
def test_it_agrees_with_the_cpu(device: Any, row: Row, case: Case) -> None:
    check(row, case, device, "float64")


@pytest.mark.parametrize(("row", "case"), IMAGES)
def test_channels_last(device: Any, row: Row, case: Case) -> None:
    check(row, case, device, "float32", "channels last")
