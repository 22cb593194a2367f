"""What a recorded program calls beside the operations: writes to tensors, and the making of results."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..autograd import Storage
from ..autograd.modes import MODE
from ..tensor import Tensor


class Differs(Exception):  # noqa: N818 - never seen by a user
    """This call does not do what the recorded one did; nothing has been changed yet."""


def differs_unless(same: bool) -> None:
    """Stop a replay whose values lead elsewhere than the recorded ones."""
    if not same:
        raise Differs


def put(x: Any, values: Any) -> None:
    """Write values into an array."""
    x[...] = values


def replace(tensor: Tensor, values: Any, by: str) -> None:
    """Give a tensor another array, as `in_place` does when nobody shares its memory."""
    tensor.array = values
    tensor.storage.changed(by)
    tensor.storage = Storage()


def set_grad(tensor: Tensor, gradient: Tensor | None) -> None:
    """`tensor.grad = gradient`"""
    tensor.grad = gradient


def finished(array: Any, storage: Storage | type[Storage], shared: bool, node: Any) -> Tensor:
    """A tensor that the function returns, with where its history ends; its storage, or of which kind that is."""
    tensor = Tensor.from_array(array, node)
    if not isinstance(storage, type):
        tensor.storage = storage
    elif type(tensor.storage) is not storage:
        tensor.storage = storage()
    if shared:
        tensor.storage.shared = True
    return tensor


@contextmanager
def in_mode(mode: str) -> Iterator[None]:
    """Gradients are recorded inside, or are not, as they were then."""
    token = MODE.set(mode)
    try:
        yield
    finally:
        MODE.reset(token)
