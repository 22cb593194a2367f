"""Modules that PyTorch's programs wrap for several devices: here they run on one, with the same names and keys."""

from typing import Any

from ..tensor import Tensor
from .module import Module

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel", "gather", "replicate", "scatter"]


class _Wrapped(Module):
    """A module inside another one, at the name `module`."""

    module: Module

    def __init__(self, module: Module) -> None:
        super().__init__()
        if not isinstance(module, Module):
            raise TypeError(f"{type(self).__name__}: expected a Module; got {type(module).__name__}")
        self.module = module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        return self.module(*inputs, **kwargs)


class DataParallel(_Wrapped):
    """`module` on the one device that its parameters are on; the keys of the state begin with "module." as in PyTorch.

    The batch is not divided, so batch norm sees all of it: the numbers are those of PyTorch on a single device.

    Args:
        module: what to run.
        device_ids: None, or devices, of which the first alone counts.
        output_device: has no effect.
        dim: has no effect.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import nn
    >>> model = DataParallel(nn.Linear(2, 3))
    >>> model(tg.ones(4, 2)).shape, list(model.state_dict())
    ((4, 3), ['module.weight', 'module.bias'])
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__(module)
        self.dim = dim
        self.device_ids = list(device_ids)[:1] if device_ids else []
        self.output_device = output_device


class DistributedDataParallel(_Wrapped):
    """`module` in this process alone; the keys of the state begin with "module." as in PyTorch.

    Gradients are not exchanged with other processes: with one process there is nothing to exchange. Other arguments of
    PyTorch's class are taken and have no effect.

    >>> from tinygrad_cnn import nn
    >>> list(DistributedDataParallel(nn.ReLU()).named_children())
    [('module', ReLU())]
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0, **options: Any
    ) -> None:
        super().__init__(module)
        self.dim = dim
        self.device_ids = list(device_ids) if device_ids else None
        self.output_device = output_device

    def no_sync(self) -> "_Nothing":
        """A block in which gradients are not exchanged, which they never are here."""
        return _Nothing()


class _Nothing:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Any = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """`module(*inputs)` on its one device."""
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*inputs, **(module_kwargs or {}))


def replicate(network: Module, devices: Any, detach: bool = False) -> list[Module]:
    """The module once for each device; there is one device, so it is the module itself."""
    _one_device("replicate", devices)
    return [network]


def scatter(inputs: Any, target_gpus: Any, dim: int = 0) -> Any:
    """The inputs' parts for each device; there is one device, so it is all of them, in a list or tuple of one."""
    _one_device("scatter", target_gpus)
    return (inputs,) if isinstance(inputs, Tensor) else [inputs]


def gather(outputs: Any, target_device: Any, dim: int = 0) -> Any:
    """The outputs of all devices as one; there is one device, so it is the first of them."""
    _one_device("gather", outputs)
    return outputs[0]


def _one_device(function: str, devices: Any) -> None:
    if len(devices) != 1:
        raise ValueError(f"nn.parallel.{function}: this engine runs on one device; got {len(devices)}: {devices!r:.80}")
