"""Names that programs use: copies of views, writing functions, questions, defaults, numerics."""

import pickle
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg

VIEWS: list[tuple[str, tuple[Any, ...]]] = [
    ("as_strided", ((2, 2), (1, 2))),
    ("detach", ()),
    ("diagonal", ()),
    ("expand", ((2, 3, 4),)),
    ("narrow", (1, 1, 2)),
    ("permute", ((1, 0),)),
    ("select", (0, 1)),
    ("split", (2,)),
    ("squeeze", ()),
    ("t", ()),
    ("transpose", (0, 1)),
    ("unbind", ()),
    ("unfold", (1, 2, 1)),
    ("unsqueeze", (0,)),
    ("view", ((4, 3),)),
]


@pytest.mark.parametrize(("name", "args"), VIEWS, ids=[name for name, _ in VIEWS])
def test_a_copy_of_a_view_has_memory_of_its_own(name: str, args: tuple[Any, ...]) -> None:
    x = tg.arange(12.0).view(3, 4)
    view, copy = getattr(x, name)(*args), getattr(tg, f"{name}_copy")(x, *args)
    if isinstance(copy, tg.Tensor):
        view, copy = (view,), (copy,)
    before = [part.clone() for part in view]
    x += 1
    assert all(part.equal(kept) for part, kept in zip(copy, before, strict=True))
    leaf = tg.ones(3, 4, requires_grad=True)
    out = getattr(tg, f"{name}_copy")(leaf, *args)
    assert (out if isinstance(out, tg.Tensor) else out[0]).requires_grad is (name != "detach")


def test_writing_functions() -> None:
    x = tg.tensor([-4.0, 9.0])
    assert tg.abs_(x) is x
    assert tg.sqrt_(x).tolist() == [2.0, 3.0]
    assert tg.fill_(x, 7).tolist() == [7.0, 7.0]
    assert tg.zero_(x).tolist() == [0.0, 0.0]
    with pytest.raises(TypeError, match="exp_: expected a tensor; got list"):
        tg.exp_([1.0])


def test_answers() -> None:
    x = tg.ones(2, 3)
    assert (x.is_cpu, x.is_sparse, x.is_quantized, x.is_meta, x.is_complex(), x.is_signed()) == (
        *(True, False, False, False),
        *(False, True),
    )
    assert x.layout is tg.strided
    assert pickle.loads(pickle.dumps(tg.channels_last)) is tg.channels_last
    assert deepcopy(tg.strided) is tg.strided
    assert (tg.get_device(x), x.itemsize, x.to_dense() is x, x.pin_memory() is x) == (-1, 4, True, True)
    assert complex(tg.tensor(2.0)) == 2 + 0j
    assert x.untyped_storage().nbytes() == 24
    assert x[1:].untyped_storage().data_ptr() == x.data_ptr()
    assert x.is_set_to(x.view(2, 3))
    assert not x.is_set_to(x[:1])
    with pytest.raises(RuntimeError, match=r"is_nonzero: expects one value; got shape \(2, 3\)"):
        x.is_nonzero()
    with pytest.raises(NotImplementedError, match="to_sparse: there are no sparse tensors here"):
        x.to_sparse()
    with pytest.raises(RuntimeError, match="imag: tensors hold real numbers"):
        tg.imag(x)
    with pytest.raises(RuntimeError, match=r"H: expects a matrix; got shape \(2,\)"):
        _ = tg.ones(2).H


def test_channels_last_is_asked_of_memory() -> None:
    x = tg.from_numpy(np.zeros((2, 4, 5, 3), dtype="float32")).permute(0, 3, 1, 2)
    assert x.is_contiguous(memory_format=tg.channels_last)
    assert not x.is_contiguous()
    assert x.contiguous().is_contiguous()


def test_the_default_device_and_blocks() -> None:
    assert tg.get_default_device() == tg.device("cpu")
    with tg.device("cpu"), pytest.raises(RuntimeError, match="device 'cuda' is not available"), tg.device("cuda"):
        tg.zeros(2)
    assert tg.zeros(2).is_cpu
    with pytest.raises(RuntimeError, match="device 'cuda:7' is not available"):
        tg.set_default_device("cuda:7")
    tg.set_default_device(None)


def test_precision_of_products_is_remembered() -> None:
    with pytest.raises(RuntimeError, match="expected 'highest', 'high' or 'medium'; got 'low'"):
        tg.set_float32_matmul_precision("low")


def test_values_mapped_in_python() -> None:
    x = tg.tensor([1.0, 2.0])
    assert x.map_(tg.tensor([10.0, 20.0]), lambda a, b: a + b).tolist() == [11.0, 22.0]
    assert x.map2_(x, x, lambda a, b, c: a - b + c / 11).tolist() == [1.0, 2.0]
    with pytest.raises(RuntimeError, match="apply_: a Python function has no gradient"):
        tg.ones(2, requires_grad=True).apply_(abs)


def test_as_strided_forms() -> None:
    x = tg.arange(6.0)
    assert x.as_strided_scatter(tg.tensor([[9.0, 8.0]]), (1, 2), (1, 3), 1).tolist() == [0, 9, 2, 3, 8, 5]
    with pytest.raises(RuntimeError, match=r"as_strided_scatter: expected src of shape \(1, 2\); got \(2,\)"):
        x.as_strided_scatter(tg.ones(2), (1, 2), (1, 3))
    y = tg.arange(6)
    assert y.as_strided_((2, 2), (3, 1)) is y
    assert y.tolist() == [[0, 1], [3, 4]]


def test_histograms_of_edges_that_are_not_sorted() -> None:
    """They mean what bisection makes of them, and what lies beyond the first or the last is in no bin."""
    points = tg.tensor([[0.5, 1.5], [2.5, 0.5], [3.0, 9.0]])
    counts, edges = tg.histogramdd(points, [tg.tensor([0.0, 2.0, 1.0, 3.0]), tg.tensor([2.0, 1.0])])
    assert (counts.sum(), counts.shape, len(edges)) == (0, (3, 1), 2)
    assert tg.histogram(points[:, 0], tg.tensor([0.0, 2.0, 1.0, 3.0])).hist.tolist() == [1, 0, 2]
    weight = tg.tensor([1.0, 2.0, 5.0])
    assert tg.histogram(points[:, 0], 3, range=(0, 3), weight=weight, density=True).hist.tolist() == [0.125, 0, 0.875]


def test_random_numbers_are_taken_back() -> None:
    with tg.random.fork_rng(enabled=False):
        before = tg.rand(1)
    with tg.random.fork_rng():
        inside = tg.rand(2)
    assert tg.rand(2).equal(inside)
    assert before.shape == (1,)


REFUSED: list[tuple[Any, str]] = [
    (lambda: tg.gradient(tg.ones(3), edge_order=3), "gradient: edge_order must be 1 or 2; got 3"),
    (lambda: tg.gradient(tg.ones(1)), "gradient: edge_order 1 needs 2 values; dim 0 has 1"),
    (lambda: tg.gradient(tg.ones(3), spacing=[1, 2]), "gradient: 2 spacings for 1 dimensions"),
    (lambda: tg.gradient(tg.ones(3), spacing=(tg.ones(2),)), r"gradient: \(2,\) places for the 3 values of dim 0"),
    (lambda: tg.histogram(tg.ones(2).int(), 2), "histogram: needs floating-point values; got dtype int32"),
    (lambda: tg.histogram(tg.ones(2), 0), "histogram: bins must be at least 1; got 0"),
    (lambda: tg.histogram(tg.ones(2), 2, range=(1, 0)), "histogram: the range goes from 1 down to 0"),
    (lambda: tg.histogram(tg.ones(2), 2, weight=tg.ones(3)), r"histogram: \(3,\) weights for \(2,\) values"),
    (lambda: tg.histogram(tg.ones(2), 2, weight=tg.ones(2).int()), "values are float32 and weights int32"),
    (lambda: tg.histogram(tg.ones(2), tg.ones(2, 2)), "histogram: edges must be a vector of float32"),
    (lambda: tg.histogramdd(tg.ones(2), 2), r"histogramdd: expects points \(…, n\); got shape \(2,\)"),
    (lambda: tg.histogramdd(tg.ones(2, 2), [2]), "histogramdd: bins for 1 coordinates; the points have 2"),
    (lambda: tg.vander(tg.ones(2, 2)), r"vander: expects a vector; got shape \(2, 2\)"),
    (lambda: tg.vander(tg.ones(2), -1), "vander: N must not be negative; got -1"),
    (lambda: tg.nonzero_static(tg.ones(2), size=-1), "nonzero_static: size must not be negative; got -1"),
    (lambda: tg.fill(tg.ones(2), tg.ones(2)), r"fill: value must have no dimensions; got shape \(2,\)"),
    (lambda: tg.range(0, 3, -1), "range: from 0 to 3 no number of steps of -1 leads"),
    (lambda: tg.zeros(-1), r"zeros: sizes must not be negative; got \(-1,\)"),
    (lambda: tg.randint(3, 3, (2,)), r"randint: no integer lies in \[3, 3\)"),
    (lambda: tg.empty_strided((2,), (1, 1)), r"empty_strided: sizes \(2,\) and strides \(1, 1\) do not go together"),
    (lambda: tg.empty_permuted((2, 3), (0, 0)), r"empty_permuted: \(0, 0\) must name each of the 2 dimensions once"),
    (lambda: tg.hann_window(3, dtype=tg.int64), "hann_window: a window holds fractions; got dtype int64"),
    (lambda: tg.hann_window(-1), "hann_window: window_length must not be negative; got -1"),
]


@pytest.mark.parametrize(("call", "match"), REFUSED, ids=[match.split(":")[0] for _, match in REFUSED])
def test_what_is_refused(call: Any, match: str) -> None:
    with pytest.raises(RuntimeError, match=match):
        call()


def test_asarray_shares_or_says_so() -> None:
    array = np.zeros(2)
    assert not np.shares_memory(tg.asarray(array, copy=True).numpy(), array)
    with pytest.raises(ValueError, match="asarray: these values can't be shared"):
        tg.asarray([1.0], copy=False)
