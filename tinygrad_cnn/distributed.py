"""PyTorch's `distributed` for the one process that there is: programs written for many run as the only one of a group.

A group of one has nothing to exchange: `all_reduce` leaves its tensor as it is, `all_gather` copies it, `barrier` does
not wait. A group of more is refused when it is made.
"""

import os
from datetime import timedelta
from enum import Enum
from typing import Any

from .tensor import Tensor

__all__ = [
    "ReduceOp",
    "all_gather",
    "all_gather_into_tensor",
    "all_gather_object",
    "all_reduce",
    "barrier",
    "broadcast",
    "broadcast_object_list",
    "destroy_process_group",
    "gather",
    "gather_object",
    "get_backend",
    "get_rank",
    "get_world_size",
    "group",
    "init_process_group",
    "is_available",
    "is_gloo_available",
    "is_initialized",
    "is_mpi_available",
    "is_nccl_available",
    "is_torchelastic_launched",
    "monitored_barrier",
    "new_group",
    "reduce",
    "reduce_op",
    "reduce_scatter",
    "scatter",
]


class ReduceOp(Enum):
    """How values of several processes become one; of one process they are that one.

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


class Group:
    """A group of this process alone."""

    def __init__(self, backend: str) -> None:
        self.backend = backend

    def rank(self) -> int:
        """0: this process is the only one."""
        return 0

    def size(self) -> int:
        """1: this process is the only one."""
        return 1


class group:  # noqa: N801 - PyTorch's name
    """The group of all processes, once there is one.

    >>> group.WORLD is None
    True
    """

    WORLD: Group | None = None


class Work:
    """What operations with `async_op=True` return; there is nothing to wait for."""

    def wait(self, timeout: Any = None) -> bool:
        """Done already."""
        return True

    def is_completed(self) -> bool:
        """Done already."""
        return True


def is_available() -> bool:
    """True: a group of one process can be made.

    >>> is_available()
    True
    """
    return True


def is_initialized() -> bool:
    """Whether `init_process_group` has been called.

    >>> is_initialized()
    False
    """
    return group.WORLD is not None


def is_nccl_available() -> bool:
    """False: processes are not connected.

    >>> is_nccl_available()
    False
    """
    return False


is_gloo_available = is_mpi_available = is_torchelastic_launched = is_nccl_available


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: timedelta | None = None,
    world_size: int = -1,
    rank: int = -1,
    store: Any = None,
    group_name: str = "",
    pg_options: Any = None,
    device_id: Any = None,
) -> None:
    """Make the group of this process alone; `world_size` and `rank` come from the environment where they are not given.

    Raises:
        RuntimeError: when there is a group already.
        NotImplementedError: for more than one process.
        ValueError: for a rank outside the group.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> is_initialized()
    True
    >>> destroy_process_group()
    """
    if is_initialized():
        raise RuntimeError("init_process_group: there is a group already; destroy_process_group() ends it")
    size = world_size if world_size >= 0 else int(os.environ.get("WORLD_SIZE", "1"))
    number = rank if rank >= 0 else int(os.environ.get("RANK", "0"))
    if size > 1:
        raise NotImplementedError(
            f"init_process_group: this engine trains in one process; got world_size={size}. Start the program once, "
            "with world_size=1 and rank=0"
        )
    if number != 0:
        raise ValueError(f"init_process_group: the rank must be 0 in a group of one process; got {number}")
    group.WORLD = Group(backend or "gloo")


def destroy_process_group(group: Any = None) -> None:
    """End the group.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> destroy_process_group()
    >>> is_initialized()
    False
    """
    _World.end()


class _World:
    """The group under a name that no argument hides."""

    @staticmethod
    def end() -> None:
        group.WORLD = None

    @staticmethod
    def require(caller: str) -> Group:
        if group.WORLD is None:
            raise ValueError(f"{caller}: there is no process group; call init_process_group first")
        return group.WORLD


def get_rank(group: Any = None) -> int:
    """0, the number of this process in its group.

    Raises:
        ValueError: when there is no group.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> get_rank()
    0
    >>> destroy_process_group()
    """
    return _World.require("get_rank").rank()


def get_world_size(group: Any = None) -> int:
    """1, the size of the group.

    Raises:
        ValueError: when there is no group.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> get_world_size()
    1
    >>> destroy_process_group()
    """
    return _World.require("get_world_size").size()


def get_backend(group: Any = None) -> str:
    """The name that `init_process_group` was given.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> get_backend()
    'gloo'
    >>> destroy_process_group()
    """
    return _World.require("get_backend").backend


def new_group(
    ranks: Any = None, timeout: Any = None, backend: str | None = None, pg_options: Any = None, **options: Any
) -> Group:
    """A group of this process alone.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> get_world_size(new_group())
    1
    >>> destroy_process_group()
    """
    world = _World.require("new_group")
    if ranks is not None and list(ranks) != [0]:
        raise ValueError(f"new_group: the only rank is 0; got {list(ranks)}")
    return Group(backend or world.backend)


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> Work | None:
    """Wait for the others, of whom there are none.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> barrier()
    >>> destroy_process_group()
    """
    return _done("barrier", async_op)


def monitored_barrier(group: Any = None, timeout: Any = None, wait_all_ranks: bool = False) -> None:
    """Wait for the others, of whom there are none.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> monitored_barrier()
    >>> destroy_process_group()
    """
    _done("monitored_barrier", False)


def all_reduce(tensor: Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> Work | None:
    """The sum over all processes, in `tensor`: as it is.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> x = tg.ones(2)
    >>> all_reduce(x)
    >>> destroy_process_group()
    >>> x
    tensor([1., 1.])
    """
    return _done("all_reduce", async_op)


def reduce(
    tensor: Tensor, dst: int = 0, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """The sum over all processes, in `tensor` of process `dst`: as it is.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> reduce(tg.ones(2), dst=0)
    >>> destroy_process_group()
    """
    _only(dst, "reduce")
    return _done("reduce", async_op)


def broadcast(tensor: Tensor, src: int = 0, group: Any = None, async_op: bool = False) -> Work | None:
    """Process `src`'s tensor in everybody's `tensor`: as it is.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> broadcast(tg.ones(2), src=0)
    >>> destroy_process_group()
    """
    _only(src, "broadcast")
    return _done("broadcast", async_op)


def all_gather(tensor_list: list[Tensor], tensor: Tensor, group: Any = None, async_op: bool = False) -> Work | None:
    """Everybody's tensor in the tensors of a list, which has one.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> parts = [tg.zeros(2)]
    >>> all_gather(parts, tg.ones(2))
    >>> destroy_process_group()
    >>> parts
    [tensor([1., 1.])]
    """
    _one(tensor_list, "all_gather").detach().copy_(tensor.detach())
    return _done("all_gather", async_op)


def all_gather_into_tensor(
    output_tensor: Tensor, input_tensor: Tensor, group: Any = None, async_op: bool = False
) -> Work | None:
    """Everybody's tensor in the rows of one.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> rows = tg.zeros(1, 2)
    >>> all_gather_into_tensor(rows, tg.ones(2))
    >>> destroy_process_group()
    >>> rows
    tensor([[1., 1.]])
    """
    output_tensor.detach().copy_(input_tensor.detach().reshape(output_tensor.shape))
    return _done("all_gather_into_tensor", async_op)


def gather(
    tensor: Tensor,
    gather_list: list[Tensor] | None = None,
    dst: int = 0,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """Everybody's tensor in the tensors of process `dst`'s list, which has one.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> parts = [tg.zeros(2)]
    >>> gather(tg.ones(2), parts)
    >>> destroy_process_group()
    >>> parts
    [tensor([1., 1.])]
    """
    _only(dst, "gather")
    _one(gather_list, "gather").detach().copy_(tensor.detach())
    return _done("gather", async_op)


def scatter(
    tensor: Tensor,
    scatter_list: list[Tensor] | None = None,
    src: int = 0,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """One tensor of process `src`'s list for each process: the only one, in `tensor`.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> x = tg.zeros(2)
    >>> scatter(x, [tg.ones(2)])
    >>> destroy_process_group()
    >>> x
    tensor([1., 1.])
    """
    _only(src, "scatter")
    tensor.detach().copy_(_one(scatter_list, "scatter").detach())
    return _done("scatter", async_op)


def reduce_scatter(
    output: Tensor, input_list: list[Tensor], op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """The sum over all processes of the tensor that is meant for each: the only one, in `output`.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> x = tg.zeros(2)
    >>> reduce_scatter(x, [tg.ones(2)])
    >>> destroy_process_group()
    >>> x
    tensor([1., 1.])
    """
    output.detach().copy_(_one(input_list, "reduce_scatter").detach())
    return _done("reduce_scatter", async_op)


def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """Everybody's object in a list, which has one place.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> found = [None]
    >>> all_gather_object(found, "mine")
    >>> destroy_process_group()
    >>> found
    ['mine']
    """
    _one(object_list, "all_gather_object")
    object_list[0] = obj


def gather_object(obj: Any, object_gather_list: list[Any] | None = None, dst: int = 0, group: Any = None) -> None:
    """Everybody's object in the list of process `dst`, which has one place.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> found = [None]
    >>> gather_object("mine", found)
    >>> destroy_process_group()
    >>> found
    ['mine']
    """
    _only(dst, "gather_object")
    if object_gather_list is not None:
        object_gather_list[0] = obj


def broadcast_object_list(object_list: list[Any], src: int = 0, group: Any = None, device: Any = None) -> None:
    """Process `src`'s objects in everybody's list: as they are.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> broadcast_object_list(["mine"])
    >>> destroy_process_group()
    """
    _only(src, "broadcast_object_list")
    _done("broadcast_object_list", False)


def _done(caller: str, async_op: bool) -> Work | None:
    _World.require(caller)
    return Work() if async_op else None


def _only(rank: int, caller: str) -> None:
    if rank != 0:
        raise ValueError(f"{caller}: the only rank is 0; got {rank}")


def _one(values: list[Any] | None, caller: str) -> Any:
    if values is None or len(values) != 1:
        raise ValueError(f"{caller}: expected a list of 1, the number of processes; got {values!r:.80}")
    return values[0]
