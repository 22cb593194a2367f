"""Probability distributions, of which numbers are drawn and of whose logarithms gradients flow.

>>> import tinygrad_cnn as tg
>>> from tinygrad_cnn.distributions import Categorical, Normal, kl_divergence
>>> logits = tg.tensor([0.0, 1.0], requires_grad=True)
>>> Categorical(logits=logits).log_prob(tg.tensor(1)).backward()
>>> logits.grad
tensor([-0.2689,  0.2689])
>>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 2.0))
tensor(0.4431)
"""

from .base import Distribution, Independent
from .continuous import Exponential, Laplace, LogNormal, MultivariateNormal, Normal, Uniform
from .discrete import Bernoulli, Categorical, Geometric, Multinomial, OneHotCategorical, Poisson
from .divergence import kl_divergence

__all__ = [
    "Bernoulli",
    "Categorical",
    "Distribution",
    "Exponential",
    "Geometric",
    "Independent",
    "Laplace",
    "LogNormal",
    "Multinomial",
    "MultivariateNormal",
    "Normal",
    "OneHotCategorical",
    "Poisson",
    "Uniform",
    "kl_divergence",
]
