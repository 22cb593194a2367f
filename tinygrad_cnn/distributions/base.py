"""What all distributions share: shapes, and drawing with and without gradients."""

from collections.abc import Sequence
from typing import Any

from ..autograd import no_grad
from ..functions import broadcast_tensors
from ..tensor import Tensor, as_tensor
from ..tensor.size import Size


class Distribution:
    """A distribution for each place of `batch_shape`, over values of `event_shape`.

    A subclass has `log_prob`, and `draw(shape)` for values of that whole shape; where draws carry gradients back to the
    parameters (`has_rsample`), `draw` computes them with operations.

    Attributes:
        batch_shape: of the parameters, broadcast with each other.
        event_shape: of one value.
        has_rsample: whether draws carry gradients.

    >>> d = tg.distributions.Normal(tg.zeros(3), tg.ones(3))
    >>> d.batch_shape, d.sample((2,)).shape
    ((3,), (2, 3))
    """

    has_rsample = False

    def __init__(
        self, batch_shape: Sequence[int] = (), event_shape: Sequence[int] = (), validate_args: Any = None
    ) -> None:
        self.batch_shape, self.event_shape = Size(batch_shape), Size(event_shape)

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """Values of this whole shape."""
        raise NotImplementedError(f"{type(self).__name__} cannot be drawn from")

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability, or of its density."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws of shape `sample_shape + batch_shape + event_shape`, without gradients."""
        with no_grad():
            return self.draw((*sample_shape, *self.batch_shape, *self.event_shape)).detach()

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws that carry gradients back to the parameters.

        Raises:
            NotImplementedError: for a distribution whose draws can't.
        """
        if not self.has_rsample:
            raise NotImplementedError(
                f"{type(self).__name__}.rsample: draws carry no gradients; use sample() and the gradient of log_prob"
            )
        return self.draw((*sample_shape, *self.batch_shape, *self.event_shape))

    def sample_n(self, n: int) -> Tensor:
        """`sample((n,))`, PyTorch's old name."""
        return self.sample((n,))

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise NotImplementedError(f"{type(self).__name__} has no mean here")

    @property
    def variance(self) -> Tensor:
        """The expected square of the distance from the mean."""
        raise NotImplementedError(f"{type(self).__name__} has no variance here")

    @property
    def stddev(self) -> Tensor:
        """The root of the variance."""
        return self.variance.sqrt()

    def entropy(self) -> Tensor:
        """−E log p"""
        raise NotImplementedError(f"{type(self).__name__} has no entropy here")

    def perplexity(self) -> Tensor:
        """exp of the entropy."""
        return self.entropy().exp()

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a smaller value."""
        raise NotImplementedError(f"{type(self).__name__} has no cdf here")

    def __repr__(self) -> str:
        names = [name for name in ("loc", "scale", "low", "high", "rate", "probs", "logits") if name in self.__dict__]
        parts = (
            f"{name}: {value if not value.ndim else tuple(value.shape)}"
            for name in names
            for value in [self.__dict__[name]]
        )
        return f"{type(self).__name__}({', '.join(parts)})"


class Independent(Distribution):
    """Another distribution whose last places are one event: their logarithms of probabilities are added.

    Args:
        base_distribution: the other one.
        reinterpreted_batch_ndims: how many of its last dimensions of places.

    >>> d = tg.distributions.Independent(tg.distributions.Normal(tg.zeros(3), tg.ones(3)), 1)
    >>> d.event_shape, d.log_prob(tg.zeros(3)).shape
    ((3,), ())
    """

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: Any = None
    ) -> None:
        shape = base_distribution.batch_shape
        if reinterpreted_batch_ndims > len(shape):
            raise ValueError(
                f"Independent: reinterpreted_batch_ndims must be at most {len(shape)}, the dimensions of batch_shape; "
                f"got {reinterpreted_batch_ndims}"
            )
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, reinterpreted_batch_ndims
        self.has_rsample = base_distribution.has_rsample
        border = len(shape) - reinterpreted_batch_ndims
        super().__init__(shape[:border], (*shape[border:], *base_distribution.event_shape))

    def draw(self, shape: tuple[int, ...]) -> Tensor:
        """The other's draws."""
        return self.base_dist.draw(shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """The sum over the event."""
        return self.added(self.base_dist.log_prob(value))

    def entropy(self) -> Tensor:
        """The sum over the event."""
        return self.added(self.base_dist.entropy())

    @property
    def mean(self) -> Tensor:
        """The other's."""
        return self.base_dist.mean

    @property
    def variance(self) -> Tensor:
        """The other's."""
        return self.base_dist.variance

    def added(self, values: Tensor) -> Tensor:
        """The sum over the dimensions that became the event's."""
        count = self.reinterpreted_batch_ndims
        return values.sum(dim=tuple(range(-count, 0))) if count else values


def parameters(*values: Any) -> list[Tensor]:
    """Numbers and tensors as tensors of one shape."""
    like = next((value for value in values if isinstance(value, Tensor)), None)
    device = like.device if like is not None else None
    tensors = [v if isinstance(v, Tensor) else as_tensor(float(v), device=device) for v in values]
    return list(broadcast_tensors(*tensors))
