"""Weights with a length and a direction, divided by their largest singular value, or orthogonal."""

from ...autograd import no_grad
from ...creation import eye
from ...errors import ArgumentError
from ...linalg import qr, solve
from ...tensor import Tensor
from .. import functional as F
from ..module import Module
from .parametrize import register_parametrization
from .weight_norm import as_rows, length

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    """w = g · v / ‖v‖, the norm over all dimensions but `dim`."""

    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = None if dim == -1 else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """The weight."""
        return weight_v * (weight_g / length(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Its length and itself."""
        return length(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Let a weight be g · v / ‖v‖, with g and v learned (Salimans & Kingma 2016).

    Args:
        module: whose weight; it is returned.
        name: of the parameter.
        dim: along which each slice has a length of its own; None for one length of the whole.

    >>> from tinygrad_cnn import nn
    >>> list(weight_norm(nn.Linear(3, 2)).state_dict())
    ['bias', 'parametrizations.weight.original0', 'parametrizations.weight.original1']
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    """w / σ with σ = uᵀ W v, where u and v come nearer to the largest singular vectors at every call in training."""

    def __init__(self, weight: Tensor, n_power_iterations: int, dim: int, eps: float) -> None:
        super().__init__()
        self.dim = dim % weight.ndim
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if weight.ndim > 1:
            matrix = as_rows(weight.detach(), self.dim)
            for name, count in zip(("_u", "_v"), matrix.shape, strict=True):
                self.register_buffer(name, F.normalize(matrix.new_empty(count).normal_(), dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _iterate(self, matrix: Tensor, times: int) -> None:
        with no_grad():
            for _ in range(times):
                self._u.copy_(F.normalize(matrix @ self._v, dim=0, eps=self.eps))
                self._v.copy_(F.normalize(matrix.T @ self._u, dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight, divided."""
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = as_rows(weight, self.dim)
        if self.training:
            self._iterate(matrix, self.n_power_iterations)
        # Copies: the buffers change in place at the next call, which may come before this one's backward.
        return weight / (self._u.clone() @ (matrix @ self._v.clone()))  # type: ignore[no-any-return]

    def right_inverse(self, value: Tensor) -> Tensor:
        """Itself: of the weights with these directions one is as good as another."""
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Let a weight be divided by its largest singular value, found by power iteration (Miyato et al. 2018).

    Args:
        module: whose weight; it is returned.
        name: of the parameter.
        n_power_iterations: each time it is read in training.
        eps: keeps the length of a vector away from 0.
        dim: the dimension of the outputs; 0, or 1 for a transposed convolution.

    Raises:
        ValueError: if there is no such parameter, or for fewer than one iteration.

    >>> from tinygrad_cnn import nn
    >>> list(spectral_norm(nn.Linear(3, 2)).state_dict())
    ['bias', 'parametrizations.weight.original', 'parametrizations.weight.0._u', 'parametrizations.weight.0._v']
    """
    if n_power_iterations < 1:
        raise ValueError(f"spectral_norm: n_power_iterations must be at least 1; got {n_power_iterations}")
    weight = _weight("spectral_norm", module, name)
    if dim is None:
        dim = 1 if getattr(module, "transposed", False) else 0
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))


def _weight(op: str, module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"{op}: {type(module).__name__} has no parameter or buffer {name!r}")
    return weight


class _Orthogonal(Module):
    """Q = B (I + A)⁻¹ (I − A) with A = X − Xᵀ skew: Cayley's map, times a matrix that is orthogonal already."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        rows, columns = weight.shape[-2:]
        self.wide = columns > rows
        self.register_buffer("base", self._square(weight.detach()))

    def _square(self, weight: Tensor) -> Tensor:
        """An orthogonal square matrix whose first columns are nearest to the weight's."""
        tall = weight.mT if self.wide else weight
        size, kept = tall.shape[-2:]
        filled = tall.new_zeros((*tall.shape[:-2], size, size))
        filled[..., :kept] = tall
        filled[..., kept:] = tall.new_empty((*tall.shape[:-2], size, size - kept)).normal_()
        q, r = qr(filled)
        return q * r.diagonal(0, -2, -1).sign().unsqueeze(-2)  # type: ignore[no-any-return]

    def forward(self, weight: Tensor) -> Tensor:
        """The orthogonal matrix."""
        tall = weight.mT if self.wide else weight
        size, kept = tall.shape[-2:]
        lower = F.pad(tall.tril(-1), (0, size - kept))
        skew = lower - lower.mT
        one = eye(size, dtype=weight.dtype, device=weight.device)
        q = (self.base @ solve(one + skew, one - skew))[..., :kept]
        return q.mT if self.wide else q  # type: ignore[no-any-return]

    def right_inverse(self, value: Tensor) -> Tensor:
        """Zeros, with the orthogonal matrix nearest to the value as the base."""
        self.base.copy_(self._square(value))
        return value.new_zeros(value.shape)


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """Let a matrix have orthonormal columns (or rows, where it is wide): Cayley's map of what is learned.

    Unlike PyTorch's this is Cayley's map around the first value whatever `orthogonal_map` says, so that its parameters
    are others than PyTorch's; the set of matrices is the same.

    Args:
        module: whose weight; it is returned.
        name: of the parameter.
        orthogonal_map: "cayley", "matrix_exp" or "householder", all of which are taken.
        use_trivialization: it is always used.

    Raises:
        ValueError: for what is no matrix, or another map.

    >>> from tinygrad_cnn import nn
    >>> layer = orthogonal(nn.Linear(4, 2))
    >>> (layer.weight @ layer.weight.T).detach().round(decimals=4).abs().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    weight = _weight("orthogonal", module, name)
    if weight.ndim < 2:
        raise ArgumentError(f"orthogonal: expected a matrix or several; got shape {tuple(weight.shape)}")
    if orthogonal_map not in (None, "cayley", "matrix_exp", "householder"):
        raise ValueError(
            f"orthogonal: orthogonal_map must be 'cayley', 'matrix_exp' or 'householder'; got {orthogonal_map!r}"
        )
    return register_parametrization(module, name, _Orthogonal(weight))
