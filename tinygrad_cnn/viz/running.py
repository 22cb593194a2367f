"""Running a model for a picture: on inputs that collect gradients, recorded, and without a trace in its buffers."""

from collections.abc import Mapping
from contextlib import nullcontext
from contextvars import Context
from typing import Any

from .recorder import can_record, record


class Ran:
    """What a run gave.

    Attributes:
        outputs, inputs: tensors by name.
        recording: of the run, None where there is no recorder.
        error: what it raised, None if it went through.
    """

    def __init__(self) -> None:
        self.outputs: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        self.recording: Any = None
        self.error: Exception | None = None


def run_model(model: Any, input: Any, *, values: bool, times: bool) -> Ran:
    """Run a model once and put its buffers back. An error is returned, not raised."""
    given = (
        input if isinstance(input, Mapping) else dict(enumerate(input if isinstance(input, tuple | list) else (input,)))
    )
    tensors = {name: _twin(value) for name, value in given.items()}
    named = {
        "input" if len(tensors) == 1 and name == 0 else f"input {name}" if isinstance(name, int) else str(name): v
        for name, v in tensors.items()
    }
    args = [value for name, value in tensors.items() if isinstance(name, int)]
    keywords = {str(name): value for name, value in tensors.items() if not isinstance(name, int)}
    ran = Ran()
    ran.inputs = {name: value for name, value in named.items() if is_tensor(value)}

    def run() -> Any:
        ran.recording = record(values=values, times=times) if can_record() else None
        with ran.recording if ran.recording is not None else nullcontext():
            return model(*args, **keywords)

    buffers = dict(model.named_buffers()) if hasattr(model, "named_buffers") else {}
    before = {name: buffer.array.copy() for name, buffer in buffers.items()}
    result = None
    try:
        result = _recording_graphs(run, [*tensors.values(), *dict(model.named_parameters()).values()])
    except Exception as error:
        ran.error = error
    finally:
        for name, buffer in dict(model.named_buffers()).items() if before else ():
            if name in before and buffer.array.shape == before[name].shape:
                buffer.array[...] = before[name]
                buffer.storage.changed("draw_graph")
    ran.outputs = tensors_in(result, "output")
    if ran.error is None and not ran.outputs:
        ran.error = TypeError(
            f"draw_graph: {type(model).__name__} must return a tensor, or a sequence or dict of them; "
            f"got {type(result).__name__}"
        )
    return ran


def _recording_graphs(run: Any, tensors: list[Any]) -> Any:
    """Run so that a graph is recorded: inside no_grad() in a new context, as the mode is a context variable."""
    leaf = next((t for t in tensors if getattr(t, "node", None) is not None), None)
    if leaf is None or (leaf * 1).node is not None:
        return run()
    return Context().run(run)


def _twin(value: Any) -> Any:
    """The same values as a leaf; what has no gradient (integers, other objects) as it is."""
    if is_tensor(value) and value.dtype.kind in "fV":  # V: bfloat16
        return value.detach().requires_grad_()
    return value


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor, of whatever class."""
    return hasattr(value, "node") and hasattr(value, "shape")


def tensors_in(value: Any, name: str) -> dict[str, Any]:
    """All tensors in nested sequences and dicts, by where they are: `loss`, `0`, `boxes.1`; one alone by `name`."""
    found: dict[str, Any] = {}
    stack = [("", value)]
    while stack:
        path, item = stack.pop()
        if is_tensor(item):
            found[path or name] = item
        elif isinstance(item, Mapping | tuple | list):
            pairs = list(item.items() if isinstance(item, Mapping) else enumerate(item))
            stack += [
                (f"{path}.{key}" if path else f"{name} {key}" if isinstance(key, int) else str(key), part)
                for key, part in reversed(pairs)
            ]
    return found
