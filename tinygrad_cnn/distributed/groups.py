"""Groups of processes: how one is made, who belongs to it, and how it ends."""

import os
from datetime import timedelta
from itertools import count
from multiprocessing.util import Finalize
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs, urlparse

import numpy as np

from .wire import Guest, Host

TIMEOUT = timedelta(minutes=30)


class Group:
    """Some of the processes.

    Attributes:
        ranks: their numbers among all.
        me: the place of this process in `ranks`, -1 if it is not among them.
        way: to the table where they meet; None for a process alone.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> type(tg.distributed.new_group([0])).__name__
    'Group'
    >>> tg.distributed.destroy_process_group()
    """

    def __init__(self, ranks: list[int], rank: int, backend: str, way: Host | Guest | None, number: int = 0) -> None:
        self.ranks = ranks
        self.me = ranks.index(rank) if rank in ranks else -1
        self.backend = backend
        self.way = way
        self.number = number
        self._meetings = count()

    def rank(self) -> int:
        """The number of this process in the group."""
        return self.me

    def size(self) -> int:
        """How many they are."""
        return len(self.ranks)

    def meet(self, value: Any, how: str, wants: bool = True) -> list[Any]:
        """What the processes make of the arrays that they bring; see `Table.meet`."""
        if self.way is None:
            return [value]
        key = ("meeting", self.number, next(self._meetings))
        return self.way.meet(key, self.ranks, self.ranks[self.me], value, how, wants)


class group:  # noqa: N801 - PyTorch's name
    """The group of all processes, once there is one.

    >>> group.WORLD is None
    True
    """

    WORLD: Group | None = None


class GroupMember:
    """PyTorch's marks: the group of all, and what `new_group` gives to a process outside.

    >>> GroupMember.NON_GROUP_MEMBER
    -100
    """

    NON_GROUP_MEMBER = -100


class _World:
    numbers = count(1)
    goodbye: Any = None


def is_initialized() -> bool:
    """Whether `init_process_group` has been called.

    >>> tg.distributed.is_initialized()
    False
    """
    return group.WORLD is not None


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
    """Make the group of all processes; each of them calls it, and it returns when they have found each other.

    Process 0 listens at an address, and everything that is exchanged goes through it.

    Args:
        backend: a name that `get_backend` gives back.
        init_method: "env://": the address is in MASTER_ADDR and MASTER_PORT; "tcp://host:port"; or "file:///path" of a
            file that is not there yet, where process 0 writes its address.
        timeout: how long to wait for the others, here and later; half an hour.
        world_size: the number of processes; from WORLD_SIZE, 1.
        rank: the number of this one; from RANK, 0.
        store: not supported.
        group_name, pg_options, device_id: without effect.

    Raises:
        RuntimeError: when there is a group already, or the others do not come.
        NotImplementedError: for a store.
        ValueError: for a rank outside the group, or an address that says nothing.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> tg.distributed.is_initialized()
    True
    >>> tg.distributed.destroy_process_group()
    """
    if is_initialized():
        raise RuntimeError("init_process_group: there is a group already; destroy_process_group() ends it")
    if store is not None:
        raise NotImplementedError("init_process_group: stores are not supported; give init_method")
    url = urlparse(init_method or "env://")
    said = {key: values[0] for key, values in parse_qs(url.query).items()}
    size = world_size if world_size >= 0 else int(said.get("world_size", os.environ.get("WORLD_SIZE", "1")))
    number = rank if rank >= 0 else int(said.get("rank", os.environ.get("RANK", "0")))
    if not 0 <= number < size:
        raise ValueError(f"init_process_group: the rank must be in [0, {size}), the number of processes; got {number}")
    way: Host | Guest | None = None
    if size > 1:
        seconds = (TIMEOUT if timeout is None else timeout).total_seconds()
        way = _file(url.path, number, size, seconds) if url.scheme == "file" else _way(url, number, size, seconds)
        _World.goodbye = Finalize(None, way.close, exitpriority=10)
        group.WORLD = Group(list(range(size)), number, backend or "gloo", way)
        group.WORLD.meet(np.empty(0), "all", wants=False)
    else:
        group.WORLD = Group([0], 0, backend or "gloo", None)


def _way(url: Any, rank: int, size: int, seconds: float) -> Host | Guest:
    if url.scheme not in {"env", "tcp"}:
        raise ValueError(
            f"init_process_group: init_method must begin with env://, tcp:// or file://; got {url.geturl()!r}"
        )
    host = url.hostname or os.environ.get("MASTER_ADDR")
    port = url.port if url.scheme == "tcp" else os.environ.get("MASTER_PORT")
    if not host or port is None:
        raise ValueError(
            "init_process_group: where is process 0? Set MASTER_ADDR and MASTER_PORT, or give "
            'init_method="tcp://127.0.0.1:29500"'
        )
    address = (host, int(port))
    return Host(address, size, seconds) if rank == 0 else Guest(address, rank, seconds)


def _file(name: str, rank: int, size: int, seconds: float) -> Host | Guest:
    path = Path(name)
    if rank == 0:
        host = Host(("127.0.0.1", 0), size, seconds)
        draft = path.with_name(path.name + ".new")
        draft.write_text(f"{host.address[0]}:{host.address[1]}", encoding="utf-8")
        draft.replace(path)
        return host
    end = monotonic() + seconds
    while not path.exists() or not path.stat().st_size:
        if monotonic() > end:
            raise RuntimeError(f"init_process_group: process 0 has not written {path} in {seconds:g} seconds")
        sleep(0.05)
    where, _, port = path.read_text(encoding="utf-8").rpartition(":")
    return Guest((where, int(port)), rank, seconds)


def destroy_process_group(group: Any = None) -> None:
    """End the group of all, or a smaller one, which need not be ended; process 0 waits for the others to do it, too.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> tg.distributed.destroy_process_group()
    >>> tg.distributed.is_initialized()
    False
    """
    if group is None or group is _of_all():
        _end()


def _of_all() -> Group | None:
    return group.WORLD


def _end() -> None:
    if _World.goodbye is not None:
        _World.goodbye()
    _World.goodbye = group.WORLD = None


def required(caller: str, chosen: Any = None) -> Group:
    """A group, by default that of all.

    Raises:
        ValueError: when there is none, or this process does not belong to it.
    """
    found = group.WORLD if chosen is None else chosen
    if found is None:
        raise ValueError(f"{caller}: there is no process group; call init_process_group first")
    if not isinstance(found, Group) or found.me < 0:
        raise ValueError(f"{caller}: this process does not belong to the group")
    return found


def get_rank(group: Any = None) -> int:
    """The number of this process in the group; -1 if it does not belong to it.

    Raises:
        ValueError: when there is no group.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> tg.distributed.get_rank()
    0
    >>> tg.distributed.destroy_process_group()
    """
    return group.me if isinstance(group, Group) else -1 if group is not None else required("get_rank").me


def get_world_size(group: Any = None) -> int:
    """The size of the group; -1 if this process does not belong to it.

    Raises:
        ValueError: when there is no group.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> tg.distributed.get_world_size()
    1
    >>> tg.distributed.destroy_process_group()
    """
    if group is not None and get_rank(group) < 0:
        return -1
    return required("get_world_size", group).size()


def get_backend(group: Any = None) -> str:
    """The name that `init_process_group` was given.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> get_backend()
    'gloo'
    >>> tg.distributed.destroy_process_group()
    """
    return required("get_backend", group).backend


def get_process_group_ranks(group: Any = None) -> list[int]:
    """The numbers of the group's processes among all.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> get_process_group_ranks()
    [0]
    >>> tg.distributed.destroy_process_group()
    """
    return list(required("get_process_group_ranks", group).ranks)


def new_group(
    ranks: Any = None, timeout: Any = None, backend: str | None = None, pg_options: Any = None, **options: Any
) -> Any:
    """A group of some processes; all call this, in the same order, those outside too.

    Raises:
        ValueError: for numbers that are none of a process.

    >>> tg.distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> tg.distributed.get_world_size(tg.distributed.new_group())
    1
    >>> tg.distributed.destroy_process_group()
    """
    world = required("new_group")
    listed = world.ranks if ranks is None else sorted(ranks)
    if not set(listed) <= set(world.ranks) or len(set(listed)) < len(listed):
        raise ValueError(f"new_group: the ranks must be of {world.ranks}, each once; got {list(listed)}")
    mine = world.ranks[world.me]
    made = Group(list(listed), mine, backend or world.backend, world.way, next(_World.numbers))
    return made if made.me >= 0 else GroupMember.NON_GROUP_MEMBER
