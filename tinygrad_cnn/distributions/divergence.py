"""How far two distributions are apart."""

from collections.abc import Callable
from typing import Any

from ..functions import where
from ..nn.functional import softplus
from ..tensor import Tensor
from .base import Distribution, Independent
from .continuous import Exponential, Laplace, Normal, Uniform
from .discrete import Bernoulli, Categorical, OneHotCategorical, Poisson


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """E log p − log q under p (Kullback & Leibler 1951).

    Raises:
        NotImplementedError: for a pair whose divergence is not written down here.

    >>> one = tg.tensor(1.0)
    >>> kl_divergence(tg.distributions.Normal(one, one), tg.distributions.Normal(0 * one, one))
    tensor(0.5000)
    """
    formula = _FORMULAS.get(type(p)) if type(p) is type(q) else None
    if formula is None:
        known = ", ".join(sorted(kind.__name__ for kind in _FORMULAS))
        raise NotImplementedError(
            f"kl_divergence: there is no formula for {type(p).__name__} and {type(q).__name__}; there is one for two "
            f"of {known}; or estimate it by the mean of p.log_prob(x) - q.log_prob(x) over x = p.sample(...)"
        )
    return formula(p, q)


def _normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())


def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    return p.probs * (softplus(-q.logits) - softplus(-p.logits)) + (1 - p.probs) * (
        softplus(q.logits) - softplus(p.logits)
    )


def _categorical(p: Any, q: Any) -> Tensor:
    divergence: Tensor = (p.probs * (p.logits - q.logits)).sum(-1)
    return divergence


def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()


def _laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio, away = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + away / q.scale + ratio * (-away / p.scale).exp() - 1


def _uniform(p: Uniform, q: Uniform) -> Tensor:
    outside = (q.low > p.low) | (q.high < p.high)
    return where(outside, float("inf"), ((q.high - q.low) / (p.high - p.low)).log())


def _poisson(p: Poisson, q: Poisson) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


def _independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise ValueError("kl_divergence: the events of two Independent must have the same number of dimensions")
    return p.added(kl_divergence(p.base_dist, q.base_dist))


_FORMULAS: dict[type, Callable[[Any, Any], Tensor]] = {
    Normal: _normal,
    Bernoulli: _bernoulli,
    Categorical: _categorical,
    OneHotCategorical: _categorical,
    Exponential: _exponential,
    Laplace: _laplace,
    Uniform: _uniform,
    Poisson: _poisson,
    Independent: _independent,
}
