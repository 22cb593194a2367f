"""Tensor methods of physics and probability: Bessel's function, incomplete gamma functions; numbers taken apart."""

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import get_default_dtype, is_floating, result_type
from ..errors import DtypeError
from .base import TensorBase

if TYPE_CHECKING:
    from . import Tensor


class Frexp(NamedTuple):
    """What `frexp` returns: x = mantissa · 2^exponent, with ½ ≤ |mantissa| < 1."""

    mantissa: "Tensor"
    exponent: "Tensor"


class SpecialMethods(TensorBase):
    """Special functions that need no others' company."""

    __slots__ = ()

    def i0(self) -> Self:
        """I₀(x), the modified Bessel function of order 0.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([0.0, 1.0]).i0()
        tensor([1.0000, 1.2661])
        """
        x = self if is_floating(self.dtype) else ops.cast(self, dtype=get_default_dtype(), source=self.dtype)
        return ops.bessel_i(x, order=0, scaled=False)

    def igamma(self, other: TensorBase) -> Self:
        """P(a, x) = 1/Γ(a) ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt of a = self and x = other; differentiable in x.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([1.0]).igamma(tg.tensor([1.0]))
        tensor([0.6321])
        """
        return self._incomplete("igamma", ops.igamma, other)

    def igammac(self, other: TensorBase) -> Self:
        """1 − igamma, exact where that is small.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([1.0]).igammac(tg.tensor([1.0]))
        tensor([0.3679])
        """
        return self._incomplete("igammac", ops.igammac, other)

    def _incomplete(self, op: str, function: Any, other: TensorBase) -> Self:
        if not (is_floating(self.dtype) or is_floating(other.dtype)):
            raise DtypeError(f"{op}: needs floating-point values; got {self.dtype} and {other.dtype}{in_scope()}")
        if self.node is not None:
            raise DtypeError(f"{op}: there is no derivative in the first argument; use .detach(){in_scope()}")
        with_dims = [x.dtype for x in (self, other) if x.ndim]
        common = result_type(with_dims, [x.dtype for x in (self, other) if not x.ndim], [])
        a, x = (z if z.dtype == common else ops.cast(z, dtype=common, source=z.dtype) for z in (self, other))
        return function(a, x)  # type: ignore[no-any-return]

    def frexp(self) -> Frexp:
        """Mantissa and exponent: self = mantissa · 2^exponent, with ½ ≤ |mantissa| < 1.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([6.0]).frexp()
        Frexp(mantissa=tensor([0.7500]), exponent=tensor([3], dtype=int32))
        """
        if not is_floating(self.dtype):
            raise DtypeError(f"frexp: needs floating-point values; got dtype {self.dtype}{in_scope()}")
        xp = self.backend.xp
        exponent = xp.asarray(xp.frexp(self.array)[1], dtype="int32")
        half = self.plain.from_array(xp.asarray(xp.ldexp(xp.ones_like(self.array), exponent - 1)))
        return Frexp._make((ops.mul(ops.div(self, half), 0.5), self.plain.from_array(exponent)))
