"""Tensors in memory that several processes see."""

from typing import Self

from ..autograd import Storage
from ..autograd.modes import in_scope
from ..backend import cpu
from ..errors import GraphError
from .base import TensorBase


class SharingMethods(TensorBase):
    """Methods about memory that other processes see."""

    def is_shared(self) -> bool:
        """Whether other processes see the memory, which `share_memory_` moves to such a place.

        >>> tg.ones(2).is_shared(), tg.ones(2).share_memory_().is_shared()
        (False, True)
        """
        from ..backend.shared import memory_of  # it imports much that few programs need

        return self.backend.name != cpu.name or memory_of(self.array) is not None

    def share_memory_(self) -> Self:
        """Move the values to memory that forked processes see, and those to which the tensor is sent.

        Views, NumPy arrays and `.data` taken before keep the memory there was. Nothing happens on a GPU. Tensors that
        were not moved are copied when they are sent.

        Raises:
            RuntimeError: for a view.

        >>> x = tg.ones(2).share_memory_()
        >>> x[0].is_shared(), x.clone().is_shared()
        (True, False)
        """
        if self.is_shared():
            return self
        if self.view_of is not None:
            raise GraphError(
                "share_memory_: this tensor is a view, and its memory is another tensor's; share that one first, or a "
                f".clone(){in_scope()}"
            )
        from ..backend.shared import in_shared_memory
        from .passing import pass_on_with_memory

        self.settle()
        before = self.storage
        self.array = in_shared_memory(self.array)
        self.storage = Storage()
        self.storage.shared = True
        self.storage.earlier = before.earlier + before.version
        pass_on_with_memory(self.plain)
        return self
