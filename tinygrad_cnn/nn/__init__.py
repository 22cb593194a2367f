"""Networks: modules, layers, losses, first values, helpers; the functions themselves are in `nn.functional`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import (
    activation,
    attention,
    cells,
    common_types,
    containers,
    convolution,
    distance,
    dropout,
    functional,
    grad,
    init,
    lazy,
    linear,
    loss,
    margin,
    normalization,
    output,
    padding,
    parallel,
    parameters,
    pooling,
    rectifiers,
    recurrent,
    resizing,
    shape,
    statistics,
    tables,
    transformer,
    unpooling,
)
from .activation import *  # noqa: F403
from .attention import *  # noqa: F403
from .cells import *  # noqa: F403
from .containers import *  # noqa: F403
from .convolution import *  # noqa: F403
from .distance import *  # noqa: F403
from .dropout import *  # noqa: F403
from .lazy import *  # noqa: F403
from .linear import *  # noqa: F403
from .loss import *  # noqa: F403
from .margin import *  # noqa: F403
from .module import Module
from .normalization import *  # noqa: F403
from .output import *  # noqa: F403
from .overview import LayerSummary, ModelSummary, summary
from .padding import *  # noqa: F403
from .parallel import DataParallel
from .parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter
from .parameters import *  # noqa: F403
from .pooling import *  # noqa: F403
from .rectifiers import *  # noqa: F403
from .recurrent import *  # noqa: F403
from .resizing import *  # noqa: F403
from .shape import *  # noqa: F403
from .statistics import *  # noqa: F403
from .tables import *  # noqa: F403
from .transformer import *  # noqa: F403
from .unpooling import *  # noqa: F403

__all__ = [
    "Buffer",
    "DataParallel",
    "Module",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "LayerSummary",
    "ModelSummary",
    "summary",
]
__all__ += ["common_types", "functional", "grad", "init", "modules", "parallel", "utils"]
__all__ += activation.__all__
__all__ += attention.__all__
__all__ += cells.__all__
__all__ += containers.__all__
__all__ += convolution.__all__
__all__ += distance.__all__
__all__ += dropout.__all__
__all__ += lazy.__all__
__all__ += linear.__all__
__all__ += loss.__all__
__all__ += margin.__all__
__all__ += normalization.__all__
__all__ += output.__all__
__all__ += padding.__all__
__all__ += parameters.__all__
__all__ += pooling.__all__
__all__ += rectifiers.__all__
__all__ += recurrent.__all__
__all__ += resizing.__all__
__all__ += shape.__all__
__all__ += statistics.__all__
__all__ += tables.__all__
__all__ += transformer.__all__
__all__ += unpooling.__all__

if TYPE_CHECKING:
    from . import modules, utils


def __getattr__(name: str) -> Any:
    """What many programs never use is loaded when it is asked for."""
    if name in ("modules", "utils"):
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
