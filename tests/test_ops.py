"""Every operation of the table, in every way that an operation can be wrong."""

from inspect import signature
from typing import Any

import numpy as np
import pytest

import tests.linalg_op_samples
import tests.network_op_samples
import tests.recurrent_op_samples
import tests.surface_op_samples  # noqa: F401 - all add rows to the table
import tinygrad_cnn as tg
from tests.op_samples import SAMPLES
from tests.samples import OPS, Case, Error, Row
from tinygrad_cnn.autograd import grad

STEP = 1e-5

CALLS = [pytest.param(row, case, id=f"{name}-{i}") for name, row in SAMPLES.items() for i, case in enumerate(row.cases)]


def tensors(case: Case, requires_grad: tuple[int, ...] = (), dtype: Any = None) -> list[Any]:
    """The inputs of a case: floating-point arrays as tensors (of another dtype), the rest of the arrays as they are."""
    made: list[Any] = []
    for i, arg in enumerate(case.args):
        if isinstance(arg, np.ndarray):
            floating = arg.dtype.kind == "f"
            made.append(tg.tensor(arg, dtype=dtype if floating else None, requires_grad=i in requires_grad))
        else:
            made.append(arg)
    return made


def wanted(row: Row, case: Case) -> tuple[int, ...]:
    """The inputs by which the operation can be differentiated."""
    ruled = [row.op.joint is not None or row.op.variadic or row.op.rules[i] is not None for i in range(len(case.args))]
    return tuple(
        i for i, arg in enumerate(case.args) if isinstance(arg, np.ndarray) and arg.dtype.kind == "f" and ruled[i]
    )


def to_integers(case: Case) -> bool:
    return np.dtype(case.params.get("dtype", float)).kind != "f"


DIFFERENTIABLE = [
    param
    for param in CALLS
    for row, case in [param.values]
    if row.op.differentiable and wanted(row, case) and not to_integers(case)
]


def direction(like: Any, seed: int) -> Any:
    return tg.tensor(np.random.default_rng(seed).standard_normal(like.shape))


def test_every_operation_has_a_row() -> None:
    assert set(SAMPLES) == set(OPS)
    assert all(row.cases for row in SAMPLES.values())


def test_every_operation_says_what_it_computes() -> None:
    assert [name for name, op in OPS.items() if not op.__doc__] == []


@pytest.mark.parametrize(("row", "case"), CALLS)
def test_forward(row: Row, case: Case) -> None:
    expected = np.asarray(row.reference(*case.args, **case.params))
    out = row.call(*tensors(case), **case.params)
    assert out.shape == expected.shape
    np.testing.assert_allclose(out.array, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("row", "case"), CALLS)
def test_on_arrays(row: Row, case: Case) -> None:
    """An operation is a function of arrays, too."""
    out = row.call(*case.args, **case.params)
    assert not isinstance(out, tg.Tensor)
    np.testing.assert_array_equal(out, row.call(*tensors(case), **case.params).array)


@pytest.mark.parametrize(("row", "case"), DIFFERENTIABLE)
def test_first_derivatives(row: Row, case: Case) -> None:
    """⟨v, f(x + εd) − f(x − εd)⟩ / 2ε = ⟨∇⟨v, f(x)⟩, d⟩ for each input and random v, d."""
    inputs = wanted(row, case)
    args = tensors(case, inputs)
    out = row.call(*args, **case.params)
    v = direction(out, 1)
    gradients = grad(out, [args[i] for i in inputs], v, materialize_grads=True)

    for i, gradient in zip(inputs, gradients, strict=True):
        d = direction(args[i], 2 + i)
        sides = []
        for step in (STEP, -STEP):
            moved = [x.detach() if isinstance(x, tg.Tensor) else x for x in args]
            moved[i] = moved[i] + step * d
            sides.append((row.call(*moved, **case.params) * v).sum().item())
        numeric = (sides[0] - sides[1]) / (2 * STEP)
        assert gradient.shape == args[i].shape
        assert (gradient * d).sum().item() == pytest.approx(numeric, rel=1e-6, abs=1e-7), f"by input {i}"


@pytest.mark.parametrize(("row", "case"), DIFFERENTIABLE)
def test_second_derivatives(row: Row, case: Case) -> None:
    """The same for h(v, x) = ⟨u, ∇⟨v, f(x)⟩⟩, by v and by each input."""
    inputs = wanted(row, case)

    def h(v: Any, *args: Any) -> Any:
        out = row.call(*args, **case.params)
        gradients = grad(out, [args[i] for i in inputs], v, create_graph=True, materialize_grads=True)
        return sum((g * direction(g, 7 + i)).sum() for i, g in enumerate(gradients))

    args = tensors(case, inputs)
    args = [direction(row.call(*args, **case.params), 1).requires_grad_(), *args]
    checked = [0, *(i + 1 for i in inputs)]
    value = h(*args)
    if value.requires_grad:
        gradients = grad(value, [args[i] for i in checked], materialize_grads=True)
    else:
        gradients = tuple(tg.zeros_like(args[i]) for i in checked)

    for i, gradient in zip(checked, gradients, strict=True):
        d = direction(args[i], 20 + i)
        sides = []
        for step in (STEP, -STEP):
            moved = [x.detach().requires_grad_() if j in checked else x for j, x in enumerate(args)]
            moved[i] = (args[i].detach() + step * d).requires_grad_()
            sides.append(h(*moved).item())
        numeric = (sides[0] - sides[1]) / (2 * STEP)
        name = "v" if i == 0 else f"input {i - 1}"
        assert (gradient * d).sum().item() == pytest.approx(numeric, rel=1e-6, abs=1e-6), f"by {name}"


@pytest.mark.parametrize(("row", "case"), [param for param in CALLS if param.values[0].adjoint])
def test_adjoint(row: Row, case: Case, rng: Any) -> None:
    """⟨A x, y⟩ = ⟨x, Aᵀ y⟩, with an adjoint of A that the table names."""
    x, *others = case.args
    out = row.op(x, *others, **case.params)
    y = rng.standard_normal(out.shape)
    names = signature(row.adjoint).parameters
    params = {name: value for name, value in {**case.params, "x_shape": x.shape}.items() if name in names}
    back = row.adjoint(y, *others, **params)
    assert back.shape == x.shape
    assert np.vdot(out, y) == pytest.approx(np.vdot(x, back), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("row", "case"), [param for param in DIFFERENTIABLE if param.values[0].op.name != "cast"])
def test_float32_stays_float32(row: Row, case: Case) -> None:
    inputs = wanted(row, case)
    args = tensors(case, inputs, dtype="float32")
    out = row.call(*args, **case.params)
    assert out.dtype == "float32"
    gradients = grad(out, [args[i] for i in inputs], tg.ones_like(out), create_graph=True, materialize_grads=True)
    assert [str(g.dtype) for g in gradients] == ["float32"] * len(inputs)
    traced = [g.sum() for g in gradients if g.requires_grad]
    if traced:
        again = grad(sum(traced), [args[i] for i in inputs], materialize_grads=True)
        assert [str(g.dtype) for g in again] == ["float32"] * len(inputs)


def layouts(x: Any) -> dict[str, Any]:
    """Equal arrays that lie differently in memory."""
    if not x.ndim:
        return {}
    wide = np.zeros([2 * n for n in x.shape], dtype=x.dtype)
    wide[tuple(slice(None, None, 2) for _ in x.shape)] = x
    back = tuple(slice(None, None, -1) for _ in x.shape)
    made = {
        "transposed": np.asfortranarray(x),
        "strided": wide[tuple(slice(None, None, 2) for _ in x.shape)],
        "reversed": x[back].copy()[back],
    }
    if x.ndim == 4:
        made["channels last"] = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return made


@pytest.mark.parametrize(("row", "case"), [p for p in CALLS if any(np.ndim(arg) for arg in p.values[1].args)])
def test_memory_layout_does_not_matter(row: Row, case: Case) -> None:
    inputs = wanted(row, case) if row.op.differentiable else ()
    args = tensors(case, inputs)
    out = row.call(*args, **case.params)
    v = direction(out, 1)
    expected = grad(out, [args[i] for i in inputs], v, materialize_grads=True) if out.requires_grad else ()

    for layout in layouts(np.zeros((1, 1, 1, 1))):
        moved = [
            tg.Tensor.from_array(layouts(x.array).get(layout, x.array)).requires_grad_(x.requires_grad)
            if isinstance(x, tg.Tensor)
            else x
            for x in args
        ]
        again = row.call(*moved, **case.params)
        np.testing.assert_allclose(again.array, out.array, rtol=1e-12, atol=1e-13, err_msg=layout)
        if out.requires_grad:
            weight = tg.Tensor.from_array(layouts(v.array).get(layout, v.array))
            gradients = grad(again, [moved[i] for i in inputs], weight, materialize_grads=True)
            for g, e in zip(gradients, expected, strict=True):
                np.testing.assert_allclose(g.array, e.array, rtol=1e-12, atol=1e-12, err_msg=layout)


@pytest.mark.parametrize(("row", "case"), CALLS)
def test_inputs_are_left_alone(row: Row, case: Case) -> None:
    args = tensors(case, wanted(row, case) if row.op.differentiable else ())
    before = [x.array.copy() if isinstance(x, tg.Tensor) else x for x in args]
    out = row.call(*args, **case.params)
    if out.requires_grad:
        out.backward(tg.ones_like(out))
    for x, kept in zip(args, before, strict=True):
        np.testing.assert_array_equal(x.array if isinstance(x, tg.Tensor) else x, kept)


BINARY = [
    name for name, row in SAMPLES.items() if row.op.broadcasts and row.op.inputs == ("x", "y") and row.op.differentiable
]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("other", [2, 2.5, tg.tensor(2.5, dtype=tg.float64), np.float64(2.5), tg.tensor(2)])
def test_numbers_do_not_widen(name: str, other: Any) -> None:
    x = tg.tensor([1.2, 3.4, 2.6], requires_grad=True)
    for out in (OPS[name](x, other), OPS[name](other, x)):
        assert out.dtype == "float32"
        (gradient,) = grad(out, x, tg.ones(3), create_graph=True)
        assert gradient.dtype == "float32"


ERRORS = [pytest.param(row, error, id=name) for name, row in SAMPLES.items() for error in row.errors]


@pytest.mark.parametrize(("row", "error"), ERRORS)
def test_errors(row: Row, error: Error) -> None:
    args = [tg.tensor(arg) if isinstance(arg, np.ndarray) else arg for arg in error.args]
    with pytest.raises(error.kind, match=error.match):
        row.op(*args, **error.params)
