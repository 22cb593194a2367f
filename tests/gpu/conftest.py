"""A real CUDA device, in full float32."""

from collections.abc import Iterator
from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.backend import get_backend


@pytest.fixture
def device() -> Iterator[Any]:
    if reason := tg.cuda.why_not():
        pytest.skip(reason)
    with tg.backends.cudnn.flags(allow_tf32=False):
        yield get_backend("cuda:0")
