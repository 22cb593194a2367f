"""Functions on tensors, by PyTorch's names. Most are the tensor's method, called with the tensor first."""

from typing import TYPE_CHECKING

from . import contraction, copies, in_place, indexing, numerics, pointwise, products, questions, reductions, shapes
from .contraction import *  # noqa: F403 - each family's __all__ lists its public functions
from .copies import *  # noqa: F403
from .in_place import *  # noqa: F403
from .indexing import *  # noqa: F403
from .numerics import *  # noqa: F403
from .pointwise import *  # noqa: F403
from .products import *  # noqa: F403
from .questions import *  # noqa: F403
from .reductions import *  # noqa: F403
from .shapes import *  # noqa: F403

if not TYPE_CHECKING:  # which follows the stars, and does not understand sums
    __all__: list[str] = []
    __all__ += contraction.__all__
    __all__ += copies.__all__
    __all__ += in_place.__all__
    __all__ += indexing.__all__
    __all__ += numerics.__all__
    __all__ += pointwise.__all__
    __all__ += products.__all__
    __all__ += questions.__all__
    __all__ += reductions.__all__
    __all__ += shapes.__all__
