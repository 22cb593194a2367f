"""Checks of derivatives against finite differences, in float64."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .autograd import enable_grad, no_grad
from .derivatives import grad, several
from .dtypes import is_floating
from .tensor import Tensor

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A derivative that does not agree with finite differences.

    Attributes:
        output, input: the numbers of the output and of the input, None where the error is not about one pair.
        wrong: for each entry that is off, its index in the output and in the input, the worst first.
        numerical, analytical: the Jacobians, of shape output.shape + input.shape.

    >>> x = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
    >>> try:
    ...     gradcheck(lambda x: x * x.detach(), (x,))
    ... except GradcheckError as error:
    ...     print(error.wrong[0], error.numerical[1, 1], error.analytical[1, 1])
    ((1,), (1,)) 4.0 2.0
    """

    output: int | None = None
    input: int | None = None
    wrong: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = ()
    numerical: Any = None
    analytical: Any = None


@dataclass(frozen=True)
class _Options:
    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    check_undefined_grad: bool
    check_grad_dtypes: bool
    fast_mode: bool


def _tensors(values: Any) -> list[Tensor]:
    return [value for value in several(values) if isinstance(value, Tensor)]


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of `func` with central differences (f(x + εe) − f(x − εe)) / 2ε, entry by entry.

    Args:
        func: takes the inputs, returns a tensor or several.
        inputs: tensors; those that require grad are checked and must be float64.
        eps: the step ε.
        atol, rtol: allowed |difference| is atol + rtol · |numerical|.
        raise_exception: raise on a mismatch rather than return False.
        nondet_tol: by how much two walks may give different gradients.
        check_undefined_grad: of several outputs, one whose gradient does not arrive must count like one of zeros.
        check_grad_dtypes: gradients must have the dtypes of their inputs.
        check_batched_grad, check_batched_forward_grad, check_forward_ad: accepted; batches are loops here, and forward
            mode is reverse mode applied twice, which `gradgradcheck` checks.
        check_backward_ad: False checks nothing.
        fast_mode: compare one random projection uᵀJv for each pair instead of all entries.
        masked: accepted.

    Raises:
        GradcheckError: with all entries that are off; its text names the worst and shows both Jacobians.
        ValueError: for an input that is not float64, or none to check.

    >>> import tinygrad_cnn as tg
    >>> gradcheck(tg.sin, tg.rand(3, dtype=tg.float64, requires_grad=True))
    True
    """
    args = several(inputs)
    checked = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck: no input requires grad, so there is nothing to check")
    for i in checked:
        if args[i].dtype != "float64":
            raise ValueError(f"gradcheck: input {i} has dtype {args[i].dtype}; finite differences need float64")
    options = _Options(eps, atol, rtol, nondet_tol, check_undefined_grad, check_grad_dtypes, fast_mode)
    try:
        if check_backward_ad:
            _check(func, args, checked, options)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _check(func: Callable[..., Any], args: tuple[Any, ...], checked: list[int], options: _Options) -> None:
    outputs = _tensors(func(*args))
    inputs = [args[i] for i in checked]
    for number, output in enumerate(outputs):
        if not is_floating(output.dtype):
            continue
        if options.fast_mode:
            _compare_projections(func, args, checked, number, output, options)
            continue
        # An output that was cut off from the inputs claims that its derivatives are 0.
        analytical = _analytical_jacobians(output, inputs, options)
        if output.requires_grad:
            again = _analytical_jacobians(output, inputs, options)
            for i, first, second in zip(checked, analytical, again, strict=True):
                apart = float(abs(first - second).max(initial=0))
                if apart > options.nondet_tol:
                    raise GradcheckError(
                        f"gradcheck: two walks from output {number} give gradients of input {i} that differ by "
                        f"{apart:.3g}; nondet_tol allows {options.nondet_tol}"
                    )
        for i, exact in zip(checked, analytical, strict=True):
            numerical = _numerical_jacobian(func, args, i, number, output.numel(), options.eps)
            _compare(exact, numerical, output.shape, args[i].shape, number, i, options)
    if options.check_undefined_grad and sum(out.requires_grad for out in outputs) > 1:
        _check_undefined([out for out in outputs if out.requires_grad], inputs, checked, options)


def _compare(
    exact: Any, numerical: Any, output_shape: Any, input_shape: Any, number: int, i: int, options: _Options
) -> None:
    """Raise GradcheckError for entries of two Jacobians, as matrices (input, output), that are too far apart."""
    excess = abs(exact - numerical) - options.rtol * abs(numerical) - options.atol
    off = np.argwhere(~(excess <= 0))
    if not len(off):
        return
    order = np.argsort(-np.nan_to_num(excess[tuple(off.T)], nan=np.inf), kind="stable")
    wrong = tuple(
        (_index(int(column), output_shape), _index(int(row), input_shape)) for row, column in off[order].tolist()
    )
    row, column = off[order[0]]
    shape = (*output_shape, *input_shape)
    with np.printoptions(threshold=50, edgeitems=2, precision=6, suppress=True):
        matrices = f"numerical:\n{numerical.T}\nanalytical:\n{exact.T}"
    error = GradcheckError(
        f"gradcheck: output {number} (shape {tuple(output_shape)}) by input {i} (shape {tuple(input_shape)}): "
        f"{len(wrong)} of {exact.size} derivatives are off. The worst, of entry {list(wrong[0][0])} by entry "
        f"{list(wrong[0][1])}: it is {exact[row, column]:.8g}, finite differences give {numerical[row, column]:.8g}\n"
        f"Jacobians (a row for each entry of the output):\n{matrices}"
    )
    error.output, error.input, error.wrong = number, i, wrong
    error.numerical, error.analytical = numerical.T.reshape(shape), exact.T.reshape(shape)
    raise error


def _index(flat: int, shape: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in np.unravel_index(flat, tuple(shape)))


def _numbers(x: Tensor) -> Any:
    return x.backend.to_numpy(x.array)


def _analytical_jacobians(output: Tensor, inputs: Sequence[Tensor], options: _Options) -> list[Any]:
    """∂ output / ∂ input as matrices (input entries, output entries), one walk per output entry."""
    columns: list[list[Any]] = [[] for _ in inputs]
    for entry in range(output.numel()):
        found: Sequence[Any] = (None,) * len(inputs)
        if output.requires_grad:
            seed = output.detach().new_zeros(output.numel())
            seed.array[entry] = 1
            found = grad(output, inputs, seed.reshape(output.shape), retain_graph=True, allow_unused=True)
        for column, x, g in zip(columns, inputs, found, strict=True):
            if options.check_grad_dtypes and g is not None and g.dtype != x.dtype:
                raise GradcheckError(f"gradcheck: a gradient has dtype {g.dtype}, its input {x.dtype}")
            column.append(np.zeros(x.numel()) if g is None else _numbers(g).reshape(-1))
    return [
        np.stack(column, axis=1) if column else np.zeros((x.numel(), 0))
        for column, x in zip(columns, inputs, strict=True)
    ]


def _moved(func: Callable[..., Any], args: tuple[Any, ...], i: int, number: int, step: Any) -> Any:
    """The entries of an output with input i moved by a step."""
    x = args[i]
    moved = x.backend.asarray(_numbers(x) + step)
    with no_grad():
        outputs = _tensors(func(*args[:i], Tensor.from_array(moved), *args[i + 1 :]))
    return _numbers(outputs[number]).reshape(-1).copy()


def _difference(func: Callable[..., Any], args: tuple[Any, ...], i: int, number: int, step: Any, eps: float) -> Any:
    upper = _moved(func, args, i, number, step * eps)
    return (upper - _moved(func, args, i, number, -step * eps)) / (2 * eps)


def _numerical_jacobian(
    func: Callable[..., Any], args: tuple[Any, ...], i: int, number: int, columns: int, eps: float
) -> Any:
    """The same matrix by central differences in each entry of input i."""
    shape = tuple(args[i].shape)
    rows = []
    for entry in range(args[i].numel()):
        step = np.zeros(args[i].numel())
        step[entry] = 1
        rows.append(_difference(func, args, i, number, step.reshape(shape), eps))
    return np.stack(rows, axis=0) if rows else np.zeros((0, columns))


def _compare_projections(
    func: Callable[..., Any], args: tuple[Any, ...], checked: list[int], number: int, output: Tensor, options: _Options
) -> None:
    draw = np.random.default_rng(number)
    u = draw.standard_normal(tuple(output.shape))
    weight = Tensor.from_array(output.backend.asarray(u))
    found: Sequence[Any] = (None,) * len(checked)
    if output.requires_grad:
        found = grad(output, [args[i] for i in checked], weight, retain_graph=True, allow_unused=True)
    for i, g in zip(checked, found, strict=True):
        v = np.asarray(draw.standard_normal(tuple(args[i].shape)))
        exact = 0.0 if g is None else float((_numbers(g) * v).sum())
        numerical = float((u.reshape(-1) * _difference(func, args, i, number, v, options.eps)).sum())
        if not abs(exact - numerical) <= options.atol + options.rtol * abs(numerical):
            error = GradcheckError(
                f"gradcheck: output {number} by input {i}: a random projection of the derivatives is {exact:.8g}, "
                f"finite differences give {numerical:.8g}; fast_mode=False finds the entry"
            )
            error.output, error.input = number, i
            raise error


def _check_undefined(outputs: list[Tensor], inputs: list[Tensor], checked: list[int], options: _Options) -> None:
    """A gradient that does not arrive must count like one of zeros."""
    ones = [out.detach().new_ones(out.shape) for out in outputs]
    for number, output in enumerate(outputs):
        zeros = [one if j == number else one * 0 for j, one in enumerate(ones)]
        alone = grad(output, inputs, ones[number], retain_graph=True, materialize_grads=True)
        among = grad(outputs, inputs, zeros, retain_graph=True, materialize_grads=True)
        for i, a, b in zip(checked, alone, among, strict=True):
            if not np.allclose(_numbers(a), _numbers(b), rtol=options.rtol, atol=options.atol, equal_nan=True):
                raise GradcheckError(
                    f"gradcheck: the gradient of input {i} is another when only output {number} has a gradient than "
                    "when those of the other outputs are zeros"
                )


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """`gradcheck` of the gradients of `func`, as functions of the inputs and of the weights of the outputs.

    Args:
        func, inputs: as for `gradcheck`.
        grad_outputs: the weights of the outputs; random numbers if left out.
        gen_non_contig_grad_outputs: these shall lie in memory with gaps.
        eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad, check_grad_dtypes, fast_mode: as for
            `gradcheck`.
        check_rev_over_rev: False checks nothing.
        check_batched_grad, check_fwd_over_rev, masked: accepted.

    >>> import tinygrad_cnn as tg
    >>> gradgradcheck(tg.sin, tg.rand(3, dtype=tg.float64, requires_grad=True))
    True
    """
    args = several(inputs)
    checked = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
    outputs = _tensors(func(*args))
    smooth = [j for j, out in enumerate(outputs) if out.requires_grad]
    if grad_outputs is None:
        weights = [_weight(outputs[j], gaps=gen_non_contig_grad_outputs) for j in smooth]
    else:
        weights = [w.detach().requires_grad_() for w in several(grad_outputs)]

    def gradients(*values: Any) -> tuple[Tensor, ...]:
        with enable_grad():
            watched = [
                x.detach().requires_grad_() if i in checked and not x.requires_grad else x
                for i, x in enumerate(values[: len(args)])
            ]
            found = _tensors(func(*watched))
            return grad(
                [found[j] for j in smooth],
                [watched[i] for i in checked],
                values[len(args) :],
                create_graph=True,
                materialize_grads=True,
            )

    if not smooth or not check_rev_over_rev:
        return True
    return gradcheck(
        gradients,
        (*args, *weights),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        fast_mode=fast_mode,
    )


def _weight(output: Tensor, *, gaps: bool) -> Tensor:
    shape = (*output.shape, 2) if gaps else tuple(output.shape)
    drawn = Tensor.from_array(output.backend.rng.normal(shape, output.dtype))
    return (drawn.select(-1, 0) if gaps else drawn).detach().requires_grad_()
