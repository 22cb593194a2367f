"""What the examples in docstrings take for granted: `tg` is this package, `nn` and `F` are its parts, `np` is NumPy."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg


@pytest.fixture(autouse=True)
def _names_in_examples(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace.update(tg=tg, nn=tg.nn, F=tg.nn.functional, np=np)
