"""What an operation is: a forward function, and beside it one gradient rule per differentiable input.

    @elementwise(x=lambda g, y: g * y, y=lambda g, x: g * x)
    def mul(backend, x, y):
        return x * y

Positional arguments of the forward function are arrays and can be differentiated; keyword-only arguments are fixed
parameters. A rule takes the gradient `g` of the output and *names* whatever else it needs: an input, `out`,
a parameter, `<input>_shape`, or a residual. What is named is saved for backward, and nothing else is. Rules are written
in operations, so they can be differentiated in their turn.
"""

from collections.abc import Callable
from functools import cache
from inspect import Parameter, signature
from typing import Any, TypeVar

T = TypeVar("T")
Rule = tuple[Callable[..., Any], tuple[str, ...]]  # a rule and the names of its needs

OUT = -1  # where a plan finds the output; residual j is at -2 - j, input i at i

_find_backend: Callable[[Any], Any]


def use_backends(find: Callable[[Any], Any]) -> None:
    """Tell operations how to find the backend of an array: the engine itself knows no backend."""
    global _find_backend  # noqa: PLW0603 - set once, when the tensor floor is imported
    _find_backend = find


class Op:
    """An operation on arrays, with its derivative. Call it on tensors to compute and record, on arrays to compute.

    Attributes:
        name: of the forward function.
        inputs: names of the differentiable positions.
        params: names of the fixed parameters.
        rules: by input, a rule with its needs, or None where the output does not depend smoothly on it.
        joint: one rule for all inputs together, where they share a kernel.
        residuals: names of what forward returns beside its output, for the rules.
        broadcasts: whether inputs broadcast, so that gradients are summed to their shapes.
        dtypes: what happens to unequal dtypes: "promote", "float" (promote, integers to the default float), "equal" (an
            error) or "any".
        view: whether the result may share the input's memory.
        exact: whether it moves or converts values and computes none, so that floats of 16 bits are as good as others.

    >>> tg.ops.mul.inputs, tg.ops.mul(np.ones(2), 3.0)
    (('x', 'y'), array([3., 3.]))
    """

    takes_16_bits = False  # see `widened`
    only_products = False  # whether it and its rules are products and sums, which some backends do in float32
    policy = ""  # the precision that autocast wants for it

    def __init__(
        self,
        forward: Callable[..., Any],
        rules: dict[str, Callable[..., Any]],
        joint: Callable[..., Any] | None,
        residuals: tuple[str, ...],
        *,
        broadcasts: bool,
        dtypes: str,
        view: bool,
        exact: bool = False,
    ) -> None:
        self.forward = forward
        self.name = forward.__name__.rstrip("_")
        self.__name__, self.__doc__, self.__module__ = forward.__name__, forward.__doc__, forward.__module__
        self.__wrapped__ = forward
        self.residuals, self.broadcasts, self.dtypes, self.view = residuals, broadcasts, dtypes, view
        self.exact = exact or view

        parameters = list(signature(forward).parameters.values())[1:]  # without the backend
        self.inputs = tuple(p.name for p in parameters if p.kind is not Parameter.KEYWORD_ONLY)
        self.params = tuple(p.name for p in parameters if p.kind is Parameter.KEYWORD_ONLY)
        self.variadic = any(p.kind is Parameter.VAR_POSITIONAL for p in parameters)
        self.shape_needs = {f"{name}_shape": i for i, name in enumerate(self.inputs)}

        if unknown := set(rules) - set(self.inputs):
            raise TypeError(f"op {self.name}: rules for {sorted(unknown)}, but its inputs are {list(self.inputs)}")
        self.rules = tuple((rules[name], self._needs(rules[name])) if name in rules else None for name in self.inputs)
        self.joint = (joint, self._needs(joint)) if joint else None
        self.differentiable = joint is not None or bool(rules)
        # Inputs without a rule choose among the others, like the condition of `where`; they keep their dtype.
        self.promoted = tuple(i for i, rule in enumerate(self.rules) if rule) or tuple(range(len(self.inputs)))
        self.plan = cache(self._plan)

    def _needs(self, rule: Callable[..., Any]) -> tuple[str, ...]:
        """The names after `g` in a rule's signature, checked here so that a misspelling fails at import."""
        first, *needs = signature(rule).parameters
        known = {*self.inputs, *self.params, *self.shape_needs, *self.residuals, "out", "input_shapes"}
        if first != "g" or (unknown := set(needs) - known):
            raise TypeError(
                f"op {self.name}: a rule takes g and then names from {sorted(known)}; this one takes {[first, *needs]}"
                + (f", and {sorted(unknown)} are unknown" if first == "g" else "")
            )
        return tuple(needs)

    def _plan(self, wanted: int) -> tuple[tuple[str, int], ...]:
        """What to save when the inputs of the bit mask `wanted` want gradients: names, and where to find them."""
        if self.joint is not None:
            used = [self.joint]
        else:
            used = [rule for i, rule in enumerate(self.rules) if rule and wanted >> i & 1]
        where = {name: i for i, name in enumerate(self.inputs)} | {"out": OUT}
        where |= {name: -2 - j for j, name in enumerate(self.residuals)}
        names = dict.fromkeys(name for _, needs in used for name in needs if name in where)
        return tuple((name, where[name]) for name in names)

    def fit(self, gradient: Any, shape: tuple[int, ...], name: str) -> Any:
        """Sum a gradient over the dimensions along which the input was broadcast."""
        if self.broadcasts:
            return sum_to(gradient, shape=shape)
        raise RuntimeError(
            f"engine error: the rule of {self.name} for {name} returned shape {tuple(gradient.shape)}; "
            f"the input has shape {tuple(shape)}"
        )

    def __call__(self, x: T, *others: Any, **params: Any) -> T:
        """Apply the operation: to tensors it gives a tensor, to arrays an array."""
        args = (x, *others)
        for value in args:
            if hasattr(value, "__apply_op__"):
                return value.__apply_op__(self, args, params)  # type: ignore[no-any-return]
        backend = _find_backend(args)
        result = self.forward(backend, *args, **params) if params else self.forward(backend, *args)
        return result[0] if self.residuals else result  # type: ignore[no-any-return]

    def with_residuals(self, x: T, *others: Any, **params: Any) -> tuple[T, tuple[Any, ...]]:
        """Apply the operation and return its residuals too, as plain arrays."""
        args = (x, *others)
        for value in args:
            if hasattr(value, "__apply_op__"):
                return value.__apply_op__(self, args, params, residuals=True)  # type: ignore[no-any-return]
        out, *residuals = self.forward(_find_backend(args), *args, **params)
        return out, tuple(residuals)

    def __repr__(self) -> str:
        return f"<op {self.name}({', '.join(self.inputs)}{'; ' * bool(self.params)}{', '.join(self.params)})>"


def op(
    *,
    joint: Callable[..., Any] | None = None,
    residuals: tuple[str, ...] = (),
    view: bool = False,
    exact: bool = False,
    dtypes: str = "any",
    **rules: Callable[..., Any],
) -> Callable[[Callable[..., Any]], Op]:
    """Make an operation of a forward function, with one rule per differentiable input (see the module's docstring).

    >>> @op(x=lambda g, x_shape: broadcast_to(g, shape=x_shape))
    ... def total(backend, x):
    ...     return x.sum()
    >>> x = tg.ones(2, requires_grad=True)
    >>> tg.autograd.grad(total(x), x)
    (tensor([1., 1.]),)
    """
    return lambda forward: Op(forward, rules, joint, residuals, broadcasts=False, dtypes=dtypes, view=view, exact=exact)


def elementwise(*, dtypes: str = "promote", **rules: Callable[..., Any]) -> Callable[[Callable[..., Any]], Op]:
    """Like `op`, for inputs that broadcast against each other and are promoted to one dtype first.

    >>> @elementwise(x=lambda g, x: g * 3 * x**2)
    ... def cube(backend, x):
    ...     return x**3
    >>> x = tg.tensor([2.0], requires_grad=True)
    >>> cube(x).sum().backward()
    >>> x.grad
    tensor([12.])
    """
    return lambda forward: Op(forward, rules, None, (), broadcasts=True, dtypes=dtypes, view=False)


# The one pair of operations that the engine itself needs: what broadcasting does, and its adjoint.


@op(x=lambda g, x_shape: sum_to(g, shape=x_shape), view=True)
def broadcast_to(backend: Any, x: Any, *, shape: tuple[int, ...]) -> Any:
    """Repeat x along dimensions of size 1 and new leading ones, without copying, until it has the shape."""
    return backend.xp.broadcast_to(x, shape)


@op(x=lambda g, x_shape: broadcast_to(g, shape=x_shape))
def sum_to(backend: Any, x: Any, *, shape: tuple[int, ...]) -> Any:
    """Sum x over the dimensions along which `shape` would be broadcast to give x's shape."""
    leading = x.ndim - len(shape)
    if shape and x.shape[leading:] == shape:  # as of a bias: nothing but new dimensions
        return x.sum(axis=tuple(range(leading)), dtype=x.dtype)
    repeated = tuple(i for i, n in enumerate(x.shape) if i < leading or (shape[i - leading] == 1 and n != 1))
    return x.sum(axis=repeated, keepdims=True, dtype=x.dtype).reshape(shape)
