"""Functions that make derivatives of functions: gradients, products with Jacobians, Jacobians, Hessians.

Forward mode (`jvp`, `jacfwd`) is reverse mode applied twice: the product uᵀJ is linear in u, so its derivative by u in
the direction v is J v.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..autograd import enable_grad
from ..functions import stack
from ..tensor import Tensor
from .levels import Forward, Level, call, gradients, tensors_of

ArgNums = int | tuple[int, ...]


def _chosen(name: str, argnums: ArgNums, count: int) -> tuple[int, ...]:
    """The positions among `count` arguments, not negative."""
    listed = argnums if isinstance(argnums, tuple) else (argnums,)
    for number in listed:
        if not isinstance(number, int):
            raise RuntimeError(f"{name}: argnums must be an int or a tuple of ints; got {argnums!r}")
        if not -count <= number < count:
            raise RuntimeError(f"{name}: argnums {number} is out of range for {count} positional arguments")
    positions = tuple(number % count for number in listed)
    if not positions or len(set(positions)) < len(positions):
        raise RuntimeError(f"{name}: argnums must name at least one argument, each once; got {argnums!r}")
    return positions


class _Watched:
    """The arguments of a call with the chosen ones watched."""

    def __init__(self, level: Level, args: tuple[Any, ...], argnums: ArgNums) -> None:
        self.positions = _chosen(level.name, argnums, len(args))
        self.single = not isinstance(argnums, tuple)
        self.args = list(args)
        self.tensors: list[Tensor] = []
        self._trees = []
        for i in self.positions:
            self.args[i], tensors, build = level.watch_tree(args[i], f"argument {i}")
            self.tensors += tensors
            self._trees.append(build)

    def like(self, leaves: Any) -> Any:
        """Leaves in the nests of the chosen arguments: of one, or a tuple with one nest for each."""
        rest = iter(leaves)
        nests = tuple(build(rest) for build in self._trees)
        return nests[0] if self.single else nests


def grad_and_value(func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of `func` and its value.

    Args:
        func: takes tensors or nests of them, returns a scalar.
        argnums: the arguments to differentiate by; the gradient has the structure of the argument, of several it is a
            tuple of such.
        has_aux: `func` returns (output, aux); then so does the result, as (gradient, (output, aux)).

    Raises:
        RuntimeError: for an output that is no scalar, or `argnums` that are not there.
        TypeError: for arguments that are not floating-point tensors.

    >>> import tinygrad_cnn as tg
    >>> grad_and_value(lambda x: (x**2).sum())(tg.tensor([1.0, 2.0]))
    (tensor([2., 4.]), tensor(5.))
    """
    name = "grad_and_value"

    @wraps(func)
    def with_value(*args: Any, **kwargs: Any) -> Any:
        level = Level(name)
        watched = _Watched(level, args, argnums)
        output, aux = call(func, watched.args, kwargs, has_aux, name)
        if not isinstance(output, Tensor):
            raise RuntimeError(f"{name}: the function must return a tensor; got {type(output).__name__}")
        if output.ndim:
            raise RuntimeError(
                f"{name}: the function must return a scalar; got a tensor of shape {tuple(output.shape)}; "
                "reduce it, or use vjp or jacrev"
            )
        found = gradients([output], watched.tensors, [None], create=level.leads_outside([output]))
        gradient = watched.like(level.let_go(list(found)))
        value = level.let_go(output)
        return gradient, ((value, level.let_go(aux)) if has_aux else value)

    return with_value


def value_and_grad(func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Like `grad_and_value`, in the order of JAX: a function that returns the value of `func` and its gradient.

    With `has_aux` it returns ((output, aux), gradient).

    >>> import tinygrad_cnn as tg
    >>> value_and_grad(lambda x: (x**2).sum())(tg.tensor([1.0, 2.0]))
    (tensor(5.), tensor([2., 4.]))
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def with_gradient(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return value, gradient

    return with_gradient


def grad(func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of `func`; see `grad_and_value`. With `has_aux`, (gradient, aux).

    >>> import tinygrad_cnn as tg
    >>> grad(grad(lambda x: x**3))(tg.tensor(2.0))
    tensor(12.)
    >>> grad(lambda w: (w["a"] * w["b"]).sum())({"a": tg.ones(2), "b": tg.tensor([3.0, 4.0])})
    {'a': tensor([3., 4.]), 'b': tensor([1., 1.])}
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def alone(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return alone


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The output of `func`, and a function u ↦ uᵀJ of cotangents in the structure of the output.

    That function returns a product for each primal, in its structure: a tuple of several, alone of one. It can be
    called any number of times.

    Args:
        func: takes tensors or nests of them, returns a tensor or a nest.
        primals: where it is differentiated.
        has_aux: `func` returns (output, aux), and aux comes third.

    Raises:
        TypeError: for primals that are not floating-point tensors, or another result than tensors.
        RuntimeError: for cotangents of another structure or shape.

    >>> import tinygrad_cnn as tg
    >>> output, product = vjp(lambda x: x**2, tg.tensor([1.0, 2.0]))
    >>> output, product(tg.tensor([1.0, 10.0]))
    (tensor([1., 4.]), (tensor([ 2., 40.]),))
    """
    level = Level("vjp")
    watched = _Watched(level, primals, tuple(range(len(primals))))
    output, aux = call(func, watched.args, {}, has_aux, "vjp")
    leaves, _ = tensors_of(output, "vjp")
    outside = level.leads_outside(leaves)

    def product(*cotangents: Any) -> Any:
        given, _ = tensors_of(cotangents[0] if len(cotangents) == 1 else cotangents, "vjp")
        if [tuple(x.shape) for x in given] != [tuple(x.shape) for x in leaves]:
            raise RuntimeError(
                f"vjp: the output has shapes {[tuple(x.shape) for x in leaves]}, "
                f"the cotangents {[tuple(x.shape) for x in given]}; they must be the same"
            )
        create = outside or any(u.requires_grad for u in given)
        found = gradients(leaves, watched.tensors, given, create=create)
        return watched.like(level.let_go(list(found)))

    value = level.let_go(output)
    return (value, product, level.let_go(aux)) if has_aux else (value, product)


def jvp(func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *, has_aux: bool = False) -> Any:
    """The output of `func`, and J v: its derivative in the direction of the tangents, in the structure of the output.

    Computed by differentiating u ↦ uᵀJ, so it costs a few times as much as the function.

    Args:
        func: takes tensors or nests of them, returns a tensor or a nest.
        primals: a tuple of arguments.
        tangents: a tuple of directions, of the same structure and shapes.
        has_aux: `func` returns (output, aux), and aux comes third.

    Raises:
        RuntimeError: for tangents of another structure or shape.
        TypeError: for primals that are not floating-point tensors, or another result than tensors.

    >>> import tinygrad_cnn as tg
    >>> jvp(lambda x: x**2, (tg.tensor([1.0, 2.0]),), (tg.tensor([1.0, 10.0]),))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    given: tuple[Any, Any] = (primals, tangents)
    if not all(isinstance(each, tuple) for each in given) or not primals:
        raise RuntimeError("jvp: primals and tangents must be tuples with one entry for each argument, and not empty")
    level = Level("jvp")
    watched = _Watched(level, primals, tuple(range(len(primals))))
    directions, _ = tensors_of(tangents, "jvp")
    if [tuple(v.shape) for v in directions] != [tuple(x.shape) for x in watched.tensors]:
        raise RuntimeError(
            f"jvp: the primals have shapes {[tuple(x.shape) for x in watched.tensors]}, "
            f"the tangents {[tuple(v.shape) for v in directions]}; they must be the same"
        )
    output, aux = call(func, watched.args, {}, has_aux, "jvp")
    leaves, build = tensors_of(output, "jvp")
    forward = Forward(level, leaves, watched.tensors)
    value, derivative = level.let_go(output), build(iter(level.let_go(forward.product(directions))))
    return (value, derivative, level.let_go(aux)) if has_aux else (value, derivative)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The output of `func`, and the linear function v ↦ J v, which runs `func` no more.

    >>> import tinygrad_cnn as tg
    >>> output, product = linearize(lambda x: x**2, tg.tensor([1.0, 2.0]))
    >>> product(tg.tensor([1.0, 10.0]))
    tensor([ 2., 40.])
    """
    level = Level("linearize")
    watched = _Watched(level, primals, tuple(range(len(primals))))
    output, _ = call(func, watched.args, {}, False, "linearize")
    leaves, build = tensors_of(output, "linearize")
    forward = Forward(level, leaves, watched.tensors)

    def product(*tangents: Any) -> Any:
        directions, _ = tensors_of(tangents, "linearize")
        return build(iter(level.let_go(forward.product(directions))))

    return level.let_go(output), product


def jacrev(
    func: Callable[..., Any],
    argnums: ArgNums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that returns the Jacobian of `func`, by reverse mode: one walk for each entry of the output.

    For an output of shape S and an argument of shape T it has shape S + T. Of nests it is the nest of the output with,
    in each place, the nest of the argument.

    Args:
        func: takes tensors or nests of them, returns a tensor or a nest.
        argnums: the arguments to differentiate by; of several the innermost level is a tuple.
        has_aux: `func` returns (output, aux); then the result is (jacobian, aux).
        chunk_size: accepted; rows are always computed one by one.

    Raises:
        RuntimeError: for `argnums` that are not there.
        TypeError: for arguments that are not floating-point tensors, or another result than tensors.

    >>> import tinygrad_cnn as tg
    >>> jacrev(lambda x: x**2)(tg.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        level = Level("jacrev")
        watched = _Watched(level, args, argnums)
        output, aux = call(func, watched.args, kwargs, has_aux, "jacrev")
        leaves, build = tensors_of(output, "jacrev")
        create = level.leads_outside(leaves)
        blocks = [watched.like(level.let_go(rows_of(out, watched.tensors, create=create))) for out in leaves]
        result = build(iter(blocks))
        return (result, level.let_go(aux)) if has_aux else result

    return jacobian


def rows_of(output: Tensor, inputs: list[Tensor], *, create: bool) -> list[Tensor]:
    """The Jacobians of an output by each input, of shape output.shape + input.shape, one walk per row."""
    rows = []
    for number in range(output.numel()):
        weight = output.new_zeros(output.numel())
        weight.array[number] = 1
        rows.append(gradients([output], inputs, [weight.reshape(output.shape)], create=create))
    if not rows:
        return [x.new_zeros((*output.shape, *x.shape)) for x in inputs]
    with enable_grad():
        return [
            stack(column).reshape((*output.shape, *x.shape))
            for column, x in zip(zip(*rows, strict=True), inputs, strict=True)
        ]


def jacfwd(
    func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """A function that returns the Jacobian of `func`, by forward mode: one product J v for each entry of the argument.

    The better choice for few inputs and many outputs. The result is that of `jacrev`.

    Args:
        func, argnums, has_aux: as for `jacrev`.
        randomness: accepted; the function runs once, so there is nothing to choose.

    >>> import tinygrad_cnn as tg
    >>> jacfwd(lambda x: x**2)(tg.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        level = Level("jacfwd")
        watched = _Watched(level, args, argnums)
        output, aux = call(func, watched.args, kwargs, has_aux, "jacfwd")
        leaves, build = tensors_of(output, "jacfwd")
        forward = Forward(level, leaves, watched.tensors)
        by_input = [_columns(forward, watched.tensors, i) for i in range(len(watched.tensors))]
        blocks = [watched.like(level.let_go(list(by_output))) for by_output in zip(*by_input, strict=True)]
        result = build(iter(blocks))
        return (result, level.let_go(aux)) if has_aux else result

    return jacobian


def _columns(forward: Forward, inputs: list[Tensor], i: int) -> list[Tensor]:
    """The Jacobians of each output by input i."""
    columns = []
    for number in range(inputs[i].numel()):
        directions = [x.detach().new_zeros(x.shape) for x in inputs]
        directions[i].array.reshape(-1)[number] = 1
        columns.append(forward.product(directions))
    shape = tuple(inputs[i].shape)
    if not columns:
        return [out.new_zeros((*out.shape, *shape)) for out in forward.outputs]
    with enable_grad():
        return [stack(each, dim=-1).reshape((*each[0].shape, *shape)) for each in zip(*columns, strict=True)]


def hessian(func: Callable[..., Any], argnums: ArgNums = 0) -> Callable[..., Any]:
    """A function that returns the Hessian of `func`: `jacfwd` of `jacrev`.

    >>> import tinygrad_cnn as tg
    >>> hessian(lambda x: (x**3).sum())(tg.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
