"""Products with Jacobians and Hessians, and these matrices themselves, after `torch.autograd.functional`.

The functions here take a function and its inputs. `tinygrad_cnn.func` has the same as functions of functions.
"""

from collections.abc import Callable, Sequence
from typing import Any

from .autograd import enable_grad
from .derivatives import grad
from .functions import stack
from .tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = Tensor | tuple[Tensor, ...]


def _listed(name: str, what: str, values: Any) -> tuple[Tensor, ...]:
    listed = tuple(values) if isinstance(values, tuple | list) else (values,)
    for i, x in enumerate(listed):
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}: {what} must be a tensor or a tuple of tensors; got {type(x).__name__} at {i}")
    return listed


class _Call:
    """A function applied to inputs that it can be differentiated by.

    Attributes:
        inputs: what the function was given: connected with the caller's tensors if a graph shall be created.
        outputs: what it returned.
        several_inputs, several_outputs: whether they came as tuples.
    """

    def __init__(self, name: str, func: Callable[..., Any], inputs: Any, create_graph: bool) -> None:
        self.name, self.create_graph = name, create_graph
        self.several_inputs = isinstance(inputs, tuple | list)
        given = _listed(name, "inputs", inputs)
        with enable_grad():
            self.inputs = tuple(
                x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_() for x in given
            )
            returned = func(*self.inputs)
        self.several_outputs = isinstance(returned, tuple | list)
        self.outputs = _listed(name, "the outputs of the function", returned)

    def gradients(
        self,
        outputs: Sequence[Tensor],
        inputs: Sequence[Tensor],
        weights: Sequence[Any],
        strict: bool,
        *,
        create_graph: bool,
        independent: str = "the outputs of the function do not depend on input {}",
    ) -> tuple[Tensor, ...]:
        """Gradients of the weighted outputs: zeros, or errors if `strict`, where they do not depend on an input."""
        pairs = [(out, weight) for out, weight in zip(outputs, weights, strict=True) if out.requires_grad]
        found: tuple[Any, ...] = (None,) * len(inputs)
        if pairs:
            with enable_grad():
                found = grad(
                    [out for out, _ in pairs],
                    inputs,
                    [weight for _, weight in pairs],
                    retain_graph=True,
                    create_graph=create_graph,
                    allow_unused=True,
                )
        if strict and any(g is None for g in found):
            which = next(i for i, g in enumerate(found) if g is None)
            raise RuntimeError(f"{self.name}: {independent.format(which)}, which strict=True does not allow")
        return tuple(x.detach().new_zeros(x.shape) if g is None else g for x, g in zip(inputs, found, strict=True))

    def check_strict(self) -> None:
        """Raise RuntimeError for an output that depends on no input."""
        for i, out in enumerate(self.outputs):
            if not out.requires_grad:
                raise RuntimeError(
                    f"{self.name}: output {i} of the function does not depend on the inputs, which strict=True "
                    "does not allow"
                )

    def weights(self, v: Any, like: Sequence[Tensor], what: str) -> tuple[Any, ...]:
        """The vector as a tuple, checked; 1 for a single element if there is none."""
        if v is None:
            if len(like) != 1 or like[0].numel() != 1:
                raise RuntimeError(f"{self.name}: v may be left out only where {what} has a single element")
            return (like[0].detach().new_ones(like[0].shape),)
        given = _listed(self.name, "v", v)
        if [tuple(x.shape) for x in given] != [tuple(x.shape) for x in like]:
            raise RuntimeError(
                f"{self.name}: v has shapes {[tuple(x.shape) for x in given]}, {what} "
                f"{[tuple(x.shape) for x in like]}; they must be the same"
            )
        return given

    def like_inputs(self, values: Sequence[Any]) -> Any:
        """As the inputs came: alone or in a tuple, without history unless a graph was asked for."""
        return self._finished(values, self.several_inputs)

    def like_outputs(self, values: Sequence[Any]) -> Any:
        """As the outputs came."""
        return self._finished(values, self.several_outputs)

    def _finished(self, values: Sequence[Any], several: bool) -> Any:
        kept = [x.detach() if isinstance(x, Tensor) and not self.create_graph else x for x in values]
        return tuple(kept) if several else kept[0]


def vjp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs, and vᵀJ, in the structure of the inputs.

    Args:
        func: takes the tensors of `inputs`, returns a tensor or a tuple.
        inputs: a tensor or a tuple.
        v: of the shapes of the outputs; may be left out for a single element.
        create_graph: make the results differentiable.
        strict: an output that depends on no input, or an input on which nothing depends, is an error; else the
            derivative is 0.

    Raises:
        RuntimeError: for v of another shape, or what `strict` finds.
        TypeError: for something else than tensors.

    >>> import tinygrad_cnn as tg
    >>> vjp(lambda x: x**2, tg.tensor([1.0, 2.0]), tg.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    call = _Call("vjp", func, inputs, create_graph)
    weights = call.weights(v, call.outputs, "the output")
    if strict:
        call.check_strict()
    found = call.gradients(call.outputs, call.inputs, weights, strict, create_graph=create_graph)
    return call.like_outputs(call.outputs), call.like_inputs(found)


def jvp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs, and J v, in the structure of the outputs: the derivative of u ↦ uᵀJ in the direction v.

    Args:
        func, inputs, create_graph, strict: as for `vjp`.
        v: of the shapes of the inputs; may be left out for a single element.

    >>> import tinygrad_cnn as tg
    >>> jvp(lambda x: x**2, tg.tensor([1.0, 2.0]), tg.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    call = _Call("jvp", func, inputs, create_graph)
    directions = call.weights(v, call.inputs, "the input")
    if strict:
        call.check_strict()
    found = _forward(call, strict)(directions)
    return call.like_outputs(call.outputs), call.like_outputs(found)


def _forward(call: _Call, strict: bool) -> Callable[[Sequence[Tensor]], tuple[Tensor, ...]]:
    """The function v ↦ J v."""
    u = tuple(out.detach().new_zeros(out.shape).requires_grad_() for out in call.outputs)
    products = call.gradients(call.outputs, call.inputs, u, strict, create_graph=True)
    return lambda v: call.gradients(products, u, v, False, create_graph=call.create_graph)


def jacobian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian: for an output of shape S and an input of shape T a tensor of shape S + T.

    For a tuple of outputs it is a tuple, and so for a tuple of inputs; for both a tuple of tuples, outputs outside.

    Args:
        func, inputs, create_graph, strict: as for `vjp`.
        vectorize: accepted; rows or columns are always computed one by one.
        strategy: "reverse-mode", one walk for each entry of the output, or "forward-mode", one for each of the input.

    Raises:
        ValueError: for another strategy.

    >>> import tinygrad_cnn as tg
    >>> jacobian(lambda x: x**2, tg.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in {"reverse-mode", "forward-mode"}:
        raise ValueError(f'jacobian: strategy must be "reverse-mode" or "forward-mode"; got {strategy!r}')
    return _jacobian(_Call("jacobian", func, inputs, create_graph), strict, strategy == "forward-mode")


def _jacobian(call: _Call, strict: bool, forward: bool) -> Any:
    if strict:
        call.check_strict()
    blocks = _by_columns(call, strict) if forward else _by_rows(call, strict)
    return call.like_outputs([call.like_inputs(row) for row in blocks])


def _by_rows(call: _Call, strict: bool) -> list[list[Tensor]]:
    blocks = []
    for number, out in enumerate(call.outputs):
        independent = f"output {number} of the function does not depend on input {{}}"
        rows = [
            call.gradients(
                [out], call.inputs, [weight], strict, create_graph=call.create_graph, independent=independent
            )
            for weight in _units(out)
        ]
        blocks.append([_joined([row[i] for row in rows], out, x, 0) for i, x in enumerate(call.inputs)])
    return blocks


def _by_columns(call: _Call, strict: bool) -> list[list[Tensor]]:
    product = _forward(call, strict)
    zeros = [x.detach().new_zeros(x.shape) for x in call.inputs]
    by_input = []
    for i, x in enumerate(call.inputs):
        columns = [product([*zeros[:i], unit, *zeros[i + 1 :]]) for unit in _units(x)]
        by_input.append([_joined([c[j] for c in columns], out, x, -1) for j, out in enumerate(call.outputs)])
    return [list(row) for row in zip(*by_input, strict=True)]


def _units(like: Tensor) -> list[Tensor]:
    """Tensors of a shape with a single 1, which goes through all places."""
    units = []
    for number in range(like.numel()):
        unit = like.detach().new_zeros(like.numel())
        unit.array[number] = 1
        units.append(unit.reshape(like.shape))
    return units


def _joined(parts: list[Tensor], out: Tensor, x: Tensor, dim: int) -> Tensor:
    shape = (*out.shape, *x.shape)
    if not parts:
        return out.detach().new_zeros(shape)
    with enable_grad():
        return stack(parts, dim=dim).reshape(shape)


def hessian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of a function with one element: for inputs of shapes S and T a tensor of shape S + T.

    Args:
        func: returns a tensor with a single element.
        inputs, create_graph, strict, vectorize: as for `jacobian`.
        outer_jacobian_strategy: the strategy of the Jacobian of the gradient.

    Raises:
        RuntimeError: for a function of several elements.

    >>> import tinygrad_cnn as tg
    >>> hessian(lambda x: (x**3).sum(), tg.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    several = isinstance(inputs, tuple | list)

    def gradient(*values: Tensor) -> Any:
        call = _Call("hessian", func, values if several else values[0], True)
        out = _single(call)
        if strict:
            call.check_strict()
        return call.like_inputs(call.gradients([out], call.inputs, [None], strict, create_graph=True))

    return jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


def _single(call: _Call) -> Tensor:
    if call.several_outputs or call.outputs[0].numel() != 1:
        raise RuntimeError(
            f"{call.name}: the function must return a tensor with a single element; "
            f"got shapes {[tuple(out.shape) for out in call.outputs]}"
        )
    return call.outputs[0]


def vhp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The output of a function with one element, and vᵀH, in the structure of the inputs.

    Args:
        func: returns a tensor with a single element.
        inputs, create_graph, strict: as for `vjp`.
        v: of the shapes of the inputs; may be left out for a single element.

    >>> import tinygrad_cnn as tg
    >>> vhp(lambda x: (x**3).sum(), tg.tensor([1.0, 2.0]), tg.tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    return _hessian_product("vhp", func, inputs, v, create_graph, strict)


def hvp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The output, and H v, which is vᵀH, since the Hessian is symmetric; see `vhp`.

    >>> import tinygrad_cnn as tg
    >>> hvp(lambda x: (x**3).sum(), tg.tensor([1.0, 2.0]), tg.tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    return _hessian_product("hvp", func, inputs, v, create_graph, strict)


def _hessian_product(
    name: str, func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[Any, Any]:
    call = _Call(name, func, inputs, create_graph)
    out = _single(call)
    weights = call.weights(v, call.inputs, "the input")
    if strict:
        call.check_strict()
    slopes = call.gradients([out], call.inputs, [None], strict, create_graph=True)
    constant = "the gradient of the function does not depend on input {}"
    found = call.gradients(slopes, call.inputs, weights, strict, create_graph=create_graph, independent=constant)
    return call.like_outputs([out]), call.like_inputs(found)
