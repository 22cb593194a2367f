"""What PyTorch has in `torch.nn.modules.container`."""

from ..containers import Container, ModuleDict, ModuleList, Sequential
from ..parameters import ParameterDict, ParameterList

__all__ = ["Container", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]
