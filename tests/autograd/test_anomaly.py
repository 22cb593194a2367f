"""detect_anomaly: where NaN and infinity first appear, and which line of the program that is."""

from inspect import currentframe
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.autograd import Function, detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from tinygrad_cnn.errors import GraphError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def line_above() -> str:
    """This file and the line before the caller's."""
    frame = currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return f"{Path(__file__).name}:{frame.f_back.f_lineno - 1}"


class Logarithm(nn.Module):
    def forward(self, x: Any) -> Any:
        x = x.log() if x.sum() == 0 else x
        return x, line_above()


def test_forward_names_operation_line_and_module() -> None:
    model = nn.Sequential(nn.Identity(), Logarithm())
    with detect_anomaly(), pytest.raises(RuntimeError, match="detect_anomaly: log at") as caught:
        model(tg.zeros(2))
    message = str(caught.value)
    assert f"{model(tg.ones(2))[1]} gave infinite values; its inputs have finite values only" in message
    assert message.endswith("[in 1]")


def test_forward_finds_the_first() -> None:
    with detect_anomaly():
        with pytest.raises(RuntimeError, match=r"sqrt at .* gave NaN; its inputs have finite"):
            tg.tensor([-1.0]).sqrt()
        with pytest.raises(RuntimeError, match=r"sub at .* gave NaN; its inputs have infinite values"):
            tg.tensor([np.inf]) - np.inf
        assert tg.tensor([np.nan]).exp().isnan().all()  # it came from outside
        assert tg.ones(2).masked_fill(tg.tensor([True, False]), -np.inf)[0] == -np.inf  # so it was asked for
        assert (tg.ones(2) * 2).tolist() == [2, 2]


def test_backward_names_operation_line_and_module() -> None:
    x = tg.zeros(2, requires_grad=True)
    for create_graph in (False, True):
        with detect_anomaly():
            root = x.sqrt()
            line = line_above()
            with pytest.raises(RuntimeError, match="detect_anomaly: backward of sqrt at") as caught:
                root.sum().backward(create_graph=create_graph)
        assert line in str(caught.value)
        assert "gave infinite values; the gradient of its output has finite values only" in str(caught.value)


def test_backward_of_a_function() -> None:
    class Bad(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * np.nan

    with detect_anomaly(), pytest.raises(RuntimeError, match=r"backward of Bad at .*test_anomaly.* gave NaN"):
        Bad.apply(tg.ones(1, requires_grad=True)).backward()


def test_backward_of_a_function_with_several_outputs() -> None:
    class Two(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1, x * 2

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            return g + h

    x = tg.ones(2, requires_grad=True)
    for create_graph in (False, True):
        with detect_anomaly():
            a, b = Two.apply(x)
            (a.sum() + b.sum()).backward(create_graph=create_graph)
            a, _ = Two.apply(x)
            a.backward(tg.tensor([np.nan, 1]), create_graph=create_graph)  # it came from outside
            root = (Two.apply(x)[0] * 0).sqrt()
            with pytest.raises(RuntimeError, match=r"detect_anomaly: backward of sqrt at .* gave infinite values"):
                root.sum().backward(create_graph=create_graph)


def test_in_place_and_in_checkpoints() -> None:
    with detect_anomaly():
        with pytest.raises(RuntimeError, match=r"detect_anomaly: log at .*test_anomaly.* gave infinite values"):
            (tg.zeros(2, requires_grad=True) * 1).log_()
        x = tg.zeros(2, requires_grad=True)
        root = tg.utils.checkpoint.checkpoint(lambda x: x.sqrt(), x)
        with pytest.raises(RuntimeError, match=r"backward of sqrt at .*test_anomaly.* gave infinite values"):
            root.sum().backward()


def test_lines_alone() -> None:
    x = tg.zeros(1, requires_grad=True)
    with detect_anomaly(check_nan=False):
        y = x.sqrt()
        line = line_above()
        y.backward()
    assert y.grad_fn.source.endswith(line)
    with pytest.raises(GraphError, match=rf"saved by sqrt at .*{line} were freed"):
        y.backward()


def test_switched_off_nothing_is_kept() -> None:
    assert not is_anomaly_enabled()
    assert (tg.ones(1, requires_grad=True) * 2).grad_fn.source is None
    tg.zeros(1).log()


def test_switches() -> None:
    try:
        set_detect_anomaly(True)
        assert is_anomaly_enabled()
        with set_detect_anomaly(False):
            assert not is_anomaly_enabled()
        assert is_anomaly_enabled()
    finally:
        set_detect_anomaly(False)
    assert not is_anomaly_enabled()

    @detect_anomaly()
    def inside() -> bool:
        return is_anomaly_enabled() and tg.is_grad_enabled()

    assert inside()
    assert not is_anomaly_enabled()
