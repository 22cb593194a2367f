"""A model layer by layer: what comes out, how much is learned, how much is multiplied, what memory training keeps."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

from ..autograd import Leaf, ancestors, enable_grad, no_grad
from ..creation import rand, zeros
from ..errors import ArgumentError
from ..random import get_rng_state, set_rng_state
from ..summary import graph_summary
from ..tensor import Tensor
from .module import Module

__all__ = ["LayerSummary", "ModelSummary", "summary"]

Shape = tuple[int, ...]


@dataclass(frozen=True)
class LayerSummary:
    """What one module does in a model.

    Attributes:
        path: such as `features.3`, "" for the model itself.
        kind: the name of its class.
        output_shapes: of the tensors that its last call returned; empty if it was not called.
        calls: how often it was called.
        parameters, trainable: how many numbers it holds itself, without the modules inside; and those that are learned.
        macs: multiplications with an addition in its convolutions and matrix products, without the modules inside.
        output_bytes: memory of the tensors that its last call returned.
        saved_bytes: memory that its operations keep for backward, without parameters.

    >>> layer = nn.summary(nn.Sequential(nn.Linear(2, 3)), (1, 2)).rows[-1]
    >>> layer.path, layer.parameters
    ('0', 9)
    """

    path: str
    kind: str
    output_shapes: tuple[Shape, ...]
    calls: int
    parameters: int
    trainable: int
    macs: int
    output_bytes: int
    saved_bytes: int


@dataclass(frozen=True)
class ModelSummary:
    """A model layer by layer; as text it is a table.

    Attributes:
        rows: one for each module, the model first, then depth first.
        input_shapes: of what it was called with.

    >>> "Linear" in str(nn.summary(nn.Linear(2, 3), (1, 2)))
    True
    """

    rows: tuple[LayerSummary, ...]
    input_shapes: tuple[Shape, ...]

    @property
    def parameters(self) -> int:
        """How many numbers the parameters hold."""
        return sum(row.parameters for row in self.rows)

    @property
    def trainable(self) -> int:
        """How many of them are learned."""
        return sum(row.trainable for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiplications with an addition, of one call."""
        return sum(row.macs for row in self.rows)

    @property
    def saved_bytes(self) -> int:
        """Memory kept for backward, beside the parameters: what grows with the batch."""
        return sum(row.saved_bytes for row in self.rows)

    def __str__(self) -> str:
        head = ("layer", "kind", "output shape", "parameters", "MACs", "kept")
        lines = [
            (
                _indented(row.path),
                row.kind,
                ", ".join(map(str, row.output_shapes)) or "-",
                f"{row.parameters:,}",
                _short(row.macs, 1000, ("", "k", "M", "G", "T")),
                _short(row.saved_bytes, 1024, ("B", "KiB", "MiB", "GiB", "TiB")),
            )
            for row in self.rows
        ]
        total = ("total", "", "", f"{self.parameters:,}", *_totals(self.macs, self.saved_bytes))
        table = [head, *lines, total]
        widths = [max(len(line[i]) for line in table) for i in range(len(head))]
        text = ["  ".join(_aligned(i, cell, widths[i]) for i, cell in enumerate(line)).rstrip() for line in table]
        inputs = ", ".join(map(str, self.input_shapes))
        frozen = self.parameters - self.trainable
        return "\n".join([*text, f"input {inputs}; {self.trainable:,} parameters are learned, {frozen:,} are not"])

    __repr__ = __str__


def _totals(macs: int, saved: int) -> tuple[str, str]:
    return _short(macs, 1000, ("", "k", "M", "G", "T")), _short(saved, 1024, ("B", "KiB", "MiB", "GiB", "TiB"))


def _indented(path: str) -> str:
    """The path, moved in by how deep it is."""
    return "  " * (path.count(".") + 1) + path if path else "(model)"


def _aligned(column: int, cell: str, width: int) -> str:
    return cell.rjust(width) if column > 2 else cell.ljust(width)


def _short(number: float, step: int, units: tuple[str, ...]) -> str:
    """A number in the unit in which it is between 1 and the next unit.

    >>> _short(12_345, 1000, ("", "k", "M")), _short(7, 1000, ("", "k", "M"))
    ('12.3 k', '7')
    """
    for unit in units[:-1]:
        if number < step:
            return f"{number:.0f} {unit}".rstrip() if unit == units[0] else f"{number:.1f} {unit}"
        number /= step
    return f"{number:.1f} {units[-1]}"


def summary(
    model: Module,
    input_size: Any = None,
    input_data: Any = None,
    dtypes: Sequence[Any] | None = None,
) -> ModelSummary:
    """What a model's layers give, hold, compute and keep, measured in one call with random numbers.

    The model runs in the mode that it is in, `train()` or `eval()`; its buffers and the random generator are as before
    afterwards, and no gradients are left.

    Args:
        model: the model.
        input_size: the shape of its input with the batch, such as (1, 3, 224, 224); a list of shapes for several.
        input_data: the input itself, a tensor or a tuple of arguments, instead of a size.
        dtypes: of each input, float32 by default; integers are zeros.

    Raises:
        ValueError: unless exactly one of `input_size` and `input_data` is given, or for what is no shape.

    >>> from tinygrad_cnn import nn
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
    >>> summary(net, (8, 1, 4, 4))
    layer    kind        output shape  parameters   MACs     kept
    (model)  Sequential  (8, 2)                 0      0      0 B
      0      Conv2d      (8, 4, 2, 2)          40  1.2 k    512 B
      1      ReLU        (8, 4, 2, 2)           0      0    512 B
      2      Flatten     (8, 16)                0      0      0 B
      3      Linear      (8, 2)                34    256    512 B
    total                                      74  1.4 k  1.5 KiB
    input (8, 1, 4, 4); 74 parameters are learned, 0 are not
    """
    if (input_size is None) == (input_data is None):
        raise ArgumentError("summary: give either input_size, with the batch, or input_data")
    if input_data is not None:
        inputs = tuple(input_data) if isinstance(input_data, tuple | list) else (input_data,)
    else:
        shapes = _shapes(input_size)
        kinds = list(dtypes) if dtypes is not None else [None] * len(shapes)
        if len(kinds) != len(shapes):
            raise ArgumentError(f"summary: expected {len(shapes)} dtypes, one per input; got {len(kinds)}")
        with _as_before(model):
            inputs = tuple(_sample(shape, kind) for shape, kind in zip(shapes, kinds, strict=True))
    seen = _Seen()
    frozen = [p for _, p in model.named_parameters() if not p.requires_grad and p.is_floating_point()]
    with _as_before(model):
        handles = [module.register_forward_hook(seen.called) for module in model.modules()]
        try:
            output = model(*inputs)
        finally:
            for handle in handles:
                handle.remove()
        macs, saved = _measured(list(_tensors(output)))
        if (
            frozen
        ):  # what only they take part in is in no graph: count it in another call, in which everything is learned
            for parameter in frozen:
                parameter.requires_grad_(True)
            try:
                macs, _ = _measured(list(_tensors(model(*inputs))))
            finally:
                for parameter in frozen:
                    parameter.requires_grad_(False)
    rows = []
    counted: set[int] = set()
    for path, module in model.named_modules():
        own = [p for p in module._parameters.values() if p is not None and id(p) not in counted]
        counted.update(map(id, own))
        outputs = seen.outputs.get(id(module), ())
        rows.append(
            LayerSummary(
                path,
                type(module).__name__,
                tuple(shape for shape, _ in outputs),
                seen.calls[id(module)],
                sum(p.numel() for p in own),
                sum(p.numel() for p in own if p.requires_grad),
                macs[path],
                sum(size for _, size in outputs),
                saved[path],
            )
        )
    return ModelSummary(tuple(rows), tuple(tuple(x.shape) for x in _tensors(inputs)))


@contextmanager
def _as_before(model: Module) -> Iterator[None]:
    """A block after which buffers and random numbers are as before it."""
    buffers = [(buffer, buffer.detach().clone()) for _, buffer in model.named_buffers()]
    state = get_rng_state()
    try:
        with enable_grad():
            yield
    finally:
        set_rng_state(state)
        with no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


class _Seen:
    """What hooks saw: shapes and bytes of each module's last result, and how often it was called."""

    def __init__(self) -> None:
        self.outputs: dict[int, tuple[tuple[Shape, int], ...]] = {}
        self.calls: Counter[int] = Counter()

    def called(self, module: Module, args: Any, output: Any) -> None:
        """A forward hook."""
        self.outputs[id(module)] = tuple((tuple(x.shape), x.numel() * x.element_size()) for x in _tensors(output))
        self.calls[id(module)] += 1


def _shapes(size: Any) -> list[Shape]:
    given = list(size) if isinstance(size, list | tuple) else [size]
    several = bool(given) and all(isinstance(part, list | tuple) for part in given)
    shapes = [tuple(part) for part in given] if several else [tuple(given)]
    if not all(hasattr(n, "__index__") and n >= 0 for shape in shapes for n in shape):
        raise ArgumentError(f"summary: input_size must be a shape, or several in a list; got {size!r}")
    return shapes


def _sample(shape: Shape, dtype: Any) -> Tensor:
    probe = zeros(shape, dtype=dtype)
    return rand(shape, dtype=dtype) if probe.is_floating_point() else probe


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in a result of any form."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _tensors(part)


def _measured(outputs: list[Tensor]) -> tuple[Counter[str], Counter[str]]:
    """Multiplications, and bytes kept for backward, by the path of the module."""
    macs: Counter[str] = Counter()
    saved: Counter[str] = Counter()
    recorded = [x for x in outputs if x.node is not None]
    if not recorded:
        return macs, saved
    for node in ancestors([x.node for x in recorded if x.node is not None]):
        if isinstance(node, Leaf):
            continue
        name, shapes = str(node.name), node.input_shapes
        if name == "conv2d":
            macs[node.scope] += prod(node.shape) * prod(shapes[1][1:])
        elif name == "conv2d_input_grad":  # a transposed convolution
            macs[node.scope] += prod(shapes[0]) * prod(shapes[1][1:])
        elif name in ("linear", "matmul"):
            macs[node.scope] += prod(node.shape) * shapes[0][-1]
    for row in graph_summary(recorded).modules:
        saved[row.module] += row.saved_bytes
    return macs, saved
