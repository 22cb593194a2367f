"""Each family of tensor functions on arrays of every shape, dtype and layout: what PyTorch says."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_cnn as tg

torch = pytest.importorskip("torch")

DTYPES = ("float64", "float32", "int64", "int32", "uint8", "bool")
FLOATS = ("float64", "float32")


@st.composite
def arrays(draw: Any, dtypes: tuple[str, ...] = DTYPES, least: int = 0, most: int = 4, size: int = 0) -> Any:
    """An array that lies in memory row by row, or turned, or with gaps."""
    shape = draw(st.lists(st.integers(size, 4), min_size=least, max_size=most))
    dtype, layout = draw(st.sampled_from(dtypes)), draw(st.sampled_from(["rows", "turned", "gaps"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    stored = [2 * n if layout == "gaps" else n for n in (shape[::-1] if layout == "turned" else shape)]
    values = rng.integers(0, 2, stored) if dtype == "bool" else np.round(rng.normal(0, 3, stored), 2)
    x = np.asarray(abs(values) if dtype == "uint8" else values).astype(dtype)
    x = x.T if layout == "turned" else x[tuple(slice(None, None, 2) for _ in shape)] if layout == "gaps" else x
    return np.asarray(x)


def both(x: Any) -> tuple[Any, Any]:
    return tg.from_numpy(x), torch.from_numpy(x)


def alike(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, tuple | list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            alike(a, b)
        return
    if not isinstance(theirs, torch.Tensor):
        assert ours == theirs
        return
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    tolerance = 2e-5 if theirs.dtype == torch.float32 else 1e-10
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance)


def computed(lib: Any, f: Callable[..., Any], tensors: list[Any], wanted: list[int]) -> Any:
    """The results of `f(library, *tensors)`, and the gradients of a weighted sum of the first."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both warn, of a variance of too few values for instance
        out = f(lib, *tensors)
        first = out[0] if isinstance(out, tuple | list) and out else out
        if not (wanted and getattr(first, "requires_grad", False)):
            return out, ()
        weights = np.random.default_rng(0).standard_normal(tuple(first.shape))
        weight = lib.tensor(weights, dtype=first.dtype)
        inputs = [tensors[i] for i in wanted]
        return out, lib.autograd.grad(first, inputs, weight, allow_unused=True, materialize_grads=True)


def agree(f: Callable[..., Any], *args: Any) -> None:
    """The same results and gradients in both libraries, or an error of the same kind."""
    pairs = [both(x) if isinstance(x, np.ndarray) else (x, x) for x in args]
    ours, theirs = ([pair[i] for pair in pairs] for i in (0, 1))
    wanted = [i for i, x in enumerate(args) if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    for side in (ours, theirs):
        for i in wanted:
            side[i].requires_grad_()
    try:
        expected = computed(torch, f, theirs, wanted)
    except NotImplementedError:  # a dtype that PyTorch has not got round to
        return
    except (RuntimeError, IndexError, TypeError) as error:
        with pytest.raises(type(error)):
            computed(tg, f, ours, wanted)
        return
    alike(computed(tg, f, ours, wanted), expected)


UNARY = [
    "abs",
    "neg",
    "sign",
    "floor",
    "exp",
    "sin",
    "tanh",
    "sigmoid",
    "square",
    "erf",
    "sinh",
    "atan",
    "expm1",
    "relu",
]
BINARY = ["add", "sub", "mul", "maximum", "minimum", "div", "atan2", "eq", "lt", "logical_and", "fmod", "copysign"]


@given(arrays(), st.sampled_from(UNARY))
def test_functions_of_one(x: Any, name: str) -> None:
    agree(lambda lib, a: getattr(lib, name)(a), x)


@given(arrays(), arrays(), st.sampled_from(BINARY))
def test_functions_of_two(x: Any, y: Any, name: str) -> None:
    if name in ("sub", "atan2"):  # PyTorch refuses booleans, or their derivative
        x, y = (z.astype("int64") if z.dtype == "bool" else z for z in (x, y))
    if name == "fmod":
        y = np.where(y == 0, y.dtype.type(1), y)
    agree(lambda lib, a, b: getattr(lib, name)(a, b), x, y)


DIMS = st.none() | st.integers(-4, 3) | st.lists(st.integers(-3, 3), max_size=3).map(tuple)


@given(
    arrays(), st.sampled_from(["sum", "mean", "amax", "amin", "std", "logsumexp", "any", "all"]), DIMS, st.booleans()
)
def test_reductions(x: Any, name: str, dim: Any, keepdim: bool) -> None:
    if dim is None:
        agree(lambda lib, a: getattr(a, name)(tuple(range(a.ndim))) if name == "logsumexp" else getattr(a, name)(), x)
    elif x.ndim or not isinstance(dim, tuple):
        agree(lambda lib, a: getattr(a, name)(dim, keepdim=keepdim), x)


@given(arrays(most=3), st.data())
def test_views_one_after_the_other(x: Any, data: Any) -> None:
    """Each step sees the layout that the last one left; at the end a write through the view reaches the base."""
    ours, theirs = both(x.copy())
    bases = ours, theirs
    for _ in range(3):
        n = ours.ndim
        step = data.draw(st.sampled_from(["permute", "select", "slice", "unsqueeze", "squeeze", "flatten", "expand"]))
        dim = data.draw(st.integers(0, max(n - 1, 0)))
        if step == "permute":
            order = data.draw(st.permutations(range(n)))
            ours, theirs = ours.permute(order), theirs.permute(order)
        elif step == "select" and n and ours.shape[dim]:
            ours, theirs = ours.select(dim, -1), theirs.select(dim, -1)
        elif step == "slice" and n:
            a, b = data.draw(st.integers(-3, 4)), data.draw(st.integers(-3, 4))
            index = (slice(None),) * dim + (slice(a, b, data.draw(st.integers(1, 2))),)
            ours, theirs = ours[index], theirs[index]
        elif step == "expand":
            shape = (2, *ours.shape)
            alike(ours.expand(*shape), theirs.expand(*shape))
        elif step in ("unsqueeze", "squeeze", "flatten"):
            args = (dim,) if step == "unsqueeze" else ()
            ours, theirs = getattr(ours, step)(*args), getattr(theirs, step)(*args)
        alike(ours, theirs)
    ours.fill_(1)
    theirs.fill_(1)
    alike(bases[0], bases[1])


@st.composite
def indices(draw: Any, shape: tuple[int, ...]) -> Any:
    parts: list[Any] = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        kind = draw(st.sampled_from(["slice", "int", "list", "mask", "none", "all"]))
        if kind == "int" and n:
            parts.append(draw(st.integers(-n, n - 1)))
        elif kind == "list" and n:
            parts.append(draw(st.lists(st.integers(-n, n - 1), min_size=2, max_size=2)))
        elif kind == "slice":
            parts.append(slice(draw(st.integers(-3, 3)), draw(st.none() | st.integers(-3, 3)), draw(st.integers(1, 2))))
        elif kind == "none":
            parts += [None, slice(None)]
        else:
            parts.append(slice(None))
    return tuple(parts)


@given(arrays(least=1, size=1), st.data())
def test_indexing_reads_and_writes(x: Any, data: Any) -> None:
    index = data.draw(indices(x.shape))

    def tensors(lib: Any) -> Any:
        return tuple(lib.tensor(part) if isinstance(part, list) else part for part in index)

    agree(lambda lib, a: a[tensors(lib)], x)
    ours, theirs = both(x.copy())
    ours[tensors(tg)], theirs[tensors(torch)] = 3, 3
    alike(ours, theirs)


@given(arrays(dtypes=FLOATS, least=2, most=3, size=1), arrays(dtypes=FLOATS, least=2, most=3, size=1), st.data())
def test_masks_and_positions(x: Any, y: Any, data: Any) -> None:
    agree(lambda lib, a: a[a > 0], x)
    agree(lambda lib, a: a.masked_fill(a > 0, 2.5), x)
    agree(lambda lib, a, b: lib.where(a > 0, a, b), x, y)
    dim = data.draw(st.integers(-2, 1))
    positions = np.random.default_rng(0).integers(0, x.shape[dim], x.shape)
    agree(lambda lib, a: a.gather(dim, lib.tensor(positions)), x)
    agree(lambda lib, a: lib.zeros_like(a).scatter_add(dim, lib.tensor(positions), a), x)
    agree(lambda lib, a: a.index_select(dim, lib.tensor(positions.reshape(-1)[:3])), x)


@given(arrays(dtypes=("float64", "int64"), least=1), st.integers(-4, 3), st.data())
def test_scans_and_orders(x: Any, dim: int, data: Any) -> None:
    x = np.random.default_rng(0).permutation(x.size).reshape(x.shape).astype(x.dtype)  # no two are equal
    name = data.draw(st.sampled_from(["cumsum", "cumprod", "cummax", "cummin", "argsort", "diff", "argmax", "median"]))
    agree(lambda lib, a: getattr(a, name)(dim=dim), x)
    descending = data.draw(st.booleans())
    agree(lambda lib, a: a.sort(dim=dim, descending=descending), x)
    if x.ndim and -x.ndim <= dim < x.ndim and x.shape[dim]:
        agree(lambda lib, a: a.topk(1 + x.shape[dim] // 2, dim=dim), x)


@given(arrays(dtypes=FLOATS, least=1, most=4), arrays(dtypes=FLOATS, least=1, most=4))
def test_products(x: Any, y: Any) -> None:
    y = y.astype(x.dtype)
    if x.shape[-1] != y.shape[-2 if y.ndim > 1 else -1]:  # mostly ones that fit
        y = np.resize(y, (*y.shape[:-2], x.shape[-1], y.shape[-1]) if y.ndim > 1 else (x.shape[-1],)).astype(x.dtype)
    agree(lambda lib, a, b: a @ b, x, y)
    agree(lambda lib, a, b: lib.tensordot(a, b, dims=0), x, y)


WRITES: dict[str, Callable[[Any, Any], Any]] = {
    "add_": lambda x, y: x.add_(y),
    "mul_": lambda x, y: x.mul_(y),
    "row": lambda x, y: x[0].mul_(2),
    "column": lambda x, y: x.t().select(0, -1).add_(y[:, 0]),
    "part": lambda x, y: x[:, ::2].copy_(y[:, ::2]),
    "item": lambda x, y: x.__setitem__((slice(None), 1), y[:, 0] * 3),
    "sin_": lambda x, y: x.sin_(),
    "zero": lambda x, y: x[-1:].zero_(),
    "swap": lambda x, y: y.add_(x),
}


@given(st.lists(st.sampled_from(sorted(WRITES)), min_size=1, max_size=6), st.booleans())
def test_programs_that_write(steps: list[str], turned: bool) -> None:
    """Writes through views and bases in any order: values, gradients, and errors where a saved value was changed."""

    def program(lib: Any, a: Any, b: Any) -> Any:
        x, y = a * 1, b * 1
        x = x.t().contiguous().t() if turned else x
        kept = x[1]
        for step in steps:
            WRITES[step](x, y)
        return (x * y).sum() + kept.sum()

    rng = np.random.default_rng(len(steps))
    agree(program, rng.standard_normal((3, 3)), rng.standard_normal((3, 3)))
