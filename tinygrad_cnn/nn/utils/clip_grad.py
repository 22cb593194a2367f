"""Gradients kept from growing too large."""

from collections.abc import Iterable
from math import inf
from typing import Any
from warnings import warn

from ...autograd import repeated, unrecordable
from ...tensor import Tensor, as_tensor


def _gradients(op: str, parameters: Any) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    if not isinstance(parameters, Iterable):
        raise TypeError(f"{op}: expected parameters; got {type(parameters).__name__}")
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def get_total_norm(
    tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all tensors as if they were one vector: (Σ |x|ᵖ)^(1/p), or the largest |x| for p = ∞.

    Raises:
        RuntimeError: if it is not finite and that shall be an error.

    >>> import tinygrad_cnn as tg
    >>> get_total_norm([tg.tensor([3.0]), tg.tensor([4.0])])
    tensor(5.)
    """
    unrecordable("get_total_norm computes with plain arrays")
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not tensors:
        return as_tensor(0.0)
    p, backend = float(norm_type), tensors[0].backend
    xp = backend.xp
    if p == 2:
        total = backend.norm([tensor.array for tensor in tensors])
    elif p == inf:
        total = xp.max(xp.stack([xp.max(xp.abs(tensor.array)) for tensor in tensors]))
    else:
        parts = [xp.sum(xp.abs(tensor.array) ** p) for tensor in tensors]
        total = sum(parts[1:], parts[0]) ** (1 / p)
    norm = Tensor.from_array(backend.asarray(total, dtype=tensors[0].dtype))
    if error_if_nonfinite and not bool(norm.isfinite()):
        raise RuntimeError(
            f"clip_grad_norm_: the norm of the gradients is {norm.item()}; error_if_nonfinite=False would scale them "
            "all the same"
        )
    return norm


@repeated
def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients down, in place, so that their norm as one vector is at most `max_norm`.

    Returns the norm before.

    Raises:
        RuntimeError: if the norm is not finite and that shall be an error.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([3.0, 4.0], requires_grad=True)
    >>> (x * x / 2).sum().backward()
    >>> clip_grad_norm_(x, 1.0), x.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    gradients = _gradients("clip_grad_norm_", parameters)
    norm = get_total_norm(gradients, norm_type, error_if_nonfinite)
    if gradients and norm.backend.shrink([gradient.array for gradient in gradients], norm.array, float(max_norm)):
        for gradient in gradients:
            gradient.storage.changed("clip_grad_norm_")
    return norm


def clip_grads_with_norm_(parameters: Any, max_norm: float, total_norm: Tensor, foreach: bool | None = None) -> None:
    """Scale all gradients down, in place, as `clip_grad_norm_` does for gradients of this norm.

    >>> w = tg.ones(2, requires_grad=True)
    >>> (w * tg.tensor([3.0, 4.0])).sum().backward()
    >>> nn.utils.clip_grads_with_norm_(w, 1.0, nn.utils.get_total_norm([w.grad]))
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    factor = float(max_norm) / (float(total_norm) + 1e-6)
    for gradient in _gradients("clip_grads_with_norm_", parameters):
        if factor < 1:
            gradient.array *= factor
            gradient.storage.changed("clip_grads_with_norm_")


def clip_grad_norm(parameters: Any, max_norm: float, norm_type: float = 2.0) -> Tensor:
    """The old name of `clip_grad_norm_`.

    >>> import warnings
    >>> w = tg.ones(1, requires_grad=True)
    >>> w.sum().backward()
    >>> with warnings.catch_warnings(action="ignore"):
    ...     nn.utils.clip_grad_norm(w, 0.5)
    tensor(1.)
    """
    warn("nn.utils.clip_grad_norm is an old name of nn.utils.clip_grad_norm_", FutureWarning, stacklevel=2)
    return clip_grad_norm_(parameters, max_norm, norm_type)


@repeated
def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Bring every gradient into [−clip_value, clip_value], in place.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([3.0, -4.0, 0.5], requires_grad=True)
    >>> (x * x / 2).sum().backward()
    >>> clip_grad_value_(x, 1.0)
    >>> x.grad
    tensor([ 1.0000, -1.0000,  0.5000])
    """
    bound = float(clip_value)
    for gradient in _gradients("clip_grad_value_", parameters):
        gradient.backend.xp.clip(gradient.array, -bound, bound, out=gradient.array)
        gradient.storage.changed("clip_grad_value_")
