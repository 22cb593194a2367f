"""Inside a layer, a message ends with the layer's path; and what else is to be said about messages."""

from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tinygrad_cnn import autograd
from tinygrad_cnn.autograd.modes import module_scope

image, kernel, x = tg.ones(2, 3, 8, 8), tg.ones(4, 3, 3, 3), tg.ones(2, 3)

INSIDE: dict[str, Callable[[], Any]] = {
    "conv2d": lambda: F.conv2d(image[:, :2], kernel),
    "conv2d window": lambda: F.conv2d(image[..., :2, :2], kernel),
    "conv2d dtype": lambda: F.conv2d(image.double(), kernel),
    "linear": lambda: F.linear(x, tg.ones(5, 4)),
    "max_pool2d": lambda: F.max_pool2d(x, 2),
    "max_pool2d window": lambda: F.max_pool2d(image, 9),
    "avg_pool2d window": lambda: F.avg_pool2d(image, 9),
    "batch_norm": lambda: F.batch_norm(image, None, None),
    "dropout": lambda: F.dropout(x, 2),
    "cross_entropy": lambda: F.cross_entropy(x, tg.tensor([0, 3])),
    "add": lambda: x + tg.ones(2),
    "matmul": lambda: x @ x,
    "reshape": lambda: x.reshape(5),
    "cat": lambda: tg.cat([x, image]),
    "softmax": lambda: x.softmax(4),
}


@pytest.mark.parametrize("name", INSIDE)
def test_a_message_says_where(name: str) -> None:
    with module_scope("features.3"), pytest.raises((ValueError, TypeError, IndexError), match=r" \[in features\.3\]$"):
        INSIDE[name]()
    with pytest.raises((ValueError, TypeError, IndexError)) as caught:
        INSIDE[name]()
    assert "[in" not in str(caught.value)
    assert str(caught.value).startswith(f"{name.split(maxsplit=1)[0]}: ")


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match=r"module 'tinygrad_cnn\.autograd' has no attribute 'nonsense'"):
        _ = autograd.nonsense


def test_print_options() -> None:
    with pytest.raises(ValueError, match="set_printoptions: profile must be one of default, short, full; got 'long'"):
        tg.set_printoptions(profile="long")


def test_errors_are_what_users_of_numpy_and_of_pytorch_catch() -> None:
    for error in (ValueError, RuntimeError):
        with pytest.raises(error):
            x + tg.ones(2)
    for error in (TypeError, RuntimeError):
        with pytest.raises(error):
            tg.tensor([1]).mean()
    for error in (IndexError, ValueError):
        with pytest.raises(error):
            x.sum(5)
