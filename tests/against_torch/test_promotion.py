"""Which dtype comes out: every pair of dtypes, as tensors with dimensions, without, and as Python numbers."""

from itertools import product
from typing import Any

import pytest

import tinygrad_cnn as tg

torch = pytest.importorskip("torch")

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
NUMBERS = {"True": True, "2": 2, "2.5": 2.5}
OPERATIONS = {
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "floordiv": lambda x, y: x // y,
    "compare": lambda x, y: x < y,
    "maximum": lambda x, y: x.__class__.maximum(x, y),
}


def operand(lib: Any, kind: str, dims: int) -> Any:
    """A tensor of a dtype with so many dimensions, or a Python number."""
    if kind in NUMBERS:
        return NUMBERS[kind]
    return lib.ones((2,) * dims, dtype=getattr(lib, kind))


def name(x: Any) -> str:
    return str(x.dtype).removeprefix("torch.")


PAIRS = [
    pytest.param((a, m), (b, n), id=f"{a}[{m}]-{b}[{n}]")
    for (a, m), (b, n) in product(product(DTYPES, (0, 1)), product((*DTYPES, *NUMBERS), (0, 1)))
    if not (b in NUMBERS and n)
]


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_operators(left: tuple[str, int], right: tuple[str, int]) -> None:
    for operation, f in OPERATIONS.items():
        if operation == "maximum" and right[0] in NUMBERS:
            continue  # not defined in PyTorch
        if operation == "floordiv" and "bool" in (left[0], right[0]):
            continue  # nor this
        ours = f(operand(tg, *left), operand(tg, *right))
        theirs = f(operand(torch, *left), operand(torch, *right))
        assert name(ours) == name(theirs), operation
        if right[0] in NUMBERS and operation != "maximum":
            ours = f(NUMBERS[right[0]], operand(tg, *left))
            theirs = f(NUMBERS[right[0]], operand(torch, *left))
            assert name(ours) == name(theirs), f"reflected {operation}"


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_where_and_cat(left: tuple[str, int], right: tuple[str, int]) -> None:
    found = {}
    for lib in (tg, torch):
        x, y = operand(lib, *left), operand(lib, *right)
        made = [lib.where(lib.tensor([True, False]), x, y)]
        if left[1] and right[1]:
            made += [lib.cat([x, y]), lib.stack([x, y])]
        found[lib.__name__] = [name(out) for out in made]
    assert found["tinygrad_cnn"] == found["torch"]


FUNCTIONS = (
    *("exp", "log", "sqrt", "sin", "sigmoid", "tanh", "relu", "neg", "abs", "sign", "square", "floor", "ceil", "round"),
    *("trunc", "reciprocal", "isnan", "logical_not", "sum", "mean", "prod", "amax", "argmax", "cumsum", "clone"),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_of_one_tensor(function: str, dtype: str) -> None:
    """Where PyTorch refuses a dtype, ours may do anything but crash the process."""
    arguments = (0,) if function == "cumsum" else ()
    if dtype == "bool" and function in ("sign", "square"):
        return  # numbers only
    try:
        theirs = getattr(operand(torch, dtype, 1), function)(*arguments)
    except RuntimeError:
        return
    assert name(getattr(operand(tg, dtype, 1), function)(*arguments)) == name(theirs)


@pytest.mark.parametrize("dtype", DTYPES[1:])
@pytest.mark.parametrize("exponent", [2, 3, 2.0, 0.5, -1.0, True])
def test_powers(dtype: str, exponent: Any) -> None:
    try:
        theirs = operand(torch, dtype, 1) ** exponent
    except RuntimeError:
        return
    assert name(operand(tg, dtype, 1) ** exponent) == name(theirs)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [2, 2.5])
def test_in_place_keeps_the_dtype_or_refuses(dtype: str, value: Any) -> None:
    for method in ("add_", "mul_", "div_"):
        x, y = operand(tg, dtype, 1), operand(torch, dtype, 1)
        try:
            getattr(y, method)(value)
        except RuntimeError:
            with pytest.raises(tg.errors.DtypeError, match=method):
                getattr(x, method)(value)
        else:
            assert name(getattr(x, method)(value)) == name(y)


@pytest.mark.parametrize(
    "arguments",
    [(5,), (1, 5), (0, 1, 0.25), (5, 1, -1), (1.0, 2.0), (0,), (1, 1), (0.0, 1.0, 0.1), (3, -3, -2)],
    ids=str,
)
def test_arange(arguments: tuple[Any, ...]) -> None:
    ours, theirs = tg.arange(*arguments), torch.arange(*arguments)
    assert name(ours) == name(theirs)
    assert ours.shape == tuple(theirs.shape)
    assert ours.tolist() == pytest.approx(theirs.tolist(), rel=1e-6)


@pytest.mark.parametrize("arguments", [(0, 1, 5), (-1, 1, 2), (0, 1, 1), (2, -2, 4), (0, 1, 0)], ids=str)
def test_linspace(arguments: tuple[Any, ...]) -> None:
    ours, theirs = tg.linspace(*arguments), torch.linspace(*arguments)
    assert name(ours) == name(theirs)
    assert ours.tolist() == pytest.approx(theirs.tolist())


VALUES: list[Any] = [1, 1.5, True, [1, 2.5], [True, 2], [[1], [2]], [], [[], []], [1.0, True]]


@pytest.mark.parametrize("values", VALUES, ids=str)
def test_tensors_of_python_numbers(values: Any) -> None:
    ours, theirs = tg.tensor(values), torch.tensor(values)
    assert name(ours) == name(theirs)
    assert ours.shape == tuple(theirs.shape)
    assert ours.tolist() == theirs.tolist()


def test_filled() -> None:
    for value in (1, 1.5, True):
        assert name(tg.full((2,), value)) == name(torch.full((2,), value))
        assert name(tg.full_like(tg.ones(2), value)) == name(torch.full_like(torch.ones(2), value))
    for make in ("zeros", "ones", "empty", "eye", "rand", "randn"):
        assert name(getattr(tg, make)(2)) == name(getattr(torch, make)(2)) == "float32"
