"""Distributions over real numbers."""

from math import log, pi
from typing import Any

from ..creation import rand, randn
from ..functions import where
from ..linalg import cholesky, solve_triangular
from ..tensor import Tensor
from .base import Distribution, parameters


class Normal(Distribution):
    """The density exp(−(x − loc)² / 2scale²) / (scale √2π).

    >>> Normal(0.0, 1.0)
    Normal(loc: 0.0, scale: 1.0)
    """

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: Any = None) -> None:
        self.loc, self.scale = parameters(loc, scale)
        _positive("Normal", "scale", self.scale)
        super().__init__(self.loc.shape)

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """loc + scale · ε, where ε is standard normal: the reparametrisation of Kingma & Welling 2014."""
        return self.loc + self.scale * randn(shape, dtype=self.loc.dtype, device=self.loc.device)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - self.scale.log() - log(2 * pi) / 2

    def entropy(self) -> Tensor:
        """½ + ½ log 2π + log scale"""
        return 0.5 + log(2 * pi) / 2 + self.scale.log()

    def cdf(self, value: Tensor) -> Tensor:
        """½ (1 + erf((x − loc) / (scale √2)))"""
        return 0.5 * (1 + ((value - self.loc) / (self.scale * 2**0.5)).erf())

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        return self.loc + self.scale * (2 * value - 1).erfinv() * 2**0.5

    @property
    def mean(self) -> Tensor:
        """`loc`"""
        return self.loc

    mode = mean

    @property
    def stddev(self) -> Tensor:
        """`scale`"""
        return self.scale

    @property
    def variance(self) -> Tensor:
        """`scale`²"""
        return self.scale**2


class LogNormal(Distribution):
    """exp of what is normal.

    Args:
        loc: the mean of the logarithm.
        scale: the standard deviation of the logarithm.

    >>> tg.distributions.LogNormal(tg.tensor(0.0), tg.tensor(1.0)).mean
    tensor(1.6487)
    """

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: Any = None) -> None:
        self.base_dist = Normal(loc, scale)
        self.loc, self.scale = self.base_dist.loc, self.base_dist.scale
        super().__init__(self.loc.shape)

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """exp of a draw."""
        return self.base_dist.draw(shape).exp()

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        return self.base_dist.log_prob(value.log()) - value.log()

    def entropy(self) -> Tensor:
        """That of the logarithm, plus its mean."""
        return self.base_dist.entropy() + self.loc

    @property
    def mean(self) -> Tensor:
        """exp(loc + scale² / 2)"""
        return (self.loc + self.scale**2 / 2).exp()

    @property
    def variance(self) -> Tensor:
        """(exp(scale²) − 1) exp(2 loc + scale²)"""
        return self.scale.pow(2).expm1() * (2 * self.loc + self.scale**2).exp()


class Uniform(Distribution):
    """The density 1 / (high − low) in [low, high).

    >>> d = tg.distributions.Uniform(tg.tensor(0.0), tg.tensor(4.0))
    >>> d.mean, d.log_prob(tg.tensor(1.0)).exp()
    (tensor(2.), tensor(0.2500))
    """

    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: Any = None) -> None:
        self.low, self.high = parameters(low, high)
        if not bool((self.low < self.high).all()):
            raise ValueError("Uniform: low must be below high everywhere")
        super().__init__(self.low.shape)

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """low + (high − low) · u"""
        return self.low + (self.high - self.low) * rand(shape, dtype=self.low.dtype, device=self.low.device)

    def log_prob(self, value: Tensor) -> Tensor:
        """−log(high − low), −∞ outside."""
        inside = (value >= self.low) & (value < self.high)
        return where(inside, -(self.high - self.low).log(), float("-inf"))

    def entropy(self) -> Tensor:
        """log(high − low)"""
        return (self.high - self.low).log()

    def cdf(self, value: Tensor) -> Tensor:
        """(x − low) / (high − low), within 0 and 1."""
        return ((value - self.low) / (self.high - self.low)).clamp(0, 1)

    @property
    def mean(self) -> Tensor:
        """The middle."""
        return (self.high + self.low) / 2

    @property
    def variance(self) -> Tensor:
        """(high − low)² / 12"""
        return (self.high - self.low) ** 2 / 12


class Exponential(Distribution):
    """The density rate · exp(−rate · x) for x ≥ 0.

    >>> d = tg.distributions.Exponential(tg.tensor(2.0))
    >>> d.mean, d.log_prob(tg.tensor(0.0)).exp()
    (tensor(0.5000), tensor(2.))
    """

    has_rsample = True

    def __init__(self, rate: Any, validate_args: Any = None) -> None:
        (self.rate,) = parameters(rate)
        _positive("Exponential", "rate", self.rate)
        super().__init__(self.rate.shape)

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """−log(1 − u) / rate"""
        return -(-rand(shape, dtype=self.rate.dtype, device=self.rate.device)).log1p() / self.rate

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        return self.rate.log() - self.rate * value

    def entropy(self) -> Tensor:
        """1 − log rate"""
        return 1 - self.rate.log()

    def cdf(self, value: Tensor) -> Tensor:
        """1 − exp(−rate · x)"""
        return 1 - (-self.rate * value).exp()

    @property
    def mean(self) -> Tensor:
        """1 / rate"""
        return 1 / self.rate

    @property
    def variance(self) -> Tensor:
        """1 / rate²"""
        return self.rate**-2


class Laplace(Distribution):
    """The density exp(−|x − loc| / scale) / 2scale.

    >>> tg.distributions.Laplace(tg.tensor(0.0), tg.tensor(1.0)).log_prob(tg.tensor(0.0)).exp()
    tensor(0.5000)
    """

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: Any = None) -> None:
        self.loc, self.scale = parameters(loc, scale)
        _positive("Laplace", "scale", self.scale)
        super().__init__(self.loc.shape)

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """loc − scale · sign(u) · log(1 − 2|u|) with u in [−½, ½)"""
        u = rand(shape, dtype=self.loc.dtype, device=self.loc.device) - 0.5
        return self.loc - self.scale * u.sign() * (-2 * u.abs()).clamp(min=-1 + 1e-7).log1p()

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def entropy(self) -> Tensor:
        """1 + log 2scale"""
        return 1 + (2 * self.scale).log()

    def cdf(self, value: Tensor) -> Tensor:
        """½ − ½ sign(x − loc) (exp(−|x − loc| / scale) − 1)"""
        away = value - self.loc
        return 0.5 - 0.5 * away.sign() * (-away.abs() / self.scale).expm1()

    @property
    def mean(self) -> Tensor:
        """`loc`"""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """2 scale²"""
        return 2 * self.scale**2


class MultivariateNormal(Distribution):
    """The normal distribution of vectors, with mean `loc` (…, n) and one of three descriptions of its covariance Σ.

    Args:
        loc: (…, n).
        covariance_matrix: Σ, (…, n, n).
        precision_matrix: Σ⁻¹.
        scale_tril: L, lower triangular, with Σ = L Lᵀ.

    Raises:
        ValueError: unless exactly one of the three is given.

    >>> d = tg.distributions.MultivariateNormal(tg.zeros(2), covariance_matrix=tg.eye(2))
    >>> d.log_prob(tg.zeros(2)).exp()
    tensor(0.1592)
    """

    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: Any = None,
    ) -> None:
        given = [m for m in (covariance_matrix, precision_matrix, scale_tril) if m is not None]
        if len(given) != 1:
            raise ValueError(
                "MultivariateNormal: give exactly one of covariance_matrix, precision_matrix and scale_tril; got "
                f"{len(given)}"
            )
        if scale_tril is None:
            scale_tril = cholesky(precision_matrix.inverse() if precision_matrix is not None else covariance_matrix)
        shape = (loc.unsqueeze(-1) + scale_tril).shape[:-1]
        self.loc, self.scale_tril = loc.expand(shape), scale_tril.expand((*shape, shape[-1]))
        super().__init__(shape[:-1], shape[-1:])

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """loc + L ε"""
        noise = randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + (self.scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """−½ |L⁻¹(x − loc)|² − Σ log Lᵢᵢ − n/2 log 2π"""
        away = (value - self.loc).unsqueeze(-1)
        lower = self.scale_tril.expand((*away.shape[:-1], away.shape[-2]))
        white = solve_triangular(lower, away, upper=False).squeeze(-1)
        return -0.5 * (white**2).sum(-1) - self._half_log_det() - self.loc.shape[-1] * log(2 * pi) / 2

    def entropy(self) -> Tensor:
        """n/2 (1 + log 2π) + Σ log Lᵢᵢ"""
        return self.loc.shape[-1] * (1 + log(2 * pi)) / 2 + self._half_log_det()

    def _half_log_det(self) -> Tensor:
        return self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    @property
    def mean(self) -> Tensor:
        """`loc`"""
        return self.loc

    @property
    def covariance_matrix(self) -> Tensor:
        """L Lᵀ"""
        return self.scale_tril @ self.scale_tril.mT

    @property
    def variance(self) -> Tensor:
        """The diagonal of Σ."""
        return (self.scale_tril**2).sum(-1)


def _positive(name: str, parameter: str, value: Tensor) -> None:
    if not bool((value > 0).all()):
        raise ValueError(f"{name}: {parameter} must be positive everywhere; the least is {value.min().item()}")
