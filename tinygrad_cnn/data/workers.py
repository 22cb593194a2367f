"""A worker of a loader: a process that makes batches of the jobs it is sent."""

import os
import pickle
import random
import signal
import warnings
from collections.abc import Callable
from queue import SimpleQueue
from reprlib import Repr
from threading import Thread
from traceback import format_exception
from typing import Any, NamedTuple

import numpy as np

from ..backend import set_num_threads
from ..random import manual_seed
from .fetching import Fetcher
from .passing import Slot, send

ALONE = 5.0  # seconds between two looks whether the main process still lives

_short = Repr()
_short.maxlist = 8


class WorkerInfo(NamedTuple):
    """What a worker of a loader knows about itself.

    Attributes:
        id: its number, from 0.
        num_workers: how many there are.
        seed: what its random numbers started from: a number drawn by the loader, plus `id`.
        dataset: its own copy of the data set.

    >>> tg.utils.data.get_worker_info() is None  # outside of a worker
    True
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Which worker of a DataLoader this code runs in; None in the main process.

    >>> tg.utils.data.get_worker_info() is None
    True
    """
    return _info


class Task(NamedTuple):
    """What a worker is started with; `inherited` are the main process's ends of pipes, which a fork has copied."""

    info: WorkerInfo
    fetcher: tuple[Any, ...]
    init: Callable[[int], None] | None
    pipe: Any
    inherited: list[Any]
    slots: list[Slot]


class Traceback(Exception):  # noqa: N818 - its name is a line of the traceback that Python prints
    """Where a worker's exception arose, in the worker's words."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return f"\n{self.text}"


class Failed(NamedTuple):
    """An exception that a worker raised, in a form that can be sent."""

    pickled: bytes
    text: str
    note: str

    def error(self) -> BaseException:
        """The exception, with its traceback as the cause, and a note of where it came from."""
        error: BaseException = pickle.loads(self.pickled)
        error.__cause__ = Traceback(self.text)
        error.add_note(self.note)
        return error


def failed(error: BaseException, note: str) -> Failed:
    """The exception as it is, or a RuntimeError that describes it if it can't be pickled."""
    text = "".join(format_exception(error))
    try:
        pickled = pickle.dumps(error)
        pickle.loads(pickled)  # some can be pickled, but not back
    except Exception:
        pickled = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return Failed(pickled, text, note)


def work(task: Task) -> None:
    """The life of a worker."""
    try:
        for pipe in task.inherited:
            pipe.close()
        _settle_in(task.info)
        Worker(task).run()
    except (KeyboardInterrupt, BrokenPipeError):  # the main process has been interrupted too, or is gone
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _settle_in(info: WorkerInfo) -> None:
    """One thread, and random numbers of its own."""
    global _info  # noqa: PLW0603 - each process has its own
    _info = info
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a BLAS keeps its threads does no harm
        set_num_threads(1)
    manual_seed(info.seed)
    random.seed(info.seed)
    np.random.seed(np.random.SeedSequence([info.seed, info.id]).generate_state(4))  # noqa: NPY002


class Worker:
    """Makes one batch after the other.

    Messages to it are (round, None), which begins an iteration; (round, number, job); and None, which ends it. Messages
    from it are ((round, number, slot), batch). A thread reads the pipe all the time, so that the main process never
    waits for its jobs to be taken.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.latest = 0
        self.messages: SimpleQueue[Any] = SimpleQueue()
        self.fetcher: Fetcher | None = None
        self.problem: Failed | None = None
        self.ended = False
        self.sent = 0

    def run(self) -> None:
        """Until the main process says so, or is gone."""
        try:
            if self.task.init is not None:
                self.task.init(self.task.info.id)
        except Exception as error:
            self.problem = failed(error, f"raised by worker_init_fn in DataLoader worker {self.task.info.id}")
        Thread(target=self.read, name="jobs", daemon=True).start()
        while (message := self.messages.get()) is not None:
            self.handle(*message)

    def read(self) -> None:
        """Take messages from the pipe as they come."""
        pipe, parent = self.task.pipe, os.getppid()
        while True:
            try:
                while not pipe.poll(ALONE):
                    if os.getppid() != parent:
                        os._exit(1)  # nobody waits for the batch that is being made
                message = pipe.recv()
            except (EOFError, OSError):
                message = None
            self.latest = message[0] if message is not None else -1
            self.messages.put(message)
            if message is None:
                return

    def handle(self, begun: int, number: int | None, job: Any = None) -> None:
        """Begin an iteration, or make a batch."""
        if begun != self.latest:
            return
        if number is None:
            self.fetcher, self.ended, self.sent = None, False, 0
            return
        if self.ended:
            return
        worker = self.task.info.id
        try:
            batch = self.problem or self.make(job)
        except StopIteration:
            self.ended, batch = True, END
        except Exception as error:
            batch = failed(error, _where(worker, number, job))
        slots = self.task.slots
        slot = self.sent % len(slots) if slots else 0
        self.sent += 1
        heading = (begun, number, slot)
        try:
            send(self.task.pipe, heading, batch, slots[slot] if slots else None)
        except OSError:
            raise
        except Exception as error:  # pickle raises several types
            error.add_note("a batch that a worker makes must be something that pickle can copy")
            send(self.task.pipe, heading, failed(error, _where(worker, number, job)), None)

    def make(self, job: Any) -> Any:
        """The batch of a job."""
        if self.fetcher is None:
            self.fetcher = Fetcher(*self.task.fetcher)
        return self.fetcher(job)


class End:
    """Stands for the end of a worker's stream."""

    def __reduce__(self) -> Any:
        return "END"


END = End()


def _where(worker: int, number: int, job: Any) -> str:
    of = "" if job is None else f" of the items {_short.repr(job)}"
    return f"raised in DataLoader worker {worker}, making batch {number}{of}"
