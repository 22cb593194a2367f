"""Orthogonal polynomials by their recurrences, for `special`: differentiable in x, to every order."""

from collections.abc import Callable
from typing import Any

from .. import ops
from ..autograd import unrecordable
from ..autograd.modes import in_scope
from ..dtypes import get_default_dtype, is_floating
from ..tensor import Tensor
from .out import with_out

__all__ = [
    "chebyshev_polynomial_t",
    "chebyshev_polynomial_u",
    "chebyshev_polynomial_v",
    "chebyshev_polynomial_w",
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
    "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
]

First = Callable[[Any], Any]
Following = Callable[[int, Any, Any, Any], Any]


def _family(name: str, formula: str, first: First, following: Following, cubic: str) -> Callable[..., Tensor]:
    """A family of polynomials: p₀ = 1, p₁ = first(x), pₖ₊₁ = following(k, x, pₖ, pₖ₋₁); the example is p₃(1/2)."""

    def polynomial(input: Any, n: Any) -> Tensor:
        some = input if isinstance(input, Tensor) else n
        if not isinstance(some, Tensor):
            raise TypeError(f"{name}: expected a tensor; got two numbers{in_scope()}")
        unrecordable(f"{name}: the degrees say how many steps there are")
        x = input if isinstance(input, Tensor) else some.new_tensor(float(input), dtype=get_default_dtype())
        x = x if is_floating(x.dtype) else x.to(get_default_dtype())
        degree: Any = (n if isinstance(n, Tensor) else x.new_tensor(float(n))).detach()
        if is_floating(degree.dtype):
            x = x.to(ops.add(x.detach().reshape(-1)[:0], degree.reshape(-1)[:0]).dtype)
        degree = degree.long()
        x, degree = x + ops.mul(degree, 0), degree + ops.mul(x.detach().nan_to_num(0.0, 0.0, 0.0).long(), 0)
        before, p = x * 0 + 1, first(x)
        out: Any = ops.where(degree == 0, before, 0.0)
        for k in range(1, (int(degree.max()) if degree.numel() else 0) + 1):
            out = ops.where(degree == k, p, out)
            before, p = p, following(k, x, p, before)
        return out  # type: ignore[no-any-return]

    polynomial.__name__ = polynomial.__qualname__ = name
    polynomial.__doc__ = (
        f"{formula}, element by element.\n\n"
        "The degrees n broadcast against x, and of the two one may be a number; a negative degree gives 0.\n\n"
        f">>> {name}(tg.tensor([0.5]), 3)\ntensor([{cubic}])"
    )
    return with_out(polynomial)


def _chebyshev(
    kind: str, first: First, cubic: str, shifted: str
) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    upper, low = kind.upper(), kind
    return (
        _family(
            f"chebyshev_polynomial_{low}",
            f"Chebyshev's polynomials {upper}ₙ₊₁ = 2x {upper}ₙ − {upper}ₙ₋₁",
            first,
            lambda k, x, p, before: 2 * x * p - before,
            cubic,
        ),
        _family(
            f"shifted_chebyshev_polynomial_{low}",
            f"Chebyshev's polynomials {upper}ₙ(2x − 1), those of [0, 1]",
            lambda x: first(2 * x - 1),
            lambda k, x, p, before: 2 * (2 * x - 1) * p - before,
            shifted,
        ),
    )


chebyshev_polynomial_t, shifted_chebyshev_polynomial_t = _chebyshev("t", lambda x: x, "-1.", "-0.")
chebyshev_polynomial_u, shifted_chebyshev_polynomial_u = _chebyshev("u", lambda x: 2 * x, "-1.", "-0.")
chebyshev_polynomial_v, shifted_chebyshev_polynomial_v = _chebyshev("v", lambda x: 2 * x - 1, "-1.", "1.")
chebyshev_polynomial_w, shifted_chebyshev_polynomial_w = _chebyshev("w", lambda x: 2 * x + 1, "-1.", "-1.")
hermite_polynomial_h = _family(
    "hermite_polynomial_h",
    "Hermite's polynomials of physics, Hₙ₊₁ = 2x Hₙ − 2n Hₙ₋₁",
    lambda x: 2 * x,
    lambda k, x, p, before: 2 * x * p - 2 * k * before,
    "-5.",
)
hermite_polynomial_he = _family(
    "hermite_polynomial_he",
    "Hermite's polynomials of probability, Heₙ₊₁ = x Heₙ − n Heₙ₋₁",
    lambda x: x,
    lambda k, x, p, before: x * p - k * before,
    "-1.3750",
)
laguerre_polynomial_l = _family(
    "laguerre_polynomial_l",
    "Laguerre's polynomials, (n + 1) Lₙ₊₁ = (2n + 1 − x) Lₙ − n Lₙ₋₁",
    lambda x: 1 - x,
    lambda k, x, p, before: ((2 * k + 1 - x) * p - k * before) / (k + 1),
    "-0.1458",
)
legendre_polynomial_p = _family(
    "legendre_polynomial_p",
    "Legendre's polynomials, (n + 1) Pₙ₊₁ = (2n + 1) x Pₙ − n Pₙ₋₁",
    lambda x: x,
    lambda k, x, p, before: ((2 * k + 1) * x * p - k * before) / (k + 1),
    "-0.4375",
)
