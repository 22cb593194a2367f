"""A profile as a file that chrome://tracing and ui.perfetto.dev show: the Trace Event Format, complete ("X") events."""

import gzip
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .recorder import Event


def write_trace(
    path: str | os.PathLike[str], events: Iterable[Event], *, start: int, threads: dict[int, str], notes: dict[str, Any]
) -> None:
    """Write events, with times in microseconds since `start`; compressed when the path ends in `.gz`."""
    process = os.getpid()
    numbers = {thread: i for i, thread in enumerate(threads, start=1)}
    entries: list[dict[str, Any]] = [
        {"ph": "M", "name": "thread_name", "pid": process, "tid": numbers[thread], "args": {"name": name}}
        for thread, name in threads.items()
    ]
    for event in sorted(events, key=lambda event: (event.start, -event.end)):
        entry = {"ph": "X", "name": event.name, "cat": event.kind, "pid": process, "tid": numbers[event.thread]}
        args: dict[str, Any] = {"direction": "backward" if event.backward else "forward"}
        if event.module:
            args["module"] = event.module
        if event.input_shapes is not None:
            args["input shapes"] = [list(shape) for shape in event.input_shapes]
        if event.nbytes:
            args["bytes"] = event.nbytes
        entries.append(entry | {"ts": (event.start - start) / 1e3, "dur": event.duration / 1e3, "args": args})
    text = json.dumps({"traceEvents": entries, "displayTimeUnit": "ms", **notes})
    file = Path(path)
    if file.suffix == ".gz":
        file.write_bytes(gzip.compress(text.encode()))
    else:
        file.write_text(text, encoding="utf-8")
