"""The steps of the optimizers, against the formulas of their papers on single numbers."""

import math

import numpy as np
import pytest

from tinygrad_cnn.backend import cpu


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize(("momentum", "dampening"), [(0.0, 0.0), (0.9, 0.0), (0.9, 0.25)])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_sgd(nesterov: bool, momentum: float, dampening: float, weight_decay: float) -> None:
    p, buffer = np.array([1.5, -2.0]), np.array([0.3, 0.1]) if momentum else None
    expected_p, expected_buffer = p.tolist(), [0.3, 0.1]
    for g in ([0.2, -1.0], [0.7, 0.4]):
        for i in range(2):
            slope = g[i] + weight_decay * expected_p[i]
            if momentum:
                expected_buffer[i] = momentum * expected_buffer[i] + (1 - dampening) * slope
                slope = slope + momentum * expected_buffer[i] if nesterov else expected_buffer[i]
            expected_p[i] -= 0.1 * slope
        gradient = np.array(g)
        cpu.sgd_step(
            *(p, gradient, buffer),
            lr=0.1,
            momentum=momentum,
            dampening=dampening,
            nesterov=nesterov,
            weight_decay=weight_decay,
        )
        assert gradient.tolist() == g
    assert p == pytest.approx(expected_p)
    if momentum:
        assert buffer == pytest.approx(expected_buffer)


@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize(("weight_decay", "decoupled"), [(0.0, False), (0.1, False), (0.1, True)])
def test_adam(amsgrad: bool, weight_decay: float, decoupled: bool) -> None:
    p, mean, square = np.array([1.5]), np.zeros(1), np.zeros(1)
    largest = np.zeros(1) if amsgrad else None
    value, m, v, most = 1.5, 0.0, 0.0, 0.0
    for step, g in enumerate((2.0, 0.1, -0.3), start=1):
        slope = g + (0 if decoupled else weight_decay * value)
        value *= 1 - 0.1 * weight_decay if decoupled else 1
        m, v = 0.8 * m + 0.2 * slope, 0.9 * v + 0.1 * slope**2
        most = max(most, v)
        unbiased = (most if amsgrad else v) / (1 - 0.9**step)
        value -= 0.1 * m / (1 - 0.8**step) / (math.sqrt(unbiased) + 1e-3)
        cpu.adam_step(
            *(p, np.array([g]), mean, square, largest),
            step=step,
            lr=0.1,
            beta1=0.8,
            beta2=0.9,
            eps=1e-3,
            weight_decay=weight_decay,
            decoupled=decoupled,
        )
    assert p[0] == pytest.approx(value)


def test_steps_keep_float32() -> None:
    p = np.ones(2, dtype="float32")
    cpu.sgd_step(
        *(p, np.ones(2, dtype="float32"), None),
        lr=0.1,
        momentum=0,
        dampening=0,
        nesterov=False,
        weight_decay=0.1,
    )
    assert p.dtype == "float32"
