"""Python's `multiprocessing` under PyTorch's name, with `spawn`.

A tensor that is sent to another process is copied, unless `share_memory_` has moved it to memory that both see.
"""

import multiprocessing
from multiprocessing import *  # noqa: F403 - its names are the module's own
from multiprocessing import connection
from typing import Any

__all__ = [  # noqa: PLE0604 - names that Python lists itself
    *(name for name in dir(multiprocessing) if not name.startswith("_")),
    "ProcessContext",
    "get_all_sharing_strategies",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
]


class ProcessContext:
    """Processes that `spawn` started.

    Attributes:
        processes: all of them.
    """

    def __init__(self, processes: list[Any], errors: Any) -> None:
        self.processes, self.errors = processes, errors

    def pids(self) -> list[int]:
        """Their numbers in the operating system."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None) -> bool:
        """Wait for one more to end, or for so many seconds; whether all have ended.

        Raises:
            RuntimeError: when one of them has failed, with its traceback; the others are ended.
        """
        running = {process.sentinel: process for process in self.processes if process.exitcode is None}
        for ended in connection.wait(list(running), timeout) if running else ():
            running[ended].join()  # its end is seen a moment before its exit status
        for number, process in enumerate(self.processes):
            if process.exitcode:
                for other in self.processes:
                    other.terminate()
                    other.join()
                if self.errors.empty():
                    raise RuntimeError(f"spawn: process {number} ended with exit status {process.exitcode}")
                first, text = self.errors.get()
                raise RuntimeError(f"spawn: process {first} failed:\n\n{text}")
        return all(process.exitcode is not None for process in self.processes)


def start_processes(
    fn: Any,
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Run `fn(i, *args)` in so many processes, i being the number of the process.

    Args:
        fn: a function at the top of a module, which other processes can import.
        args: what it gets beside its number.
        nprocs: how many processes.
        join: wait for them, rather than return what can.
        daemon: end them with this process.
        start_method: "spawn", "fork" or "forkserver".

    Raises:
        RuntimeError: when one of them has failed, with its traceback.
    """
    context: Any = multiprocessing.get_context(start_method)
    errors = context.SimpleQueue()
    processes = [context.Process(target=_run, args=(fn, i, args, errors), daemon=daemon) for i in range(nprocs)]
    for process in processes:
        process.start()
    started = ProcessContext(processes, errors)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Any,
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """`start_processes`, by "spawn"."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)


def _run(fn: Any, i: int, args: tuple[Any, ...], errors: Any) -> None:
    try:
        fn(i, *args)
    except Exception:
        from traceback import format_exc

        errors.put((i, format_exc()))
        raise SystemExit(1) from None


def get_all_sharing_strategies() -> set[str]:
    """PyTorch's ways to share tensors; here there is one, files without a name."""
    return {"file_descriptor", "file_system"}


_strategy = "file_descriptor"


def get_sharing_strategy() -> str:
    """What `set_sharing_strategy` was given; without effect."""
    return _strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Accepted, and without effect.

    Raises:
        ValueError: for a name that PyTorch does not know.
    """
    global _strategy  # noqa: PLW0603
    if new_strategy not in get_all_sharing_strategies():
        raise ValueError(
            f"set_sharing_strategy: expected one of {sorted(get_all_sharing_strategies())}; got {new_strategy!r}"
        )
    _strategy = new_strategy
