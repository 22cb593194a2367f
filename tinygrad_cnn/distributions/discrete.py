"""Distributions over integers."""

from typing import Any

from ..creation import bernoulli, multinomial, poisson, rand
from ..functions import where
from ..nn.functional import binary_cross_entropy_with_logits, log_softmax, one_hot, softmax, softplus
from ..tensor import Tensor
from .base import Distribution, parameters


class Bernoulli(Distribution):
    """1 with probability `probs`, the sigmoid of `logits`; give one of them.

    >>> d = tg.distributions.Bernoulli(tg.tensor(0.25))
    >>> d.mean, d.log_prob(tg.tensor(1.0)).exp()
    (tensor(0.2500), tensor(0.2500))
    """

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        _one_of("Bernoulli", probs, logits)
        if probs is not None:
            (self.probs,) = parameters(probs)
            _probabilities("Bernoulli", self.probs)
            self.logits = _logit(self.probs)
        else:
            (self.logits,) = parameters(logits)
            self.probs = self.logits.sigmoid()
        super().__init__(self.logits.shape)

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """0 or 1."""
        return bernoulli(self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """log p where the value is 1, log(1 − p) where it is 0."""
        logits = self.logits + 0 * value
        return -binary_cross_entropy_with_logits(logits, value.expand(logits.shape), reduction="none")

    def entropy(self) -> Tensor:
        """−p log p − (1 − p) log(1 − p)"""
        return softplus(self.logits) - self.logits * self.probs

    @property
    def mean(self) -> Tensor:
        """`probs`"""
        return self.probs

    @property
    def variance(self) -> Tensor:
        """p (1 − p)"""
        return self.probs * (1 - self.probs)


class Categorical(Distribution):
    """Class k with probability `probs[…, k]`, normalised; or the softmax of `logits`. Give one of them.

    >>> import tinygrad_cnn as tg
    >>> dice = Categorical(tg.ones(6))
    >>> dice.log_prob(tg.tensor([0, 5])).exp()
    tensor([0.1667, 0.1667])
    """

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: Any = None) -> None:
        _one_of("Categorical", probs, logits)
        if probs is not None:
            if not bool((probs >= 0).all()):
                raise ValueError("Categorical: probs must not be negative")
            self.probs = probs / probs.sum(-1, keepdim=True)
            tiny = 1.1920928955078125e-07 if probs.dtype.itemsize <= 4 else 2.220446049250313e-16
            self.logits = self.probs.clamp(tiny, 1 - tiny).log()  # PyTorch's bounds: no infinite logarithm
        else:
            assert logits is not None
            self.logits = log_softmax(logits, dim=-1)
            self.probs = softmax(logits, dim=-1)
        super().__init__(self.logits.shape[:-1])

    @property
    def param_shape(self) -> Any:
        """The shape of `probs`."""
        return self.logits.shape

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """The numbers of classes."""
        classes = self.probs.shape[-1]
        places = self.probs.detach().reshape(-1, classes)
        count = 1
        for size in shape[: len(shape) - len(self.batch_shape)]:
            count *= size
        return multinomial(places, count, replacement=True).t().reshape(shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of class `value`."""
        index = value.long().unsqueeze(-1)
        shape = (*(0 * index + 0 * self.logits[..., :1]).shape[:-1], self.logits.shape[-1])
        return self.logits.expand(shape).gather(-1, index.expand((*shape[:-1], 1))).squeeze(-1)

    def entropy(self) -> Tensor:
        """−Σ p log p"""
        return -(self.probs * self.logits.clamp(min=-3.4e38)).sum(-1)

    @property
    def mode(self) -> Tensor:
        """The likeliest class."""
        return self.probs.argmax(dim=-1)


class Multinomial(Distribution):
    """How often each class comes in `total_count` draws of a `Categorical`.

    >>> import tinygrad_cnn as tg
    >>> Multinomial(10, tg.ones(6)).sample().sum()
    tensor(10.)
    """

    def __init__(self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        if not hasattr(total_count, "__index__"):
            raise NotImplementedError(f"Multinomial: total_count must be an int; got {type(total_count).__name__}")
        self.total_count = int(total_count)
        self.categorical = Categorical(probs, logits)
        self.probs, self.logits = self.categorical.probs, self.categorical.logits
        super().__init__(self.logits.shape[:-1], self.logits.shape[-1:])

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """The numbers, as floats."""
        drawn = self.categorical.draw((self.total_count, *shape[:-1]))
        return one_hot(drawn, shape[-1]).sum(0).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """log n! − Σ log xₖ! + Σ xₖ log pₖ"""
        ways = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        impossible = (value == 0) & self.logits.isinf()
        return ways + (where(impossible, 0.0, self.logits) * value).sum(-1)

    @property
    def mean(self) -> Tensor:
        """n p"""
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        """n p (1 − p)"""
        return self.total_count * self.probs * (1 - self.probs)


class OneHotCategorical(Distribution):
    """`Categorical`, whose classes are vectors with a 1 at their number.

    >>> tg.distributions.OneHotCategorical(tg.tensor([0.0, 1.0])).sample()
    tensor([0., 1.])
    """

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: Any = None) -> None:
        self.categorical = Categorical(probs, logits)
        self.probs, self.logits = self.categorical.probs, self.categorical.logits
        super().__init__(self.logits.shape[:-1], self.logits.shape[-1:])

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """Vectors of 0 and one 1."""
        return one_hot(self.categorical.draw(shape[:-1]), shape[-1]).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of the class whose place holds the 1."""
        return self.categorical.log_prob(value.argmax(dim=-1))

    def entropy(self) -> Tensor:
        """−Σ p log p"""
        return self.categorical.entropy()

    @property
    def mean(self) -> Tensor:
        """`probs`"""
        return self.probs

    @property
    def variance(self) -> Tensor:
        """p (1 − p)"""
        return self.probs * (1 - self.probs)


class Geometric(Distribution):
    """The number of failures before the first success, each try of which has probability `probs`.

    >>> tg.distributions.Geometric(tg.tensor(0.25)).mean
    tensor(3.)
    """

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        _one_of("Geometric", probs, logits)
        (given,) = parameters(probs if probs is not None else logits)
        self.probs = given if probs is not None else given.sigmoid()
        _probabilities("Geometric", self.probs)
        super().__init__(self.probs.shape)

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """⌊log(1 − u) / log(1 − p)⌋"""
        u = rand(shape, dtype=self.probs.dtype, device=self.probs.device)
        return ((-u).log1p() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        """value · log(1 − p) + log p"""
        failures = where((self.probs == 1) & (value == 0), 0.0, (-self.probs).log1p())
        return value * failures + self.probs.log()

    def entropy(self) -> Tensor:
        """That of one try, divided by p."""
        return Bernoulli(self.probs).entropy() / self.probs

    @property
    def mean(self) -> Tensor:
        """1 / p − 1"""
        return 1 / self.probs - 1

    @property
    def variance(self) -> Tensor:
        """(1 / p − 1) / p"""
        return (1 / self.probs - 1) / self.probs


class Poisson(Distribution):
    """How many events happen, of which `rate` happen in the mean.

    >>> tg.distributions.Poisson(tg.tensor(2.0)).log_prob(tg.tensor(0.0))
    tensor(-2.)
    """

    def __init__(self, rate: Any, validate_args: Any = None) -> None:
        (self.rate,) = parameters(rate)
        if not bool((self.rate >= 0).all()):
            raise ValueError("Poisson: rate must not be negative")
        super().__init__(self.rate.shape)

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """Numbers of events."""
        return poisson(self.rate.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """k log rate − rate − log k!"""
        return value * self.rate.log() - self.rate - (value + 1).lgamma()

    @property
    def mean(self) -> Tensor:
        """`rate`"""
        return self.rate

    variance = mean


def _one_of(name: str, probs: Any, logits: Any) -> None:
    if (probs is None) == (logits is None):
        raise ValueError(f"{name}: give either probs or logits; got {'neither' if probs is None else 'both'}")


def _probabilities(name: str, probs: Tensor) -> None:
    if not bool(((probs >= 0) & (probs <= 1)).all()):
        raise ValueError(f"{name}: probs must be in [0, 1]")


def _logit(probs: Tensor) -> Tensor:
    tiny = 1.1920928955078125e-07 if probs.dtype.itemsize <= 4 else 2.220446049250313e-16
    clamped = probs.clamp(tiny, 1 - tiny)
    return clamped.log() - (-clamped).log1p()
