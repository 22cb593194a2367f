"""The tensor: an array that remembers how it was computed, with PyTorch's methods."""

from typing import Any, Self

from ..autograd.hooks import RemovableHandle, use_tensors
from ..backend import backend_of
from ..dtypes import DTYPES, DType, as_dtype, get_default_dtype, is_dtype, of_python
from .autograd import AutogradMethods
from .base import TensorBase
from .casts import CastMethods
from .convert import ConversionMethods
from .device import backend_for, device, get_default_device, set_default_device
from .exchange import ExchangeMethods
from .factorizations import FactorizationMethods
from .gradient import as_gradient, memory_of_its_own, run_backward, seeds_for, walk
from .in_place import InPlaceMethods
from .in_place_forms import InPlaceForms
from .legacy import from_sizes_or_values
from .new import NewMethods
from .pointwise import PointwiseMethods
from .printing import set_printoptions
from .questions import QuestionMethods
from .random_fills import RandomMethods
from .reductions import MinAndMax, ReductionMethods, ValuesAndIndices, dimension, dimensions
from .scans import ScanMethods
from .scatter import ScatterMethods
from .shapes import sizes
from .sharing import SharingMethods
from .special import SpecialMethods
from .statistics import StatisticsMethods


class Tensor(
    AutogradMethods,
    InPlaceMethods,
    InPlaceForms,
    RandomMethods,
    QuestionMethods,
    PointwiseMethods,
    SpecialMethods,
    ReductionMethods,
    ScanMethods,
    StatisticsMethods,
    FactorizationMethods,
    ScatterMethods,
    NewMethods,
    ExchangeMethods,
    SharingMethods,
    ConversionMethods,
    CastMethods,
):
    """An n-dimensional array that remembers how it was computed.

    Make one with `tensor`, `zeros`, `randn` and so on. The class itself, as in old PyTorch programs, makes
    values of the default dtype from numbers or an uninitialised tensor from sizes.

    >>> x = Tensor([[1, 2], [3, 4]]).requires_grad_()
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([[2., 4.],
            [6., 8.]])
    """

    __slots__ = ()

    def __new__(cls, *args: Any, device: Any = None) -> Self:
        made = from_sizes_or_values("Tensor", args, get_default_dtype(), device)
        return made if cls is Tensor else cls.from_array(made.array)  # type: ignore[return-value]


TensorBase.plain = Tensor
use_tensors(as_gradient)


def as_tensor(values: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor of these values, sharing their memory where that is possible.

    Python numbers become float32 (the default dtype), int64 or bool; an array keeps its dtype.

    >>> array = np.zeros(2)
    >>> x = as_tensor(array)
    >>> array[0] = 5
    >>> x
    tensor([5., 0.], dtype=float64)
    """
    if isinstance(values, Tensor):
        return values.to(dtype=dtype, device=device)
    found = backend_of(values) if device is None else None
    backend = backend_for(device) if found is None or found.name == "cpu" else found  # an array of a GPU stays there
    values = _without_tensors(values)
    wanted = as_dtype(dtype) if dtype is not None else of_python(values)
    try:
        array = backend.asarray(values, dtype=wanted)
    except OverflowError:  # integers wrap around
        array = backend.asarray(values, dtype="int64").astype(wanted)
    except ValueError as error:
        raise ValueError(f"tensor: the values do not form a rectangular array: {error}") from None
    if not is_dtype(array.dtype):
        raise TypeError(
            f"tensor: values of dtype {array.dtype} are not numbers that a tensor can hold; "
            f"there are {', '.join(map(str, DTYPES))} and bfloat16. Convert with .astype(...) first"
        )
    tensor = Tensor.from_array(array)
    tensor.storage.shared = array is values or getattr(array, "base", None) is not None
    return tensor


def _without_tensors(values: Any) -> Any:
    """Nested lists with tensors in them, as arrays."""
    if isinstance(values, TensorBase):
        return values.backend.to_numpy(values.array)
    if isinstance(values, list | tuple) and any(isinstance(value, TensorBase | list | tuple) for value in values):
        return [_without_tensors(value) for value in values]
    return values


__all__ = [
    "DType",
    "MinAndMax",
    "RemovableHandle",
    "Tensor",
    "TensorBase",
    "ValuesAndIndices",
    "as_tensor",
    "backend_for",
    "device",
    "get_default_device",
    "set_default_device",
    "dimension",
    "dimensions",
    "memory_of_its_own",
    "run_backward",
    "seeds_for",
    "set_printoptions",
    "sizes",
    "walk",
]
