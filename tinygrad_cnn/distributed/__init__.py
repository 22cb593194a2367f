"""PyTorch's `distributed`: several processes that exchange tensors, or one that is the only one of its group.

Process 0 keeps a table, the others are connected with it by sockets; everything that is exchanged passes there. That is
simple and right, and it is fast enough for a few processes on one machine; it is not meant for many machines.

>>> import tinygrad_cnn.distributed as dist
>>> dist.init_process_group("gloo", rank=0, world_size=1)
>>> dist.get_rank(), dist.get_world_size()
(0, 1)
>>> dist.destroy_process_group()
"""

import os

from .collectives import (
    ReduceOp,
    Work,
    all_gather,
    all_gather_into_tensor,
    all_gather_object,
    all_reduce,
    barrier,
    broadcast,
    broadcast_object_list,
    gather,
    gather_object,
    irecv,
    isend,
    monitored_barrier,
    recv,
    reduce,
    reduce_op,
    reduce_scatter,
    scatter,
    send,
)
from .groups import (
    Group,
    GroupMember,
    destroy_process_group,
    get_backend,
    get_process_group_ranks,
    get_rank,
    get_world_size,
    group,
    init_process_group,
    is_initialized,
    new_group,
)

ProcessGroup = Group

__all__ = [
    "GroupMember",
    "ProcessGroup",
    "ReduceOp",
    "Work",
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
    "get_process_group_ranks",
    "get_rank",
    "get_world_size",
    "group",
    "init_process_group",
    "irecv",
    "is_available",
    "is_gloo_available",
    "is_initialized",
    "is_mpi_available",
    "is_nccl_available",
    "is_torchelastic_launched",
    "isend",
    "monitored_barrier",
    "new_group",
    "recv",
    "reduce",
    "reduce_op",
    "reduce_scatter",
    "scatter",
    "send",
]


def is_available() -> bool:
    """True.

    >>> is_available()
    True
    """
    return True


def is_nccl_available() -> bool:
    """False: what is exchanged goes through the memory of the CPU, whatever the name of the backend.

    >>> is_nccl_available()
    False
    >>> is_mpi_available()
    False
    """
    return False


def is_gloo_available() -> bool:
    """True: the way of process 0 is taken under this name.

    >>> is_gloo_available()
    True
    """
    return True


is_mpi_available = is_nccl_available


def is_torchelastic_launched() -> bool:
    """Whether `torchrun`, or `python -m tinygrad_cnn.distributed.run`, has started this process.

    >>> is_torchelastic_launched()
    False
    """
    return "TORCHELASTIC_RUN_ID" in os.environ
