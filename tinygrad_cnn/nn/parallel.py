"""Modules that PyTorch's programs wrap for several devices: here they run on one, with the same names and keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..autograd import no_grad
from ..autograd.hooks import calls_at_end
from ..functions import cat
from ..tensor import Tensor
from .module import Module

__path__: list[str] = []  # so that PyTorch's files in it are found, see `elsewhere`
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
    """`module` in each process of a group; the keys of the state begin with "module." as in PyTorch.

    All processes begin with the parameters and buffers of the first. At the end of each `backward` the gradients are
    replaced by their mean over the processes, so that with an optimizer of its own each has the same parameters
    after the step. Buffers, such as the statistics of batch norm, are those of the first process at every call in
    training. In a group of one nothing is exchanged. Arguments that are not listed are taken and have no effect.

    Args:
        module: what to run.
        device_ids, output_device: have no effect.
        broadcast_buffers: see above.
        process_group: the processes; by default all.

    Raises:
        ValueError: when there is no process group.

    >>> import tinygrad_cnn.distributed as dist
    >>> from tinygrad_cnn import nn
    >>> dist.init_process_group("gloo", rank=0, world_size=1)
    >>> list(DistributedDataParallel(nn.Linear(2, 1)).state_dict())
    ['module.weight', 'module.bias']
    >>> dist.destroy_process_group()
    """

    def __init__(
        self,
        module: Module,
        device_ids: Any = None,
        output_device: Any = None,
        dim: int = 0,
        broadcast_buffers: bool = True,
        init_sync: bool = True,
        process_group: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(module)
        self.dim = dim
        self.device_ids = list(device_ids) if device_ids else None
        self.output_device = output_device
        self.broadcast_buffers = broadcast_buffers
        self.process_group = process_group
        self.require_backward_grad_sync = True
        self._waiting = False
        from .. import distributed

        self._alone = distributed.get_world_size(process_group) == 1
        if not self._alone:
            self._from_the_first([*module.parameters(), *module.buffers()])
            for parameter in module.parameters():
                if parameter.requires_grad:
                    parameter.register_post_accumulate_grad_hook(self._gradient_came)

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        if self.broadcast_buffers and not self._alone and self.training and self.require_backward_grad_sync:
            self._from_the_first(list(self.module.buffers()))
        return self.module(*inputs, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """A block in which gradients are not exchanged, but add up: with those of a `backward` behind it they are."""
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    def _from_the_first(self, tensors: list[Tensor]) -> None:
        from .. import distributed

        first = distributed.get_process_group_ranks(self.process_group)[0]
        for part in _by_dtype(tensors):
            flat = cat([x.detach().reshape(-1) for x in part])
            distributed.broadcast(flat, first, self.process_group)
            with no_grad():
                for x, values in zip(part, flat.split([x.numel() for x in part]), strict=True):
                    x.detach().copy_(values.reshape(x.shape))

    def _gradient_came(self, _: Tensor) -> None:
        if self.require_backward_grad_sync and not self._waiting:
            self._waiting = True
            calls_at_end().append(self._average)

    def _average(self, finished: bool) -> None:
        """Parameters that no process has a gradient for keep none; after an error nothing is exchanged."""
        from .. import distributed

        self._waiting = False
        if not finished:
            return
        with no_grad():
            for part in _by_dtype([x for x in self.module.parameters() if x.requires_grad]):
                found = [x.new_zeros(x.shape) if x.grad is None else x.grad for x in part]
                used = part[0].new_tensor([x.grad is not None for x in part])
                flat = cat([g.detach().reshape(-1) for g in [*found, used]])
                distributed.all_reduce(flat, distributed.ReduceOp.SUM, self.process_group)
                *sums, counts = flat.split([x.numel() for x in [*part, used]])
                for x, total, count in zip(part, sums, counts.tolist(), strict=True):
                    if count:
                        mean = (total / distributed.get_world_size(self.process_group)).reshape(x.shape)
                        x.grad = mean if x.grad is None else x.grad.copy_(mean)


def _by_dtype(tensors: list[Tensor]) -> list[list[Tensor]]:
    parts: dict[Any, list[Tensor]] = {}
    for x in tensors:
        parts.setdefault(str(x.dtype), []).append(x)
    return list(parts.values())


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
