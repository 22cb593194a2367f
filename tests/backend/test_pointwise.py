"""Activations, their gradients and sums per channel on both CPU backends against the reference in float64.

Bounds are in units of the last place of the exact result, for functions those at the head of `numba/pointwise.py`. A
gradient, whose formula subtracts, is bounded by 5e-7 of `g`: no derivative is much above 1. A sum is by 1e-6 of itself.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.backend.test_kernels import reference
from tinygrad_cnn import get_num_threads, set_num_threads
from tinygrad_cnn.backend import Backend, cpu

BACKENDS: list[Backend] = [cpu]
try:
    import numba  # noqa: F401
except ImportError:
    pass
else:
    from tinygrad_cnn.backend import _cpu_backends
    from tinygrad_cnn.backend.numba import compile, pointwise_methods, sum_methods

    BACKENDS.append(_cpu_backends["numba"])

    @pytest.fixture(autouse=True)
    def _small_arrays_too(monkeypatch: pytest.MonkeyPatch) -> None:
        """Kernels run for tiny arrays as well."""
        monkeypatch.setattr(pointwise_methods, "SMALL", 1)
        monkeypatch.setattr(sum_methods, "SMALL", 1)


FUNCTIONS: dict[str, tuple[tuple[Any, ...], float]] = {  # further arguments, bound
    "relu": ((), 0),
    "leaky_relu": ((np.float32(0.3),), 1),
    "elu": ((0.5,), 1.5),
    "sigmoid": ((), 3),
    "tanh": ((), 3),
    "silu": ((), 3),
    "hardtanh": ((-3.0, 6.0), 0),
    "hardsigmoid": ((), 2),
    "hardswish": ((), 3),
    "softplus": ((2.0,), 3),
}
OF_OUTPUT = ("relu", "sigmoid", "tanh")
GRADIENTS = [name for name in FUNCTIONS if name not in ("softplus", "hardsigmoid")]
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e-30, -1e-30, 80, -80], dtype="float32")


def units(found: Any, exact: Any) -> Any:
    """The largest error in units of the last place of the exact result, where that is no denormal number."""
    assert found.dtype == "float32"
    normal = np.abs(exact) > 1e-37
    wrong = np.abs(found - exact)[normal] / np.spacing(np.abs(exact[normal]).astype("float32"))
    return wrong.max(initial=0)


def points(seed: int = 0) -> Any:
    """Numbers of all sizes that matter: 20,000 up to 20, and as many close to 0."""
    values = np.random.default_rng(seed).uniform(-20, 20, 40_000).astype("float32")
    values[::2] *= np.float32(1e-2)
    return values


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: type(b).__name__)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(backend: Backend, name: str) -> None:
    (more, bound), x = FUNCTIONS[name], points()
    exact = getattr(reference, name)(x.astype("float64"), *map(float, more))
    if name in ("elu", "softplus") and backend is cpu:
        bound += 1  # as good as NumPy's functions
    assert units(getattr(backend, name)(x, *more), exact) <= max(bound, 4 if backend is cpu else 0)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: type(b).__name__)
@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(backend: Backend, name: str) -> None:
    more, x, g = FUNCTIONS[name][0], points() / 4, points(1)
    if name in OF_OUTPUT:
        x = getattr(reference, name)(x.astype("float64")).astype("float32")
    exact = getattr(reference, f"{name}_grad")(g.astype("float64"), x.astype("float64"), *map(float, more))
    found = getattr(backend, f"{name}_grad")(g, x, *more)
    assert (np.abs(found - exact) <= 5e-7 * np.abs(g)).all()
    assert found.dtype == "float32"


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: type(b).__name__)
def test_gelu(backend: Backend) -> None:
    """To 3e-7 of x, and relative to itself where Φ(x) is tiny: e^(−x²/2) takes the rounding of x² times that."""
    x, g = points(), points(1)
    found, exact = backend.gelu(x), reference.gelu(x.astype("float64"))
    assert found.dtype == "float32"
    assert (np.abs(found - exact) <= 3e-7 * np.minimum(np.abs(x), (4 + x * x) * np.abs(exact)) + 1e-37).all()
    back = reference.gelu_grad(g.astype("float64"), x.astype("float64"))
    assert (np.abs(backend.gelu_grad(g, x) - back) <= 1e-6 * np.abs(g)).all()


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: type(b).__name__)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_not_finite(backend: Backend, name: str) -> None:
    more = FUNCTIONS[name][0]
    with np.errstate(all="ignore"):
        exact = getattr(reference, name)(SPECIAL.astype("float64"), *map(float, more)).astype("float32")
        found = getattr(backend, name)(SPECIAL, *more)
        np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-37)
        if name in GRADIENTS:
            x = exact if name in OF_OUTPUT else SPECIAL
            for g in (np.full_like(x, 2), np.full_like(x, np.inf), np.full_like(x, np.nan)):
                exact_grad = getattr(reference, f"{name}_grad")(g.astype("float64"), x.astype("float64"), *more)
                found = getattr(backend, f"{name}_grad")(g, x, *more)
                np.testing.assert_allclose(found, exact_grad, rtol=1e-5, atol=1e-37)


def laid(x: Any, layout: str) -> Any:
    """Equal values that lie otherwise in memory."""
    if layout == "channels last" and x.ndim > 2:
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    if layout == "transposed" and x.ndim:
        return np.asfortranarray(x)
    if layout == "strided" and x.ndim:
        return np.repeat(x, 2, axis=-1)[..., ::2]
    return x[::-1].copy()[::-1] if layout == "reversed" and x.ndim else x


LAYOUTS = st.sampled_from(["plain", "channels last", "transposed", "strided", "reversed"])


@settings(max_examples=60)
@given(
    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6),
    layouts=st.tuples(LAYOUTS, LAYOUTS),
    dtype=st.sampled_from(["float32", "float64", "float16"]),
    name=st.sampled_from(GRADIENTS),
)
def test_any_shape_and_layout(shape: tuple[int, ...], layouts: tuple[str, str], dtype: str, name: str) -> None:
    rng, more = np.random.default_rng(0), FUNCTIONS[name][0]
    x, g = (np.asarray(rng.standard_normal(shape)).astype(dtype) for _ in range(2))
    out = getattr(reference, name)(x.astype("float64"), *map(float, more))
    saved = out.astype(dtype) if name in OF_OUTPUT else x
    back = getattr(reference, f"{name}_grad")(g.astype("float64"), saved.astype("float64"), *map(float, more))
    bound = 1e-2 if dtype == "float16" else 1e-5
    for backend in BACKENDS:
        found = getattr(backend, name)(laid(x, layouts[0]), *more)
        np.testing.assert_allclose(found, out, rtol=bound, atol=bound)
        found = getattr(backend, f"{name}_grad")(laid(g, layouts[0]), laid(saved, layouts[1]), *more)
        np.testing.assert_allclose(found, back, rtol=bound, atol=bound)
        assert np.shape(found) == shape


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: type(b).__name__)
def test_results_keep_the_order_of_memory(backend: Backend) -> None:
    x = laid(np.random.default_rng(0).standard_normal((2, 3, 40, 50)).astype("float32"), "channels last")
    for g in (x, np.ascontiguousarray(x)):
        for found in (backend.relu(x), backend.relu_grad(g, x), backend.silu(x)):
            assert found.strides == x.strides


def test_a_gradient_stops_where_relu_stopped() -> None:
    """As in PyTorch: an infinite gradient times 0 is 0, and where the output is NaN it goes through."""
    out, g = np.array([0, 0, 1, np.nan], dtype="float32"), np.array([np.inf, np.nan, np.inf, 3], dtype="float32")
    for backend in BACKENDS:
        np.testing.assert_array_equal(backend.relu_grad(g, out), [0, 0, np.inf, 3])


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: type(b).__name__)
@pytest.mark.parametrize(
    "shape", [(64, 6, 28, 28), (3, 64, 20, 20), (1000, 7), (5, 1, 300), (1, 100, 1, 1), (0, 3, 2, 2), (2, 0, 3)]
)
@pytest.mark.parametrize("layout", ["channels last", "plain", "strided"])
def test_sums_of_channels_and_of_pixels(backend: Backend, shape: tuple[int, ...], layout: str) -> None:
    g = laid((np.random.default_rng(0).standard_normal(shape) + 3).astype("float32"), layout)
    exact = reference.channel_sum(g.astype("float64"))
    found = backend.channel_sum(g)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, exact, rtol=1e-6)
    found = backend.pixel_sum(g)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, reference.pixel_sum(g.astype("float64")), rtol=2e-6)


@pytest.mark.skipif(len(BACKENDS) == 1, reason="needs Numba")
def test_the_same_bits_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile, "LAUNCH", -1)
    x = laid(np.random.default_rng(0).standard_normal((8, 24, 30, 30)).astype("float32"), "channels last")
    before, found = get_num_threads(), []
    try:
        for threads in {1, before}:
            set_num_threads(threads)
            found.append([BACKENDS[1].silu(x).tobytes(), BACKENDS[1].channel_sum(x).tobytes()])
    finally:
        set_num_threads(before)
    assert found[0] == found[-1]
