"""What PyTorch has in `torch.nn.modules.module`."""

from ..hooks import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
)
from ..module import Module
from ..state import IncompatibleKeys

_IncompatibleKeys = IncompatibleKeys


def _addindent(s_: str, numSpaces: int) -> str:  # noqa: N803 - PyTorch's name
    """The lines after the first moved to the right."""
    return s_.replace("\n", "\n" + " " * numSpaces)


__all__ = [
    "Module",
    "_IncompatibleKeys",
    "_addindent",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
]
