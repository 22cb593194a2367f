"""One compiled step of an optimizer against the reference in float64: to 1e-6 of the largest value."""

from typing import Any

import numpy as np
import pytest

from tests.backend.test_kernels import reference
from tinygrad_cnn.backend import Backend, Kept

pytest.importorskip("numba")

from tests.backend.test_numba_kernels import close, images, wide

SIZES = [(1,), (37, 3), (0,), (50_001,)]


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("options", [(0.0, 0.0, False, 0.0), (0.9, 0.25, False, 0.1), (0.9, 0.0, True, 0.0)])
def test_sgd(numba: Backend, shape: tuple[int, ...], options: tuple[float, float, bool, float]) -> None:
    momentum, dampening, nesterov, decay = options
    named = {"lr": 0.1, "momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
    rng = np.random.default_rng(0)
    p, g, buffer = (rng.standard_normal(shape).astype("float32") for _ in range(3))
    exact = wide(p, g, buffer)
    numba.sgd_steps([p], [g], [buffer] if momentum else None, dampenings=[dampening], kept=Kept(), **named)
    reference.sgd_step(*exact[:2], exact[2] if momentum else None, dampening=dampening, **named)
    for ours, theirs in zip((p, g, buffer), exact, strict=True):
        close(ours, theirs, 1e-6)


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("decay", [(0.0, False), (0.1, False), (0.1, True)])
@pytest.mark.parametrize("amsgrad", [False, True])
def test_adam(numba: Backend, shape: tuple[int, ...], decay: tuple[float, bool], amsgrad: bool) -> None:
    rng = np.random.default_rng(0)
    p, g, mean = (rng.standard_normal(shape).astype("float32") for _ in range(3))
    square, largest = mean**2, mean**2 + 1
    exact = wide(p, g, mean, square, largest)
    options = {"lr": 0.1, "beta1": 0.8, "beta2": 0.99, "eps": 1e-3, "weight_decay": decay[0], "decoupled": decay[1]}
    numba.adam_steps([p], [g], [mean], [square], [largest] if amsgrad else None, steps=[3], kept=Kept(), **options)
    reference.adam_step(*exact[:4], exact[4] if amsgrad else None, step=3, **options)
    for ours, theirs in zip((p, g, mean, square, largest), exact, strict=True):
        close(ours, theirs, 1e-6)


def test_steps_of_parameters_in_any_order(numba: Backend) -> None:
    """Channels-last kernels, a gradient in another order than its parameter, and one of float64."""
    last = lambda seed: images(8, 3, 3, 3, seed=seed)  # noqa: E731
    for g in (last(1), images(8, 3, 3, 3, order="channels first", seed=1), last(1).astype("float64")):
        p = last(0)
        exact = wide(p, g)
        options: dict[str, Any] = {"lr": 0.1, "momentum": 0, "nesterov": False, "weight_decay": 0}
        numba.sgd_steps([p], [g], None, dampenings=[0], kept=Kept(), **options)
        reference.sgd_step(*exact, None, dampening=0, **options)
        close(p, exact[0], 1e-6)
