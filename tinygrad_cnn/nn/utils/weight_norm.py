"""Weights that are computed before every call: a length and a direction, or divided by their largest singular value."""

from typing import Any, TypeVar

from ...autograd import no_grad
from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter

M = TypeVar("M", bound=Module)


def _taken_out(op: str, module: Module, name: str) -> Parameter:
    weight = module._parameters.get(name)
    if weight is None:
        raise RuntimeError(
            f"{op}: {type(module).__name__} has no parameter {name!r}; it has {list(module._parameters)}"
        )
    del module._parameters[name]
    return weight


def length(v: Tensor, dim: int | None) -> Tensor:
    """√Σ v² over all dimensions but `dim`, or over all of them; those summed over stay, with size 1."""
    if dim is None:
        return (v * v).sum().sqrt()
    others = [d for d in range(v.ndim) if d != dim % v.ndim]
    return (v * v).sum(others, keepdim=True).sqrt() if others else v.abs()


def as_rows(weight: Tensor, dim: int) -> Tensor:
    """A matrix with the dimension `dim` as rows and all others as columns."""
    order = [dim, *(d for d in range(weight.ndim) if d != dim)]
    return weight.permute(*order).reshape(weight.shape[dim], -1)


def _remember(module: Module, hook: "_WeightNorm | _SpectralNorm") -> None:
    hook.handle = module.register_forward_pre_hook(hook)


def _hook_of(op: str, module: Module, kind: type[Any], name: str) -> Any:
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, kind) and hook.name == name:
            return hook
    raise ValueError(f"{op}: {name!r} of {type(module).__name__} is not computed by {op.removeprefix('remove_')}")


class _WeightNorm:
    """w = g · v / ‖v‖, the norm over all dimensions but `dim`."""

    handle: Any

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, dim

    def weight(self, module: Module) -> Tensor:
        g, v = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        return v * (g / length(v, self.dim))  # type: ignore[no-any-return]

    def __call__(self, module: Module, args: Any) -> None:
        setattr(module, self.name, self.weight(module))


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Let a weight be w = g · v / ‖v‖, with parameters `<name>_g` and `<name>_v`. Salimans & Kingma 2016.

    Args:
        module: whose weight; it is returned.
        name: of the parameter.
        dim: along which each slice has a length of its own; None for one length of the whole.

    Raises:
        RuntimeError: if there is no such parameter.

    >>> from tinygrad_cnn import nn
    >>> layer = weight_norm(nn.Linear(3, 2))
    >>> [(name, tuple(p.shape)) for name, p in layer.named_parameters()]
    [('bias', (2,)), ('weight_g', (2, 1)), ('weight_v', (2, 3))]
    """
    hook, weight = _WeightNorm(name, None if dim == -1 else dim), _taken_out("weight_norm", module, name)
    with no_grad():
        g = length(weight, hook.dim)
    module.register_parameter(f"{name}_g", Parameter(g))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))
    hook(module, ())
    _remember(module, hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make the weight of now a parameter again.

    Raises:
        ValueError: if `weight_norm` does not compute it.

    >>> from tinygrad_cnn import nn
    >>> [name for name, _ in remove_weight_norm(weight_norm(nn.Linear(3, 2))).named_parameters()]
    ['bias', 'weight']
    """
    hook = _hook_of("remove_weight_norm", module, _WeightNorm, name)
    with no_grad():
        weight = hook.weight(module)
    hook.handle.remove()
    delattr(module, name)
    del module._parameters[f"{name}_g"], module._parameters[f"{name}_v"]
    setattr(module, name, Parameter(weight.detach()))
    return module


class _SpectralNorm:
    """w / σ with σ = uᵀ W v, where u and v come nearer to the largest singular vectors at every call in training."""

    handle: Any

    def __init__(self, name: str, iterations: int, eps: float, dim: int) -> None:
        self.name, self.iterations, self.eps, self.dim = name, iterations, eps, dim

    def unit(self, x: Tensor) -> Tensor:
        return x / max((x * x).sum().sqrt().item(), self.eps)  # type: ignore[no-any-return]

    def weight(self, module: Module, iterations: int) -> Tensor:
        weight = getattr(module, f"{self.name}_orig")
        u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
        matrix = as_rows(weight, self.dim)
        with no_grad():
            for _ in range(iterations):
                v.copy_(self.unit(matrix.T @ u))
                u.copy_(self.unit(matrix @ v))
        # Copies: the buffers change in place at the next call, which may come before this one's backward.
        return weight / (u.clone() @ (matrix @ v.clone()))  # type: ignore[no-any-return]

    def __call__(self, module: Module, args: Any) -> None:
        setattr(module, self.name, self.weight(module, self.iterations if module.training else 0))


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Let a weight be divided by its largest singular value, found by power iteration. Miyato et al. 2018.

    The parameter is `<name>_orig`; the two vectors are buffers, `<name>_u` and `<name>_v`, which one call in training
    brings nearer to the singular vectors.

    Args:
        module: whose weight; it is returned.
        name: of the parameter.
        n_power_iterations: per call in training.
        eps: keeps the length of a vector away from 0.
        dim: the dimension of the outputs; 0, or 1 for a transposed convolution.

    Raises:
        RuntimeError: if there is no such parameter.
        ValueError: for fewer than one iteration.

    >>> from tinygrad_cnn import nn
    >>> layer = spectral_norm(nn.Linear(3, 2))
    >>> list(layer.state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    if n_power_iterations < 1:
        raise ValueError(f"spectral_norm: n_power_iterations must be at least 1; got {n_power_iterations}")
    if dim is None:
        dim = 1 if type(module).__name__.startswith("ConvTranspose") else 0
    hook, weight = _SpectralNorm(name, n_power_iterations, eps, dim), _taken_out("spectral_norm", module, name)
    module.register_parameter(f"{name}_orig", weight)
    with no_grad():
        matrix = as_rows(weight, hook.dim)
        rows, columns = matrix.shape
        for end, count in (("u", rows), ("v", columns)):
            start = matrix.new_empty(count).normal_()
            module.register_buffer(f"{name}_{end}", hook.unit(start))
    setattr(module, name, weight.detach())
    _remember(module, hook)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make the divided weight of now a parameter again.

    Raises:
        ValueError: if `spectral_norm` does not compute it.

    >>> from tinygrad_cnn import nn
    >>> list(remove_spectral_norm(spectral_norm(nn.Linear(3, 2))).state_dict())
    ['bias', 'weight']
    """
    hook = _hook_of("remove_spectral_norm", module, _SpectralNorm, name)
    with no_grad():
        weight = hook.weight(module, 0)
    hook.handle.remove()
    for attribute in (name, f"{name}_u", f"{name}_v", f"{name}_orig"):
        delattr(module, attribute)
    module.register_parameter(name, Parameter(weight.detach()))
    return module
