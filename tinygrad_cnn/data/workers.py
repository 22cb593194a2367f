"""Batches made ahead of time in threads, delivered in order."""

from collections.abc import Callable, Iterator
from contextvars import copy_context
from itertools import count
from queue import Empty, SimpleQueue
from reprlib import Repr
from sys import is_finalizing
from threading import Thread, local
from typing import Any, NamedTuple

_here = local()
_short = Repr()
_short.maxlist = 8


class WorkerInfo(NamedTuple):
    """What a worker of a loader knows about itself; `seed` differs between workers and between iterations."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


def get_worker_info() -> WorkerInfo | None:
    """Which worker of a DataLoader this code runs in; None outside of workers and while a stream is read."""
    return getattr(_here, "info", None)


class Crew:
    """Threads that make one thing after the other.

    Args:
        make: makes something of a job.
        infos: what each worker is told about itself, None for nothing.
        init: called by each worker with its number before its first job.
    """

    def __init__(
        self, make: Callable[[Any], Any], infos: list[WorkerInfo | None], init: Callable[[int], None] | None
    ) -> None:
        self.make = make
        self.init = init
        self.jobs: SimpleQueue[tuple[int, Any] | None] = SimpleQueue()
        self.results: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()
        self.stopping = False
        # In a copy of the context, so that a worker is inside no_grad() when the loop is. Daemons, so that a job that
        # hangs does not keep the program from ending.
        self.threads = [
            Thread(target=copy_context().run, args=(self.work, i, info), name=f"DataLoader worker {i}", daemon=True)
            for i, info in enumerate(infos)
        ]
        for thread in self.threads:
            thread.start()

    def work(self, worker: int, info: WorkerInfo | None) -> None:
        """The life of one worker."""
        _here.info = info
        ready = self.init is None
        while (job := self.jobs.get()) is not None and not self.stopping:
            number, argument = job
            try:
                if not ready and self.init is not None:
                    self.init(worker)
                ready = True
                self.results.put((number, self.make(argument), None))
            except BaseException as error:
                of = "" if argument is None else f" of the items {_short.repr(argument)}"
                error.add_note(f"raised in DataLoader worker {worker}, making batch {number}{of}")
                self.results.put((number, None, error))

    def stop(self, wait: bool) -> None:
        """Make nothing more; wait until what is being made is done."""
        self.stopping = True
        for _ in self.threads:
            self.jobs.put(None)
        if wait and not is_finalizing():  # by then daemon threads are frozen, and would never be done
            for thread in self.threads:
                thread.join()


def made_ahead(crew: Crew, jobs: Iterator[Any], ahead: int, timeout: float) -> Iterator[Any]:
    """What the crew makes of the jobs, in their order, at most `ahead` of them begun before they are asked for.

    Raises:
        RuntimeError: when something is not ready after `timeout` seconds (0: wait for ever).
        BaseException: what a worker or the jobs raised, as it is, at its place in the order.
    """
    done: dict[int, tuple[Any, BaseException | None]] = {}
    sent, more, wait = 0, True, True
    try:
        for number in count():
            while more and sent < number + ahead:
                try:
                    crew.jobs.put((sent, next(jobs)))
                except StopIteration:
                    more = False
                    break
                except Exception as error:
                    done[sent] = (None, error)
                    more = False
                sent += 1
            if number == sent:
                return
            while number not in done:
                try:
                    place, value, failure = crew.results.get(timeout=timeout or None)
                except Empty:
                    wait = False
                    raise RuntimeError(
                        f"DataLoader: batch {number} was not ready after the timeout of {timeout} s"
                    ) from None
                done[place] = (value, failure)
            value, failure = done.pop(number)
            if failure is not None:
                raise failure
            yield value
    finally:
        crew.stop(wait)
        done.clear()
