"""The block inside which operations choose their precision, and what autograd Functions need to live in it."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Self
from warnings import warn

from ..autograd.modes import AUTOCAST, Mode
from ..backend import backends
from ..dtypes import as_dtype, dtype, float16, is_floating
from ..errors import ArgumentError
from ..tensor.precision import Precision

__all__ = [
    "autocast",
    "clear_autocast_cache",
    "custom_bwd",
    "custom_fwd",
    "get_autocast_cpu_dtype",
    "get_autocast_dtype",
    "get_autocast_gpu_dtype",
    "is_autocast_available",
    "is_autocast_cache_enabled",
    "is_autocast_cpu_enabled",
    "is_autocast_enabled",
    "set_autocast_cache_enabled",
    "set_autocast_cpu_dtype",
    "set_autocast_cpu_enabled",
    "set_autocast_dtype",
    "set_autocast_enabled",
    "set_autocast_gpu_dtype",
]

DEVICES = ("cpu", "cuda")
_chosen: dict[str, Any] = {"cpu": "bfloat16", "cuda": float16}  # the dtype where none is named
_caching = [True]


class autocast(Mode):  # noqa: N801 - PyTorch's name
    """Inside, products and convolutions run in 16 bits, and what needs range or digits in float32.

    Parameters stay in float32, and so do their gradients: each is cast where it is used, once per block. On the CPU an
    operation computes in float32 either way and only its result is rounded to 16 bits, which halves the memory of
    activations and saves no time. Works as a block and as a decorator; blocks can be nested, and `enabled=False` gives
    full precision inside.

    Args:
        device_type: "cpu" or "cuda".
        dtype: float16 or bfloat16; by default bfloat16 on the CPU and float16 on CUDA.
        cache_enabled: False casts parameters anew at each use.

    Raises:
        RuntimeError: for another type of device.

    >>> import tinygrad_cnn as tg
    >>> layer = tg.nn.Linear(2, 3)
    >>> with tg.autocast("cpu", dtype=tg.float16):
    ...     y = layer(tg.ones(1, 2))
    >>> y.sum().backward()
    >>> print(y.dtype, layer.weight.grad.dtype)
    float16 float32
    """

    variable = AUTOCAST

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        super().__init__()
        self.device = _known(device_type)
        self._enabled = bool(enabled) and _possible(self.device, dtype)
        self.fast_dtype: Any = get_autocast_dtype(self.device) if dtype is None and self._enabled else dtype
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled

    def __enter__(self) -> Self:
        before: Precision | None = AUTOCAST.get()
        low = dict(before.low) if before else {}
        if self._enabled:
            low[self.device] = as_dtype(self.fast_dtype)
        else:
            low.pop(self.device, None)
        cache = before.cast_parameters if before else {}
        self._tokens.append(AUTOCAST.set(Precision(low, cache if self._cache_enabled else None) if low else None))
        return self


def _known(device_type: Any) -> str:
    if not isinstance(device_type, str):
        raise ArgumentError(f"autocast: device_type must be a string, 'cpu' or 'cuda'; got {device_type!r}")
    if device_type not in DEVICES:
        raise ArgumentError(f"autocast: device_type must be 'cpu' or 'cuda'; got {device_type!r}")
    return device_type


def _possible(device: str, dtype: Any) -> bool:
    """Whether autocast can be on there; if not, a warning says so, as PyTorch's does."""
    if not is_autocast_available(device):
        warn("autocast: CUDA is not available, so this block changes nothing", UserWarning, stacklevel=3)
        return False
    if dtype is not None and not (is_floating(as_dtype(dtype)) and as_dtype(dtype).itemsize == 2):
        warn(
            f"autocast: the dtype must be float16 or bfloat16, so this block changes nothing; got {as_dtype(dtype)}",
            UserWarning,
            stacklevel=3,
        )
        return False
    return True


def is_autocast_available(device_type: str) -> bool:
    """Whether there is such a device here for autocast to work on.

    >>> is_autocast_available("cpu")
    True
    """
    return any(backend.name.partition(":")[0] == _known(device_type) for backend in backends())


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether operations on this type of device choose their precision here and now.

    >>> tg.is_autocast_enabled("cpu")
    False
    """
    precision = AUTOCAST.get()
    return precision is not None and _known(device_type) in precision.low


def set_autocast_enabled(*device_type_and_enabled: Any) -> None:
    """Switch autocast on or off for good: for CUDA, or for the type of device that is named first.

    >>> tg.set_autocast_enabled("cpu", True)
    >>> tg.is_autocast_enabled("cpu")
    True
    >>> tg.set_autocast_enabled("cpu", False)
    """
    device, enabled = ("cuda", *device_type_and_enabled)[-2:]
    autocast(device, enabled=enabled).__enter__()


def get_autocast_dtype(device_type: str) -> dtype:
    """The dtype of low precision on this type of device, where none is named.

    >>> tg.get_autocast_dtype("cuda") == tg.float16
    True
    """
    precision = AUTOCAST.get()
    low = precision.low.get(_known(device_type)) if precision is not None else None
    return dtype(low if low is not None else _chosen[device_type])


def set_autocast_dtype(device_type: str, dtype: Any) -> None:
    """Choose the dtype of low precision on this type of device, where none is named.

    >>> before = tg.get_autocast_dtype("cpu")
    >>> tg.set_autocast_dtype("cpu", tg.float16)
    >>> tg.get_autocast_dtype("cpu") == tg.float16
    True
    >>> tg.set_autocast_dtype("cpu", before)
    """
    _chosen[_known(device_type)] = as_dtype(dtype)


def is_autocast_cache_enabled() -> bool:
    """Whether a parameter is cast once per block.

    >>> tg.is_autocast_cache_enabled()
    True
    """
    return _caching[0]


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Choose whether a parameter is cast once per block, for blocks that do not say.

    >>> tg.set_autocast_cache_enabled(False)
    >>> tg.is_autocast_cache_enabled()
    False
    >>> tg.set_autocast_cache_enabled(True)
    """
    _caching[0] = bool(enabled)


def clear_autocast_cache() -> None:
    """Forget which parameters were cast.

    >>> tg.clear_autocast_cache()
    """
    precision = AUTOCAST.get()
    if precision is not None and precision.cast_parameters is not None:
        precision.cast_parameters.clear()


is_autocast_cpu_enabled = partial(is_autocast_enabled, "cpu")
set_autocast_cpu_enabled = partial(set_autocast_enabled, "cpu")
get_autocast_cpu_dtype = partial(get_autocast_dtype, "cpu")
set_autocast_cpu_dtype = partial(set_autocast_dtype, "cpu")
get_autocast_gpu_dtype = partial(get_autocast_dtype, "cuda")
set_autocast_gpu_dtype = partial(set_autocast_dtype, "cuda")


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: str = "cuda", cast_inputs: Any = None
) -> Callable[..., Any]:
    """Mark the `forward` of an autograd Function, so that its `backward`, with `custom_bwd`, runs as it did.

    Args:
        cast_inputs: a dtype; then floating-point tensors on that type of device are cast to it, and autocast is off
            inside. By default `forward` runs in the precision around it.

    >>> import tinygrad_cnn as tg
    >>> class Square(tg.autograd.Function):
    ...     @staticmethod
    ...     @tg.amp.custom_fwd(device_type="cpu", cast_inputs=tg.float32)
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...
    ...     @staticmethod
    ...     @tg.amp.custom_bwd(device_type="cpu")
    ...     def backward(ctx, g):
    ...         return 2 * g * ctx.saved_tensors[0]
    >>> with tg.autocast("cpu", dtype=tg.float16):
    ...     print(Square.apply(tg.ones(2, dtype=tg.float16)).dtype)
    float32
    """
    device = _known(device_type)
    if fwd is None:
        return partial(custom_fwd, device_type=device, cast_inputs=cast_inputs)

    @wraps(fwd)
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        enabled = is_autocast_enabled(device)
        ctx.autocast_dtype = get_autocast_dtype(device) if enabled else None
        if cast_inputs is None or not enabled:
            return fwd(ctx, *args, **kwargs)
        ctx.autocast_dtype = None
        with autocast(device, enabled=False):
            return fwd(
                ctx,
                *[_cast(arg, device, cast_inputs) for arg in args],
                **{name: _cast(value, device, cast_inputs) for name, value in kwargs.items()},
            )

    return forward


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str = "cuda") -> Callable[..., Any]:
    """Mark the `backward` of an autograd Function: it runs in the precision of its `forward` (`custom_fwd`).

    >>> class Double(tg.autograd.Function):
    ...     @staticmethod
    ...     @tg.amp.custom_fwd(device_type="cpu")
    ...     def forward(ctx, x):
    ...         return x * 2
    ...
    ...     @staticmethod
    ...     @tg.amp.custom_bwd(device_type="cpu")
    ...     def backward(ctx, g):
    ...         return g * 2
    >>> x = tg.ones(2, requires_grad=True)
    >>> tg.autograd.grad(Double.apply(x).sum(), x)
    (tensor([2., 2.]),)
    """
    device = _known(device_type)
    if bwd is None:
        return partial(custom_bwd, device_type=device)

    @wraps(bwd)
    def backward(ctx: Any, *gradients: Any) -> Any:
        dtype = ctx.autocast_dtype
        with autocast(device, dtype=dtype, enabled=dtype is not None):
            return bwd(ctx, *gradients)

    return backward


def _cast(value: Any, device: str, dtype: Any) -> Any:
    """Tensors of floats in a value, also in lists and dicts, in another dtype."""
    if hasattr(value, "__apply_op__"):
        eligible = value.device.type == device and value.is_floating_point() and value.dtype != "float64"
        return value.to(dtype=dtype) if eligible else value
    if isinstance(value, dict):
        return {name: _cast(part, device, dtype) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_cast(part, device, dtype) for part in value)
    return value
