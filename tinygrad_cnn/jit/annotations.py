"""What programs import from PyTorch's `torch.jit.annotations`: the types of `typing`, and `BroadcastingList`."""

from typing import Any, Dict, List, Optional, Tuple, Union  # noqa: UP035 - the names that programs ask for

from ..nn import Module
from ..tensor import Tensor

BroadcastingList1 = BroadcastingList2 = BroadcastingList3 = List  # noqa: UP006

__all__ = [
    "Any",
    "BroadcastingList1",
    "BroadcastingList2",
    "BroadcastingList3",
    "Dict",
    "List",
    "Module",
    "Optional",
    "Tensor",
    "Tuple",
    "Union",
]
