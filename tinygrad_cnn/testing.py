"""Checks of derivatives against finite differences, in float64."""

from collections.abc import Callable, Sequence
from typing import Any

from .autograd import no_grad
from .derivatives import grad
from .tensor import Tensor

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A derivative that does not agree with finite differences."""


def _listed(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, list | tuple) else (values,)


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Compare the gradients of `func` with central differences (f(x + εe) − f(x − εe)) / 2ε, entry by entry.

    Args:
        func: takes the inputs, returns a tensor or several.
        inputs: tensors; those that require grad are checked and must be float64.
        eps: the step ε.
        atol, rtol: allowed |difference| is atol + rtol · |numerical|.
        raise_exception: raise on a mismatch rather than return False.

    Raises:
        GradcheckError: naming the output, the input and the entry that is furthest off, with both numbers.
        ValueError: for an input that is not float64, or none to check.

    >>> import tinygrad_cnn as tg
    >>> gradcheck(tg.sin, tg.rand(3, dtype=tg.float64, requires_grad=True))
    True
    """
    args = _listed(inputs)
    checked = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck: no input requires grad, so there is nothing to check")
    for i in checked:
        if args[i].dtype != "float64":
            raise ValueError(f"gradcheck: input {i} has dtype {args[i].dtype}; finite differences need float64")
    outputs = [out for out in _listed(func(*args)) if isinstance(out, Tensor)]
    for number, output in enumerate(outputs):
        if output.dtype.kind != "f":
            continue
        # An output that was cut off from the inputs claims that its derivatives are 0.
        analytic = _analytic_jacobian(output, [args[i] for i in checked])
        for i, exact in zip(checked, analytic, strict=True):
            numeric = _numeric_jacobian(func, args, i, number, eps)
            error = abs(exact - numeric) - rtol * abs(numeric)
            worst = error.argmax() if error.size else 0
            if error.size and not (error <= atol).all():
                entry, out_entry = divmod(int(worst), exact.shape[1])
                if raise_exception:
                    raise GradcheckError(
                        f"gradcheck: output {number}, entry {out_entry}, by input {i}, entry {entry} "
                        f"(shape {tuple(args[i].shape)}): the derivative is {exact.flat[worst]:.8g}, "
                        f"finite differences give {numeric.flat[worst]:.8g}"
                    )
                return False
    return True


def _analytic_jacobian(output: Tensor, inputs: Sequence[Tensor]) -> list[Any]:
    """∂ output / ∂ input as matrices (input entries, output entries), one walk per output entry."""
    xp = output.backend.xp
    columns: list[list[Any]] = [[] for _ in inputs]
    for entry in range(output.numel()):
        if not output.requires_grad:
            for column, x in zip(columns, inputs, strict=True):
                column.append(xp.zeros(x.numel(), dtype=x.dtype))
            continue
        seed = xp.zeros(output.numel(), dtype=output.dtype)
        seed[entry] = 1
        gradients = grad(
            output, inputs, Tensor.from_array(seed.reshape(output.shape)), retain_graph=True, allow_unused=True
        )
        for column, x, g in zip(columns, inputs, gradients, strict=True):
            column.append(xp.zeros(x.numel(), dtype=x.dtype) if g is None else g.array.reshape(-1))
    return [
        xp.stack(column, axis=1) if column else xp.zeros((x.numel(), 0))
        for column, x in zip(columns, inputs, strict=True)
    ]


def _numeric_jacobian(func: Callable[..., Any], args: tuple[Any, ...], i: int, number: int, eps: float) -> Any:
    """The same matrix by central differences in each entry of input i."""
    x = args[i]
    xp, values, rows = x.backend.xp, x.array, []
    for entry in range(values.size):
        sides = []
        for step in (eps, -eps):
            moved = values.copy(order="C")
            moved.reshape(-1)[entry] += step
            with no_grad():
                outputs = [
                    out
                    for out in _listed(func(*args[:i], Tensor.from_array(moved), *args[i + 1 :]))
                    if isinstance(out, Tensor)
                ]
            sides.append(outputs[number].array.reshape(-1))
        rows.append((sides[0] - sides[1]) / (2 * eps))
    return xp.stack(rows, axis=0) if rows else xp.zeros((0, 0))


def gradgradcheck(func: Callable[..., Any], inputs: Any, **options: Any) -> bool:
    """`gradcheck` of the gradients of `func`, weighted with fixed random numbers: a check of the second derivatives.

    >>> import tinygrad_cnn as tg
    >>> gradgradcheck(tg.sin, tg.rand(3, dtype=tg.float64, requires_grad=True))
    True
    """
    args = _listed(inputs)
    checked = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
    weights: list[Tensor] = []

    def gradients(*values: Any) -> tuple[Tensor, ...]:
        watched = [
            x.detach().requires_grad_() if i in checked and not x.requires_grad else x for i, x in enumerate(values)
        ]
        outputs = [out for out in _listed(func(*watched)) if isinstance(out, Tensor) and out.requires_grad]
        weights.extend(
            Tensor.from_array(out.backend.rng.normal(out.shape, out.dtype)) for out in outputs[len(weights) :]
        )
        return grad(outputs, [watched[i] for i in checked], weights, create_graph=True, materialize_grads=True)

    def with_graph(*values: Any) -> tuple[Tensor, ...]:
        from .autograd import enable_grad

        with enable_grad():
            return gradients(*values)

    return gradcheck(with_graph, args, **options)
