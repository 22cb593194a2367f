"""What the processes of a group do together: every one of them calls the function, and gets its part of the result."""

import pickle
from enum import Enum
from typing import Any

import numpy as np

from ..autograd import no_grad
from ..autograd.tape import unrecordable
from ..tensor import Tensor
from .groups import Group, required


class ReduceOp(Enum):
    """How values of several processes become one.

    >>> ReduceOp.SUM.value
    'sum'
    """

    SUM = "sum"
    AVG = "avg"
    PRODUCT = "product"
    MIN = "min"
    MAX = "max"
    BAND = "band"
    BOR = "bor"
    BXOR = "bxor"


reduce_op = ReduceOp  # PyTorch's old name


class Work:
    """What operations with `async_op=True` return; all but `irecv` are done when they return.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> tg.distributed.all_reduce(tg.ones(2), async_op=True).wait()
    True
    >>> tg.distributed.destroy_process_group()
    """

    def __init__(self, wait: Any = None) -> None:
        self._wait = wait

    def wait(self, timeout: Any = None) -> bool:
        """Wait until it is done."""
        if self._wait is not None:
            self._wait()
            self._wait = None
        return True

    def is_completed(self) -> bool:
        """Whether it is done."""
        return self._wait is None


def _values(caller: str, tensor: Any) -> Any:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{caller}: expected a tensor; got {type(tensor).__name__}")
    unrecordable("other processes take part")
    return tensor.numpy(force=True)


def _fill(caller: str, tensor: Tensor, values: Any) -> None:
    if tensor.numel() != values.size:
        raise ValueError(
            f"{caller}: another process has a tensor of {values.size} elements; this one has {tensor.numel()}"
        )
    with no_grad():
        tensor.detach().copy_(Tensor(np.array(values).reshape(tensor.shape)))


def _place(caller: str, chosen: Group, rank: int) -> int:
    if rank not in chosen.ranks:
        raise ValueError(f"{caller}: the ranks are {chosen.ranks}; got {rank}")
    return chosen.ranks.index(rank)


def _listed(caller: str, values: Any, chosen: Group) -> list[Any]:
    if not isinstance(values, list | tuple) or len(values) != chosen.size():
        raise ValueError(f"{caller}: expected a list of {chosen.size()}, the number of processes; got {values!r:.80}")
    return list(values)


def _done(async_op: bool) -> Work | None:
    return Work() if async_op else None


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> Work | None:
    """Wait for the others.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> barrier()
    >>> tg.distributed.destroy_process_group()
    """
    required("barrier", group).meet(np.empty(0), "all", wants=False)
    return _done(async_op)


def monitored_barrier(group: Any = None, timeout: Any = None, wait_all_ranks: bool = False) -> None:
    """Wait for the others.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> monitored_barrier()
    >>> tg.distributed.destroy_process_group()
    """
    required("monitored_barrier", group).meet(np.empty(0), "all", wants=False)


def all_reduce(tensor: Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> Work | None:
    """The sum over all processes, or what `op` says, in everybody's `tensor`.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> x = tg.ones(2)
    >>> tg.distributed.all_reduce(x)
    >>> tg.distributed.destroy_process_group()
    >>> x
    tensor([1., 1.])
    """
    chosen = required("all_reduce", group)
    values = _values("all_reduce", tensor)
    if chosen.size() > 1:
        _fill("all_reduce", tensor, chosen.meet(values, ReduceOp(op).value)[0])
    return _done(async_op)


def reduce(
    tensor: Tensor, dst: int = 0, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """The sum over all processes, or what `op` says, in `tensor` of process `dst`.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> reduce(tg.ones(2), dst=0)
    >>> tg.distributed.destroy_process_group()
    """
    chosen = required("reduce", group)
    mine = _place("reduce", chosen, dst) == chosen.me
    result = chosen.meet(_values("reduce", tensor), ReduceOp(op).value, wants=mine)
    if mine and chosen.size() > 1:
        _fill("reduce", tensor, result[0])
    return _done(async_op)


def broadcast(tensor: Tensor, src: int = 0, group: Any = None, async_op: bool = False) -> Work | None:
    """Process `src`'s tensor in everybody's `tensor`.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> broadcast(tg.ones(2), src=0)
    >>> tg.distributed.destroy_process_group()
    """
    chosen = required("broadcast", group)
    place = _place("broadcast", chosen, src)
    values = _values("broadcast", tensor)
    mine = place == chosen.me
    result = chosen.meet(values if mine else np.empty(0), "all", wants=not mine)
    if not mine:
        _fill("broadcast", tensor, result[place])
    return _done(async_op)


def all_gather(tensor_list: list[Tensor], tensor: Tensor, group: Any = None, async_op: bool = False) -> Work | None:
    """Everybody's tensor in the tensors of everybody's list.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> parts = [tg.zeros(2)]
    >>> all_gather(parts, tg.ones(2))
    >>> tg.distributed.destroy_process_group()
    >>> parts
    [tensor([1., 1.])]
    """
    chosen = required("all_gather", group)
    targets = _listed("all_gather", tensor_list, chosen)
    for target, values in zip(targets, chosen.meet(_values("all_gather", tensor), "all"), strict=True):
        _fill("all_gather", target, values)
    return _done(async_op)


def all_gather_into_tensor(
    output_tensor: Tensor, input_tensor: Tensor, group: Any = None, async_op: bool = False
) -> Work | None:
    """Everybody's tensor behind one another, in everybody's.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> rows = tg.zeros(1, 2)
    >>> all_gather_into_tensor(rows, tg.ones(2))
    >>> tg.distributed.destroy_process_group()
    >>> rows
    tensor([[1., 1.]])
    """
    chosen = required("all_gather_into_tensor", group)
    parts = chosen.meet(_values("all_gather_into_tensor", input_tensor), "all")
    _fill("all_gather_into_tensor", output_tensor, np.concatenate([np.ravel(part) for part in parts]))
    return _done(async_op)


def gather(
    tensor: Tensor,
    gather_list: list[Tensor] | None = None,
    dst: int = 0,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """Everybody's tensor in the tensors of process `dst`'s list.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> parts = [tg.zeros(2)]
    >>> gather(tg.ones(2), parts)
    >>> tg.distributed.destroy_process_group()
    >>> parts
    [tensor([1., 1.])]
    """
    chosen = required("gather", group)
    mine = _place("gather", chosen, dst) == chosen.me
    targets = _listed("gather", gather_list, chosen) if mine else []
    result = chosen.meet(_values("gather", tensor), "all", wants=mine)
    for target, values in zip(targets, result if mine else [], strict=True):
        _fill("gather", target, values)
    return _done(async_op)


def scatter(
    tensor: Tensor,
    scatter_list: list[Tensor] | None = None,
    src: int = 0,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """A tensor of process `src`'s list for each process, in its `tensor`.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> x = tg.zeros(2)
    >>> scatter(x, [tg.ones(2)])
    >>> tg.distributed.destroy_process_group()
    >>> x
    tensor([1., 1.])
    """
    chosen = required("scatter", group)
    place = _place("scatter", chosen, src)
    mine = place == chosen.me
    values = [_values("scatter", x) for x in _listed("scatter", scatter_list, chosen)] if mine else [np.empty(0)]
    result = chosen.meet(np.stack(values), "all")[place]
    _fill("scatter", tensor, result[chosen.me])
    return _done(async_op)


def reduce_scatter(
    output: Tensor, input_list: list[Tensor], op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """The sum over all processes of the tensor that each has for this one, in `output`.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> x = tg.zeros(2)
    >>> reduce_scatter(x, [tg.ones(2)])
    >>> tg.distributed.destroy_process_group()
    >>> x
    tensor([1., 1.])
    """
    chosen = required("reduce_scatter", group)
    values = np.stack([_values("reduce_scatter", x) for x in _listed("reduce_scatter", input_list, chosen)])
    if chosen.size() > 1:
        (values,) = chosen.meet(values, ReduceOp(op).value)
    _fill("reduce_scatter", output, values[chosen.me])
    return _done(async_op)


def send(tensor: Tensor, dst: int, group: Any = None, tag: int = 0) -> None:
    """Send a tensor to another process, which calls `recv`; it does not wait for that.

    >>> tg.distributed.send(tg.ones(2), dst=1)  # doctest: +SKIP
    """
    chosen = required("send", group)
    _place("send", chosen, dst)
    _way("send", chosen).send(("letter", chosen.ranks[chosen.me], dst, tag), _values("send", tensor))


def recv(tensor: Tensor, src: int | None = None, group: Any = None, tag: int = 0) -> int:
    """Wait for a tensor of process `src`, which comes into `tensor`; returns the rank.

    >>> tg.distributed.recv(tg.ones(2), src=1)  # doctest: +SKIP
    """
    chosen = required("recv", group)
    if src is None:
        raise ValueError("recv: give src, the rank to receive from; receiving from anybody is not supported")
    _place("recv", chosen, src)
    _values("recv", tensor)
    _fill("recv", tensor, _way("recv", chosen).receive(("letter", src, chosen.ranks[chosen.me], tag), src))
    return src


def isend(tensor: Tensor, dst: int, group: Any = None, tag: int = 0) -> Work:
    """`send`, which does not wait anyway.

    >>> tg.distributed.isend(tg.ones(2), dst=1)  # doctest: +SKIP
    """
    send(tensor, dst, group, tag)
    return Work()


def irecv(tensor: Tensor, src: int | None = None, group: Any = None, tag: int = 0) -> Work:
    """`recv`, when `wait()` is called on what it returns.

    >>> tg.distributed.irecv(tg.ones(2), src=1)  # doctest: +SKIP
    """
    return Work(lambda: recv(tensor, src, group, tag))


def _way(caller: str, chosen: Group) -> Any:
    if chosen.way is None:
        raise ValueError(f"{caller}: this process is alone in its group")
    return chosen.way


def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """Everybody's object in everybody's list. Objects are pickled: trust the processes of the group.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> found = [None]
    >>> all_gather_object(found, "mine")
    >>> tg.distributed.destroy_process_group()
    >>> found
    ['mine']
    """
    chosen = required("all_gather_object", group)
    _listed("all_gather_object", object_list, chosen)
    object_list[:] = _unpacked(chosen.meet(_packed(obj), "all"))


def gather_object(obj: Any, object_gather_list: list[Any] | None = None, dst: int = 0, group: Any = None) -> None:
    """Everybody's object in the list of process `dst`. Objects are pickled: trust the processes of the group.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> found = [None]
    >>> gather_object("mine", found)
    >>> tg.distributed.destroy_process_group()
    >>> found
    ['mine']
    """
    chosen = required("gather_object", group)
    mine = _place("gather_object", chosen, dst) == chosen.me
    if mine:
        _listed("gather_object", object_gather_list, chosen)
    result = chosen.meet(_packed(obj), "all", wants=mine)
    if mine and object_gather_list is not None:
        object_gather_list[:] = _unpacked(result)


def broadcast_object_list(object_list: list[Any], src: int = 0, group: Any = None, device: Any = None) -> None:
    """Process `src`'s objects in everybody's list. Objects are pickled: trust the processes of the group.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> broadcast_object_list(["mine"])
    >>> tg.distributed.destroy_process_group()
    """
    chosen = required("broadcast_object_list", group)
    place = _place("broadcast_object_list", chosen, src)
    mine = place == chosen.me
    result = chosen.meet(_packed(list(object_list)) if mine else np.empty(0), "all", wants=not mine)
    if not mine:
        (object_list[:],) = _unpacked([result[place]])


def _packed(value: Any) -> Any:
    return np.frombuffer(pickle.dumps(value), np.uint8)


def _unpacked(parts: list[Any]) -> list[Any]:
    return [pickle.loads(part.tobytes()) for part in parts]
