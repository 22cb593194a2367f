"""Special functions, by the names of `torch.special`; many are the tensor's methods under another name."""

from math import pi, sqrt
from typing import Any

from . import ops
from .autograd.modes import in_scope
from .dtypes import get_default_dtype, is_floating
from .errors import DtypeError
from .functions.orthogonal import (
    chebyshev_polynomial_t,
    chebyshev_polynomial_u,
    chebyshev_polynomial_v,
    chebyshev_polynomial_w,
    hermite_polynomial_h,
    hermite_polynomial_he,
    laguerre_polynomial_l,
    legendre_polynomial_p,
    shifted_chebyshev_polynomial_t,
    shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v,
    shifted_chebyshev_polynomial_w,
)
from .functions.out import with_out
from .functions.pointwise import (
    digamma,
    erf,
    erfc,
    erfinv,
    exp2,
    expm1,
    i0,
    log1p,
    logit,
    polygamma,
    round,
    sinc,
    xlogy,
)
from .functions.reductions import log_softmax, logsumexp, softmax
from .functions.wrap import of_a_tensor
from .tensor import Tensor

__all__ = [
    "airy_ai",
    "bessel_j0",
    "bessel_j1",
    "bessel_y0",
    "bessel_y1",
    "chebyshev_polynomial_t",
    "chebyshev_polynomial_u",
    "chebyshev_polynomial_v",
    "chebyshev_polynomial_w",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammainc",
    "gammaincc",
    "gammaln",
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "modified_bessel_i0",
    "modified_bessel_i1",
    "modified_bessel_k0",
    "modified_bessel_k1",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "scaled_modified_bessel_k0",
    "scaled_modified_bessel_k1",
    "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
    "sinc",
    "softmax",
    "spherical_bessel_j0",
    "xlog1py",
    "xlogy",
    "zeta",
]

psi = digamma
expit = of_a_tensor(Tensor.sigmoid, "expit", "special")
gammainc = of_a_tensor(Tensor.igamma, "gammainc", "special")
gammaincc = of_a_tensor(Tensor.igammac, "gammaincc", "special")
gammaln = of_a_tensor(Tensor.lgamma, "gammaln", "special")
modified_bessel_i0 = of_a_tensor(Tensor.i0, "modified_bessel_i0", "special")
multigammaln = of_a_tensor(Tensor.mvlgamma, "multigammaln", "special")


def _floating(op: str, x: Any) -> Tensor:
    if not isinstance(x, Tensor):
        raise TypeError(f"{op}: expected a tensor; got {type(x).__name__}; make one with tensor(...){in_scope()}")
    return x if is_floating(x.dtype) else x.to(get_default_dtype())


def _pair(op: str, x: Any, y: Any) -> tuple[Tensor, Tensor]:
    """Two tensors, of which one may be given as a number."""
    some = x if isinstance(x, Tensor) else y
    if not isinstance(some, Tensor):
        raise TypeError(f"{op}: expected a tensor; got two numbers{in_scope()}")
    like = _floating(op, some)
    first, second = (z if isinstance(z, Tensor) else like.new_full((), z) for z in (x, y))
    return first, second


@with_out
def entr(input: Tensor) -> Tensor:
    """−x ln x, the entropy; 0 at 0 and −∞ below.

    >>> import tinygrad_cnn as tg
    >>> entr(tg.tensor([0.0, 0.5, 1.0]))
    tensor([0.0000, 0.3466, 0.0000])
    """
    return ops.entr(_floating("entr", input))


@with_out
def erfcx(input: Tensor) -> Tensor:
    """e^(x²) erfc(x), which neither over- nor underflows for positive x.

    >>> import tinygrad_cnn as tg
    >>> erfcx(tg.tensor([0.0, 100.0]))
    tensor([1.0000, 0.0056])
    """
    return ops.erfcx(_floating("erfcx", input))


@with_out
def i0e(input: Tensor) -> Tensor:
    """e^(−|x|) I₀(x), with the modified Bessel function of order 0.

    >>> import tinygrad_cnn as tg
    >>> i0e(tg.tensor([0.0, 1000.0]))
    tensor([1.0000, 0.0126])
    """
    return ops.bessel_i(_floating("i0e", input), order=0, scaled=True)


@with_out
def i1(input: Tensor) -> Tensor:
    """I₁(x), the modified Bessel function of order 1, which is the derivative of `i0`.

    >>> import tinygrad_cnn as tg
    >>> i1(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """
    return ops.bessel_i(_floating("i1", input), order=1, scaled=False)


modified_bessel_i1 = i1


@with_out
def i1e(input: Tensor) -> Tensor:
    """e^(−|x|) I₁(x), with the modified Bessel function of order 1.

    >>> import tinygrad_cnn as tg
    >>> i1e(tg.tensor([0.0, 1000.0]))
    tensor([0.0000, 0.0126])
    """
    return ops.bessel_i(_floating("i1e", input), order=1, scaled=True)


@with_out
def airy_ai(input: Tensor) -> Tensor:
    """Airy's function Ai(x): Ai″ = x Ai, and 0 at ∞.

    >>> import tinygrad_cnn as tg
    >>> airy_ai(tg.tensor([0.0, 1.0]))
    tensor([0.3550, 0.1353])
    """
    return ops.airy_ai(_floating("airy_ai", input), slope=False)


@with_out
def bessel_j0(input: Tensor) -> Tensor:
    """J₀(x), the Bessel function of order 0.

    >>> import tinygrad_cnn as tg
    >>> bessel_j0(tg.tensor([0.0, 1.0]))
    tensor([1.0000, 0.7652])
    """
    return ops.bessel_j(_floating("bessel_j0", input), order=0)


@with_out
def bessel_j1(input: Tensor) -> Tensor:
    """J₁(x), the Bessel function of order 1, which is −J₀′.

    >>> import tinygrad_cnn as tg
    >>> bessel_j1(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 0.4401])
    """
    return ops.bessel_j(_floating("bessel_j1", input), order=1)


@with_out
def bessel_y0(input: Tensor) -> Tensor:
    """Y₀(x), the Bessel function of the second kind of order 0; NaN below 0.

    >>> import tinygrad_cnn as tg
    >>> bessel_y0(tg.tensor([0.0, 1.0]))
    tensor([ -inf, 0.0883])
    """
    return ops.bessel_y(_floating("bessel_y0", input), order=0)


@with_out
def bessel_y1(input: Tensor) -> Tensor:
    """Y₁(x), the Bessel function of the second kind of order 1, which is −Y₀′; NaN below 0.

    >>> import tinygrad_cnn as tg
    >>> bessel_y1(tg.tensor([0.0, 1.0]))
    tensor([ -inf, -0.7812])
    """
    return ops.bessel_y(_floating("bessel_y1", input), order=1)


@with_out
def modified_bessel_k0(input: Tensor) -> Tensor:
    """K₀(x), the modified Bessel function of the second kind of order 0; NaN below 0.

    >>> import tinygrad_cnn as tg
    >>> modified_bessel_k0(tg.tensor([0.0, 1.0]))
    tensor([ inf, 0.4210])
    """
    return ops.bessel_k(_floating("modified_bessel_k0", input), order=0, scaled=False)


@with_out
def modified_bessel_k1(input: Tensor) -> Tensor:
    """K₁(x), the modified Bessel function of the second kind of order 1, which is −K₀′; NaN below 0.

    >>> import tinygrad_cnn as tg
    >>> modified_bessel_k1(tg.tensor([0.0, 1.0]))
    tensor([ inf, 0.6019])
    """
    return ops.bessel_k(_floating("modified_bessel_k1", input), order=1, scaled=False)


@with_out
def scaled_modified_bessel_k0(input: Tensor) -> Tensor:
    """eˣ K₀(x), which does not underflow.

    >>> import tinygrad_cnn as tg
    >>> scaled_modified_bessel_k0(tg.tensor([1.0, 1000.0]))
    tensor([1.1445, 0.0396])
    """
    return ops.bessel_k(_floating("scaled_modified_bessel_k0", input), order=0, scaled=True)


@with_out
def scaled_modified_bessel_k1(input: Tensor) -> Tensor:
    """eˣ K₁(x), which does not underflow.

    >>> import tinygrad_cnn as tg
    >>> scaled_modified_bessel_k1(tg.tensor([1.0, 1000.0]))
    tensor([1.6362, 0.0396])
    """
    return ops.bessel_k(_floating("scaled_modified_bessel_k1", input), order=1, scaled=True)


@with_out
def spherical_bessel_j0(input: Tensor) -> Tensor:
    """sin(x) / x, and 1 at 0: the spherical Bessel function of order 0.

    >>> import tinygrad_cnn as tg
    >>> spherical_bessel_j0(tg.tensor([0.0, 1.0]))
    tensor([1.0000, 0.8415])
    """
    return sinc(ops.mul(_floating("spherical_bessel_j0", input), 1 / pi))


@with_out
def ndtr(input: Tensor) -> Tensor:
    """Φ(x) = erfc(−x / √2) / 2, the probability that a normally distributed number is less.

    >>> import tinygrad_cnn as tg
    >>> ndtr(tg.tensor([-1.0, 0.0, 1.0]))
    tensor([0.1587, 0.5000, 0.8413])
    """
    return ops.mul(ops.erfc(ops.mul(_floating("ndtr", input), -1 / sqrt(2))), 0.5)


@with_out
def log_ndtr(input: Tensor) -> Tensor:
    """ln Φ(x), exact where Φ(x) underflows.

    >>> import tinygrad_cnn as tg
    >>> log_ndtr(tg.tensor([-100.0, 0.0]))
    tensor([-5.0055e+03, -6.9315e-01])
    """
    x = _floating("log_ndtr", input)
    low = ops.lt(x, -1)
    below = ops.where(low, x, -1.0)  # each branch sees only its own values, so that no gradient is NaN
    above = ops.where(low, 0.0, x)
    tail = ops.sub(ops.log(ops.mul(ops.erfcx(ops.mul(below, -1 / sqrt(2))), 0.5)), ops.mul(ops.square(below), 0.5))
    return ops.where(low, tail, ops.log1p(ops.mul(ops.erfc(ops.mul(above, 1 / sqrt(2))), -0.5)))


@with_out
def ndtri(input: Tensor) -> Tensor:
    """The number below which a normally distributed one lies with this probability: the inverse of `ndtr`.

    >>> import tinygrad_cnn as tg
    >>> ndtri(tg.tensor([0.0, 0.5, 0.975]))
    tensor([ -inf, 0.0000, 1.9600])
    """
    return ops.ndtri(_floating("ndtri", input))


@with_out
def xlog1py(input: Any, other: Any) -> Tensor:
    """x ln(1 + y), and 0 for x = 0; one of the two may be a number.

    >>> import tinygrad_cnn as tg
    >>> xlog1py(tg.tensor([0.0, 2.0]), -1.0)
    tensor([0., -inf])
    """
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        raise TypeError(f"xlog1py: expected a tensor; got two numbers{in_scope()}")
    out: Tensor = ops.xlog1py(input, other)
    return out


@with_out
def zeta(input: Any, other: Any) -> Tensor:
    """Hurwitz' ζ(x, q) = Σₖ (k + q)⁻ˣ; one of the two may be a number. The derivative is the one in q.

    >>> import tinygrad_cnn as tg
    >>> zeta(tg.tensor([2.0, 4.0]), 1.0)
    tensor([1.6449, 1.0823])
    """
    s, q = _pair("zeta", input, other)
    if isinstance(input, Tensor) and input.requires_grad:
        raise DtypeError(f"zeta: there is no derivative in the first argument; use .detach(){in_scope()}")
    out: Tensor = ops.zeta(s, q.to(s.dtype) if is_floating(s.dtype) and s.ndim >= q.ndim else q)
    return out
