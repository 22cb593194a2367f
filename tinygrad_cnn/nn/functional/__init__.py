"""Functions of networks, with PyTorch's names and arguments: each checks its input and composes operations."""

from . import (
    activation,
    adaptive,
    attention,
    convolution,
    convolutions,
    distance,
    dropping,
    likelihood,
    loss,
    margin,
    normalization,
    pooling,
    rectifiers,
    resizing,
    sampling,
    shape,
    statistics,
    tables,
)
from .activation import *  # noqa: F403
from .adaptive import *  # noqa: F403
from .attention import *  # noqa: F403
from .convolution import *  # noqa: F403
from .convolutions import *  # noqa: F403
from .distance import *  # noqa: F403
from .dropping import *  # noqa: F403
from .likelihood import *  # noqa: F403
from .loss import *  # noqa: F403
from .margin import *  # noqa: F403
from .normalization import *  # noqa: F403
from .pooling import *  # noqa: F403
from .rectifiers import *  # noqa: F403
from .resizing import *  # noqa: F403
from .sampling import *  # noqa: F403
from .shape import *  # noqa: F403
from .statistics import *  # noqa: F403
from .tables import *  # noqa: F403

__all__: list[str] = []
__all__ += activation.__all__
__all__ += adaptive.__all__
__all__ += attention.__all__
__all__ += convolution.__all__
__all__ += convolutions.__all__
__all__ += distance.__all__
__all__ += dropping.__all__
__all__ += likelihood.__all__
__all__ += loss.__all__
__all__ += margin.__all__
__all__ += normalization.__all__
__all__ += pooling.__all__
__all__ += rectifiers.__all__
__all__ += resizing.__all__
__all__ += sampling.__all__
__all__ += shape.__all__
__all__ += statistics.__all__
__all__ += tables.__all__
