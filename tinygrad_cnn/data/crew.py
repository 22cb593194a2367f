"""The main process's side of a loader's workers: starts them, hands out jobs, takes batches in their order."""

import multiprocessing
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from pickle import PicklingError
from time import monotonic
from typing import Any

from .passing import receive, slots, unpack
from .workers import END, Failed, Task, WorkerInfo, work


def context_of(chosen: Any) -> BaseContext:
    """The way to start processes.

    Without a choice it is "fork" on Linux, whichever of its own defaults Python has, so that data sets, lambdas and
    open files need not be pickled; elsewhere, and where `multiprocessing.set_start_method` chose "spawn", Python's.

    Raises:
        ValueError: for the name of a method that there is not.
        TypeError: for what is neither a name nor a context.
    """
    methods = multiprocessing.get_all_start_methods()
    if isinstance(chosen, str):
        if chosen not in methods:
            raise ValueError(f"DataLoader: multiprocessing_context must be one of {methods}; got {chosen!r}")
        return multiprocessing.get_context(chosen)
    if chosen is not None and not isinstance(chosen, BaseContext):
        raise TypeError(
            f"DataLoader: multiprocessing_context must be one of {methods} or a context of multiprocessing; got "
            f"{chosen!r}"
        )
    if chosen is not None:
        return chosen
    asked = multiprocessing.get_start_method(allow_none=True)
    if sys.platform.startswith("linux") and asked in (None, methods[0]):
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context(asked)


class Hand:
    """One worker, as the main process sees it."""

    def __init__(self, crew: "Crew", info: WorkerInfo, fetcher: tuple[Any, ...], init: Any) -> None:
        if multiprocessing.current_process().daemon:
            raise RuntimeError("DataLoader: a worker process can't have workers itself; use num_workers=0 in it")
        self.id = info.id
        self.waiting = 0  # jobs that it has not answered
        self.slots = slots(crew.prefetch)
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = crew.context.Pipe()
        forked = crew.context.get_start_method() == "fork"
        inherited = [*(hand.pipe for hand in crew.hands), self.pipe] if forked else []
        task = Task(info, fetcher, init, theirs, inherited, self.slots)
        name = f"DataLoader worker {info.id}"
        self.process = crew.context.Process(target=work, args=(task,), name=name, daemon=True)  # type: ignore[attr-defined]
        try:
            with warnings.catch_warnings():
                # Python 3.12 warns that a fork leaves threads behind. A worker computes on one thread of its own.
                warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
                self.process.start()
        except (PicklingError, AttributeError, TypeError) as error:  # all of which pickle raises
            raise PicklingError(
                f"DataLoader: processes that are started by {crew.context.get_start_method()!r} get the data set, "
                f"collate_fn and worker_init_fn by pickle, and one of them can't be: {error}. Define functions and "
                "classes at the top of a module"
            ) from error
        finally:
            theirs.close()

    def ended(self) -> str:
        """How the process ended, for an error."""
        self.process.join(1)
        code = self.process.exitcode
        how = f"ended with exit status {code}"
        if code is not None and code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
            how += "; the machine may be out of memory" if -code == signal.SIGKILL else ""
        return f"DataLoader: worker {self.id} (process {self.process.pid}) {how}"


class Crew:
    """The workers of a loader, who make batches until they are stopped.

    Args:
        context: how processes are started.
        prefetch: how many batches each worker makes ahead of time.
        fetcher: the arguments of a worker's `Fetcher`.
        count: the number of workers.
        seed: the first one's; the next one's is one more, and so on.
        init: called in each worker with its number.

    Attributes:
        patience: seconds that workers get to finish what they are making when they are stopped.
    """

    patience = 5.0

    def __init__(
        self, context: BaseContext, prefetch: int, fetcher: tuple[Any, ...], count: int, seed: int, init: Any
    ) -> None:
        self.context, self.prefetch = context, prefetch
        self.round = 0
        self.hands: list[Hand] = []
        self.owner = os.getpid()
        try:
            for i in range(count):
                self.hands.append(Hand(self, WorkerInfo(i, count, seed + i, fetcher[0]), fetcher, init))
        except BaseException:
            self.stop()
            raise

    def begin(self) -> int:
        """Begin an iteration; what is left of the one before is dropped."""
        self.round += 1
        for hand in self.hands:
            hand.waiting = 0
            self._tell(hand, (self.round, None))
        return self.round

    def _tell(self, hand: Hand, message: Any) -> None:
        with suppress(OSError):  # its process has ended; that is noticed when its batch is asked for
            hand.pipe.send(message)

    def give(self, hand: Hand, number: int, job: Any) -> None:
        """Hand out a job."""
        hand.waiting += 1
        self._tell(hand, (self.round, number, job))

    def take(self, hands: list[Hand], timeout: float) -> tuple[Hand, int, Any]:
        """The next answer of one of these: the worker, the number of the job, and the batch.

        Raises:
            RuntimeError: when a worker has ended, or nothing came for `timeout` seconds (0: wait for ever).
        """
        limit = monotonic() + timeout if timeout else None
        by_pipe = {hand.pipe: hand for hand in hands}
        by_end = {hand.process.sentinel: hand for hand in hands}
        while True:
            left = None if limit is None else max(limit - monotonic(), 0)
            ready = wait([*by_pipe, *by_end], left)
            if not ready:
                raise RuntimeError(f"DataLoader: no batch was ready after the timeout of {timeout} s")
            pipes = [each for each in ready if each in by_pipe]
            hand = by_pipe[pipes[0]] if pipes else by_end[ready[0]]
            try:
                if not pipes and not hand.pipe.poll():
                    raise RuntimeError(hand.ended())
                (begun, number, slot), packed = receive(hand.pipe)
            except (EOFError, ConnectionError):
                raise RuntimeError(hand.ended()) from None
            if begun == self.round:
                hand.waiting -= 1
                return hand, number, unpack(packed, hand.slots[slot] if hand.slots else None)

    def stop(self) -> None:
        """End the workers: each finishes the batch that it is making, if that does not take too long."""
        if os.getpid() != self.owner:  # a copy in a process that was forked: the workers are not its own
            return
        hands, self.hands = self.hands, []
        for hand in hands:
            self._tell(hand, None)
            hand.pipe.close()
        limit = monotonic() + self.patience
        for hand in hands:
            hand.process.join(0 if sys.is_finalizing() else max(limit - monotonic(), 0))
            if hand.process.exitcode is None:
                hand.process.terminate()
                hand.process.join(1)
                hand.process.kill()
                hand.process.join()
            hand.process.close()
            for slot in hand.slots:
                slot.close()

    def __del__(self) -> None:
        self.stop()


class Round:
    """One iteration: the batches that a crew makes of some jobs.

    Args:
        crew: who makes them; its earlier rounds end.
        jobs: what is to be made; for streams, something without an end.
        timeout: seconds to wait for a batch, 0 for ever.
        in_order: whether batches come in the order of their jobs, or as they are ready.
        last: whether the crew is stopped at the end.

    Raises:
        RuntimeError: when a worker has ended, a batch takes too long, or a later round has begun.
        BaseException: what a worker or the jobs raised, at its place in the order.
    """

    def __init__(self, crew: Crew, jobs: Iterator[Any], timeout: float, in_order: bool, last: bool) -> None:
        self.crew, self.jobs, self.timeout, self.in_order, self.last = crew, jobs, timeout, in_order, last
        self.number = crew.begin()
        self.at_work = deque(crew.hands)  # whose stream has not ended; the next to get a job is first
        self.expected: deque[tuple[Hand, int]] = deque()
        self.more, self.given = True, 0
        self.problem: Exception | None = None
        self.over = False
        for _ in range(len(crew.hands) * crew.prefetch):
            self._give()

    def _give(self) -> None:
        if not self.more or not self.at_work:
            return
        for _ in range(len(self.at_work)):
            hand = self.at_work[0]
            self.at_work.rotate(-1)
            if hand.waiting < self.crew.prefetch:
                break
        else:
            return
        try:
            job = next(self.jobs)
        except StopIteration:
            self.more = False
        except Exception as error:
            self.more, self.problem = False, error
        else:
            self.crew.give(hand, self.given, job)
            self.expected.append((hand, self.given))
            self.given += 1

    def __iter__(self) -> "Round":
        return self

    def __next__(self) -> Any:
        while self.expected and not self.over:
            if self.crew.round != self.number:
                raise RuntimeError(
                    "DataLoader: its workers are persistent, and have begun a new iteration; this one can't go on"
                )
            try:
                asked = [self.expected[0][0]] if self.in_order else list({hand: None for hand, _ in self.expected})
                hand, number, batch = self.crew.take(asked, self.timeout)
            except RuntimeError:
                self.close(stop=True)
                raise
            if batch is END:
                self.at_work.remove(hand)
                self.expected = deque(each for each in self.expected if each[0] is not hand)
            else:
                self.expected.remove((hand, number))
            self._give()
            if isinstance(batch, Failed):
                raise batch.error()
            if batch is not END:
                return batch
        problem, self.problem = self.problem, None
        self.close()
        if problem is not None:
            raise problem
        raise StopIteration

    def close(self, stop: bool = False) -> None:
        """End the iteration before its time."""
        self.over = True
        if self.last or stop:
            self.crew.stop()
