"""Indexing, and writing through indices and views: what memory holds afterwards, and where the gradients go."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.against_torch.agreement import agree, normal

INDICES: dict[str, Callable[[Any], Any]] = {
    "number": lambda lib: 1,
    "negative": lambda lib: -1,
    "numbers": lambda lib: (1, 2),
    "slice": lambda lib: slice(1, 3),
    "step": lambda lib: (slice(None, None, 2), slice(1, None)),
    "new dimension": lambda lib: (None, 1, None),
    "ellipsis": lambda lib: (Ellipsis, 0),
    "nothing": lambda lib: slice(0, 0),
    "everything": lambda lib: Ellipsis,
    "list": lambda lib: [0, 2],
    "repeated": lambda lib: lib.tensor([0, 2, 0, -1]),
    "matrix": lambda lib: lib.tensor([[0, 1], [2, 2]]),
    "pairs": lambda lib: (lib.tensor([0, 2, 0]), lib.tensor([1, 3, 1])),
    "apart": lambda lib: (lib.tensor([0, 2]), slice(None), lib.tensor([1, 1])),
    "broadcast": lambda lib: (lib.tensor([[0], [2]]), lib.tensor([1, 3, 0])),
    "number and tensor": lambda lib: (1, lib.tensor([3, 3])),
    "mask": lambda lib: lib.tensor([True, False, True]),
    "full mask": lambda lib: lib.tensor(np.arange(24).reshape(3, 4, 2) % 3 == 0),
    "mask behind": lambda lib: (slice(None), lib.tensor([True, False, True, True])),
    "0-d": lambda lib: lib.tensor(2),
    "int32": lambda lib: lib.tensor([0, 1], dtype=lib.int32),
}


@pytest.mark.parametrize("name", INDICES)
def test_reading(name: str) -> None:
    agree(lambda lib, _, x: x[INDICES[name](lib)] * 2, normal(3, 4, 2))


@pytest.mark.parametrize("name", [name for name in INDICES if name not in ("repeated", "matrix", "pairs")])
def test_writing(name: str) -> None:
    """Positions that are named twice are left out: which value stays is nobody's promise."""

    def f(lib: Any, _: Any, x: Any, y: Any) -> Any:
        z = x * 1
        z[INDICES[name](lib)] = z[INDICES[name](lib)].detach() * 0 + y.sum() * 3
        return z * z

    agree(f, normal(3, 4, 2), normal(2))


@pytest.mark.parametrize("name", ["number", "step", "list", "mask", "full mask"])
def test_writing_a_number_ends_the_gradient_there(name: str) -> None:
    def f(lib: Any, _: Any, x: Any) -> Any:
        z = x.clone()
        z[INDICES[name](lib)] = 2.5
        return z**3

    agree(f, normal(3, 4, 2))


def base_then_view(x: Any, y: Any) -> list[Any]:
    base = x * 1
    view = base[1]
    base[:, 1] = y[:3]
    return [view * 2, base]


def view_then_base(x: Any, y: Any) -> list[Any]:
    base = x * 1
    base[1][2] = y[0]
    return [base * base]


def view_of_view(x: Any, y: Any) -> list[Any]:
    base = x * 1
    outer = base[1:]
    inner = outer.transpose(0, 1)[::2]
    inner[0] = y[:2]
    inner *= 2
    return [base, outer * 1, inner * 1]


def older_sibling(x: Any, y: Any) -> list[Any]:
    base = x * 1
    left, right = base[:, :2], base[:, 1:]
    left.mul_(3)
    right[0, 0] = y[0]
    return [left * 1, right * 1, base * 1]


def reshaped(x: Any, y: Any) -> list[Any]:
    base = x * 1
    flat = base.view(-1)
    flat[3:7] = y
    base[0] *= 2
    return [flat * flat, base * 1]


def in_place_chain(x: Any, y: Any) -> list[Any]:
    z = x * 1
    z += y
    z *= z.detach().clone()
    z[0].neg_()
    z.exp_()
    return [z]


def filled(x: Any, y: Any) -> list[Any]:
    z = x * 1
    z[0].zero_()
    z[1, 1:].fill_(2.0)
    z[2].copy_(y)
    return [z * z]


def write_into_plain(x: Any, y: Any) -> list[Any]:
    """A tensor without a graph takes part in one after a write."""
    z = x.detach() * 0
    row = z[1]
    row += y
    z[0] = x[0] * y
    return [z, row * 1]


def expanded(x: Any, y: Any) -> list[Any]:
    z = x * 1
    spread = z[:, :1].expand(3, 4)
    z[0, 0] = y[0]
    return [spread * x]


def squeezed(x: Any, y: Any) -> list[Any]:
    z = x * 1
    z.unsqueeze(1).squeeze(1).permute(1, 0)[0] = y[:3]
    return [z * 2]


PROGRAMS = [
    base_then_view,
    view_then_base,
    view_of_view,
    older_sibling,
    reshaped,
    in_place_chain,
    filled,
    write_into_plain,
    expanded,
    squeezed,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_writing_through_views(program: Callable[..., Any]) -> None:
    agree(lambda _, __, x, y: program(x, y), normal(3, 4), normal(4, seed=1))


SHAPING: dict[str, Callable[[Any, Any], Any]] = {
    "reshape": lambda lib, x: x.reshape(4, -1),
    "view": lambda lib, x: x.view(-1, 6),
    "flatten": lambda lib, x: x.flatten(1),
    "flatten middle": lambda lib, x: x.flatten(0, 1),
    "ravel": lambda lib, x: x.ravel(),
    "unflatten": lambda lib, x: x.unflatten(1, (2, -1)),
    "squeeze": lambda lib, x: x[:1].squeeze(),
    "squeeze dim": lambda lib, x: x[:1].squeeze(0),
    "squeeze dims": lambda lib, x: x[:1, :, :1].squeeze((0, 1)),
    "unsqueeze": lambda lib, x: x.unsqueeze(-1),
    "permute": lambda lib, x: x.permute(2, 0, 1),
    "transpose": lambda lib, x: x.transpose(0, -1),
    "movedim": lambda lib, x: x.movedim((0, 1), (1, 2)),
    "movedim one": lambda lib, x: x.movedim(-1, 0),
    "mT": lambda lib, x: x.mT,
    "t": lambda lib, x: x[0].t(),
    "T": lambda lib, x: x[0].T,
    "expand": lambda lib, x: x[:, :1].expand(2, -1, 5, -1),
    "broadcast_to": lambda lib, x: x[:, :1].broadcast_to((3, 4, 2)),
    "expand_as": lambda lib, x: x[:1].expand_as(x),
    "repeat": lambda lib, x: x.repeat(2, 1, 1, 3),
    "flip": lambda lib, x: x.flip(0, 2),
    "roll": lambda lib, x: x.roll(2, 1),
    "roll flat": lambda lib, x: x.roll(3),
    "roll many": lambda lib, x: x.roll((1, -1), (0, 2)),
    "tril": lambda lib, x: x.tril(),
    "triu": lambda lib, x: x.triu(1),
    "select": lambda lib, x: x.select(1, -1),
    "narrow": lambda lib, x: x.narrow(1, 1, 2),
    "split": lambda lib, x: x.split(3, 1),
    "split sizes": lambda lib, x: x.split([1, 3], 1),
    "chunk": lambda lib, x: x.chunk(3, 1),
    "unbind": lambda lib, x: x.unbind(1),
    "gather": lambda lib, x: x.gather(1, lib.tensor([[[0, 3], [0, 0]], [[1, 1], [2, 0]]])),
    "scatter_add": lambda lib, x: x.scatter_add(1, lib.tensor([[[0, 3], [0, 0]], [[1, 1], [2, 0]]]), x[:2, 1:3] * 2),
    "index_select": lambda lib, x: x.index_select(1, lib.tensor([2, 0, 2])),
    "masked_fill": lambda lib, x: x.masked_fill(x > 0, 0.5),
    "where": lambda lib, x: lib.where(x > 0, x, -2.0),
    "clamp": lambda lib, x: x.clamp(-0.5, 0.5),
    "clamp tensors": lambda lib, x: x.clamp(min=-x.detach().abs() * 0.5, max=x.detach().abs() * 0.5),
    "cat": lambda lib, x: lib.cat([x, x[:1], x * 2]),
    "cat axis": lambda lib, x: lib.cat([x, x[:, :1]], 1),
    "stack": lambda lib, x: lib.stack([x, x * 2], -1),
    "meshgrid": lambda lib, x: lib.meshgrid(x[0, 0], x[:, 0, 0], indexing="xy"),
    "outer": lambda lib, x: lib.outer(x[0, 0], x[:, 0, 0]),
    "rounding": lambda lib, x: x.div(0.3, rounding_mode="trunc") + x.div(0.3, rounding_mode="floor"),
    "round decimals": lambda lib, x: x.round(decimals=1),
    "remainder": lambda lib, x: x.remainder(0.7) + x.remainder(-0.7),
    "pow zero": lambda lib, x: (x * 0) ** 2 + x**0 + (x * 0) ** 1 + x**3.0,
    "abs at zero": lambda lib, x: (x * 0).abs() + (x * 0).relu(),
    "add alpha": lambda lib, x: x.add(x, alpha=2).sub(x * x, alpha=0.5),
}


@pytest.mark.parametrize("name", SHAPING)
def test_moving_values(name: str) -> None:
    agree(lambda lib, _, x: SHAPING[name](lib, x), normal(3, 4, 2))


MATRICES = [((3, 4), (4, 2)), ((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 2)), ((2, 3, 4), (4, 2)), ((2, 3, 4), (2, 4, 3))]
MATRICES += [
    ((5, 1, 3, 4), (2, 4, 2)),
    ((4,), (2, 4, 3)),
    ((2, 3, 4), (4,)),
    ((0, 4), (4, 2)),
    ((3, 0), (0, 2)),
    ((0, 3, 4), (4, 2)),
]


@pytest.mark.parametrize(("left", "right"), MATRICES, ids=str)
def test_matmul(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    agree(lambda _, __, x, y: x @ y, normal(*left), normal(*right, seed=1), order=3)


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("mm", (3, 4), (4, 2)),
        ("bmm", (2, 3, 4), (2, 4, 3)),
        ("mv", (3, 4), (4,)),
        ("dot", (4,), (4,)),
        ("outer", (3,), (4,)),
    ],
)
def test_products_by_name(name: str, left: tuple[int, ...], right: tuple[int, ...]) -> None:
    agree(lambda _, __, x, y: getattr(x, name)(y), normal(*left), normal(*right, seed=1))
