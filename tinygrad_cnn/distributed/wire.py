"""The way to the table: by calls in process 0, by a socket from the others. What is sent is arrays, never code."""

import json
import socket
import struct
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import as_dtype
from .meeting import Table

_LENGTHS = struct.Struct("!I")
GOODBYE_SECONDS = 30  # how long process 0 stays for the others when it is done


def write(connection: socket.socket, message: dict[str, Any], arrays: Sequence[Any] = ()) -> None:
    """A message and arrays behind it."""
    flat = [np.ascontiguousarray(array) for array in arrays]
    message = {**message, "arrays": [(array.dtype.name, np.shape(array)) for array in arrays]}
    text = json.dumps(message).encode()
    connection.sendall(_LENGTHS.pack(len(text)) + text)
    for array in flat:
        if array.nbytes:
            connection.sendall(array.reshape(-1).view(np.uint8).data)


def read(connection: socket.socket) -> tuple[dict[str, Any], list[Any]]:
    """The next message and its arrays.

    Raises:
        ConnectionError: when the other end is closed.
    """
    (length,) = _LENGTHS.unpack(_exactly(connection, _LENGTHS.size))
    message = json.loads(_exactly(connection, length))
    arrays = []
    for name, shape in message.pop("arrays"):
        dtype = np.dtype(as_dtype(name))
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        arrays.append(np.frombuffer(_exactly(connection, size), dtype).reshape(shape))
    return message, arrays


def _exactly(connection: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise ConnectionError("the connection was closed")
        view = view[count:]
    return data


class Host:
    """Process 0's way to the table, and the door for the others.

    Raises:
        OSError: when the address can't be listened at.
    """

    def __init__(self, address: tuple[str, int], size: int, timeout: float) -> None:
        self.table = Table(timeout)
        self._others = range(1, size)
        self._door = socket.create_server(address, backlog=size)
        self.address = self._door.getsockname()[:2]
        threading.Thread(target=self._welcome, name="distributed", daemon=True).start()

    def _welcome(self) -> None:
        while True:
            try:
                connection, _ = self._door.accept()
            except OSError:  # the door was closed
                return
            threading.Thread(target=self._serve, args=(connection,), name="distributed", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        rank = None
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            rank = read(connection)[0]["rank"]
            write(connection, {})
            while True:
                message, arrays = read(connection)
                try:
                    result = self._answer(message, arrays)
                except RuntimeError as error:
                    write(connection, {"error": str(error)})
                else:
                    write(connection, {}, result)
        except (ConnectionError, OSError):
            connection.close()
        if rank is not None:
            self.table.leave(rank)

    def _answer(self, message: dict[str, Any], arrays: list[Any]) -> list[Any]:
        key = tuple(message["key"])
        if message["what"] == "send":
            self.table.send(key, arrays[0])
            return []
        if message["what"] == "receive":
            return [self.table.receive(key, message["source"])]
        result = self.table.meet(key, message["ranks"], message["rank"], arrays[0], message["how"])
        return result if message["wants"] else []

    def meet(self, key: Any, ranks: Sequence[int], rank: int, value: Any, how: str, wants: bool) -> list[Any]:
        """See `Table.meet`; without `wants` the result does not matter."""
        return self.table.meet(key, ranks, rank, value, how)

    def send(self, key: Any, value: Any) -> None:
        """Leave a letter for another process."""
        self.table.send(key, np.array(value))

    def receive(self, key: Any, source: int) -> Any:
        """Wait for a letter."""
        return self.table.receive(key, source)

    def close(self) -> None:
        """Leave, once the others have left."""
        self.table.leave(0)
        self.table.wait_until_left(self._others, GOODBYE_SECONDS)
        self._door.close()


class Guest:
    """The way of another process than 0.

    Raises:
        RuntimeError: when process 0 does not open its door in time.
    """

    def __init__(self, address: tuple[str, int], rank: int, timeout: float) -> None:
        self._one_at_a_time = threading.Lock()
        self._connection = _reach(address, timeout)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ask({"rank": rank})

    def _ask(self, message: dict[str, Any], arrays: Sequence[Any] = ()) -> list[Any]:
        with self._one_at_a_time:
            try:
                write(self._connection, message, arrays)
                answer, result = read(self._connection)
            except (ConnectionError, OSError) as error:
                raise RuntimeError("distributed: process 0 has left the group") from error
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return result

    def meet(self, key: Any, ranks: Sequence[int], rank: int, value: Any, how: str, wants: bool) -> list[Any]:
        """See `Table.meet`; without `wants` the result is not sent."""
        message = {"what": "meet", "key": key, "ranks": list(ranks), "rank": rank, "how": how, "wants": wants}
        return self._ask(message, [value])

    def send(self, key: Any, value: Any) -> None:
        """Leave a letter for another process."""
        self._ask({"what": "send", "key": key}, [value])

    def receive(self, key: Any, source: int) -> Any:
        """Wait for a letter."""
        return self._ask({"what": "receive", "key": key, "source": source})[0]

    def close(self) -> None:
        """Leave."""
        self._connection.close()


def _reach(address: tuple[str, int], timeout: float) -> socket.socket:
    """A connection, as soon as there is somebody at the address."""
    end = time.monotonic() + timeout
    while True:
        try:
            connection = socket.create_connection(address, timeout=max(0.1, end - time.monotonic()))
        except OSError as error:
            if time.monotonic() > end:
                raise RuntimeError(
                    f"init_process_group: no process 0 at {address[0]}:{address[1]} in {timeout:g} seconds"
                ) from error
            time.sleep(0.05)
        else:
            connection.settimeout(None)
            return connection
