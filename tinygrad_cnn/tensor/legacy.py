"""What old programs use: `FloatTensor(2, 3)`, `x.type(LongTensor)`, `Variable(x)`."""

from typing import TYPE_CHECKING, Any, ClassVar

from ..dtypes import LEGACY, as_dtype, dtype, float32, get_default_dtype, set_default_dtype
from .base import TensorBase
from .device import backend_for
from .shapes import sizes

if TYPE_CHECKING:
    from . import Tensor

NAMES = {dtype: name for name, dtype in LEGACY.items()}


class TensorType(type):
    """The class of the classes below, which are dtypes and places in one, and never have instances of their own."""

    dtype: dtype
    place: str

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, TensorBase) and x.dtype == cls.dtype and x.device.type == cls.place

    def __repr__(cls) -> str:
        return f"<class '{'' if cls.place == 'cpu' else cls.place + '.'}{cls.__name__}'>"


class _Typed(metaclass=TensorType):
    dtype: ClassVar[dtype] = float32
    place: ClassVar[str] = "cpu"

    def __new__(cls, *args: Any, device: Any = None) -> Any:
        return from_sizes_or_values(cls.__name__, args, cls.dtype, device or cls.place)


def from_sizes_or_values(name: str, args: tuple[Any, ...], dtype: dtype, device: Any) -> TensorBase:
    """A tensor of values, in memory of its own, or an uninitialised one of sizes."""
    backend = backend_for(device)
    if args and (getattr(args[0], "shape", ()) or not hasattr(args[0], "__index__")):
        if len(args) > 1:
            raise TypeError(f"{name}: expected sizes, or one array or list of values; got {len(args)} arguments")
        values = args[0].array if isinstance(args[0], TensorBase) else args[0]
        if not (isinstance(values, tuple) and type(values) is not tuple):  # a Size is sizes
            return TensorBase.plain.from_array(backend.xp.array(backend.asarray(values), dtype=dtype))
    return TensorBase.plain.from_array(backend.xp.empty(sizes(name, args or (0,)), dtype=dtype))


class BoolTensor(_Typed):
    """A tensor of bools, from sizes or values.

    >>> tg.BoolTensor([True, False])
    tensor([ True, False])
    """

    dtype = LEGACY["BoolTensor"]


class ByteTensor(_Typed):
    """A uint8 tensor, from sizes or values.

    >>> tg.ByteTensor([1, 2])
    tensor([1, 2], dtype=uint8)
    """

    dtype = LEGACY["ByteTensor"]


class CharTensor(_Typed):
    """An int8 tensor, from sizes or values.

    >>> tg.CharTensor([1, 2])
    tensor([1, 2], dtype=int8)
    """

    dtype = LEGACY["CharTensor"]


class ShortTensor(_Typed):
    """An int16 tensor, from sizes or values.

    >>> tg.ShortTensor([1, 2])
    tensor([1, 2], dtype=int16)
    """

    dtype = LEGACY["ShortTensor"]


class IntTensor(_Typed):
    """An int32 tensor, from sizes or values.

    >>> tg.IntTensor([1, 2])
    tensor([1, 2], dtype=int32)
    """

    dtype = LEGACY["IntTensor"]


class LongTensor(_Typed):
    """An int64 tensor, from sizes or values.

    >>> LongTensor([1, 2]), LongTensor(2, 3).shape
    (tensor([1, 2]), (2, 3))
    """

    dtype = LEGACY["LongTensor"]


class HalfTensor(_Typed):
    """A float16 tensor, from sizes or values.

    >>> tg.HalfTensor([1, 2])
    tensor([1., 2.], dtype=float16)
    """

    dtype = LEGACY["HalfTensor"]


class FloatTensor(_Typed):
    """A float32 tensor, from sizes or values; in `x.type(...)` and `isinstance` the dtype float32 on the CPU.

    >>> import tinygrad_cnn as tg
    >>> x = FloatTensor([[1, 2], [3, 4]])
    >>> isinstance(x, FloatTensor), isinstance(x, DoubleTensor), x.type()
    (True, False, 'torch.FloatTensor')
    """

    dtype = LEGACY["FloatTensor"]


class DoubleTensor(_Typed):
    """A float64 tensor, from sizes or values.

    >>> tg.DoubleTensor([1, 2])
    tensor([1., 2.], dtype=float64)
    """

    dtype = LEGACY["DoubleTensor"]


TYPES = (
    *(BoolTensor, ByteTensor, CharTensor, ShortTensor, IntTensor, LongTensor),
    *(HalfTensor, FloatTensor, DoubleTensor),
)


def type_name(tensor: TensorBase) -> str:
    """PyTorch's name of a tensor's type, such as `torch.FloatTensor`."""
    place = tensor.device.type
    return f"torch.{'' if place == 'cpu' else place + '.'}{NAMES[tensor.dtype]}"


def place_of(kind: Any) -> str | None:
    """The device that a type stands for, if it is one of the classes here or their names."""
    if isinstance(kind, TensorType):
        return kind.place
    if isinstance(kind, str) and kind.removeprefix("torch.").removeprefix("cuda.") in LEGACY:
        return "cuda" if "cuda." in kind else "cpu"
    return None


def set_default_tensor_type(t: Any) -> None:
    """Make the dtype of `FloatTensor` or another such class, or of its name, the default.

    Raises:
        TypeError: for a dtype that is not floating-point.
        RuntimeError: for a type on a device that is not there.

    >>> set_default_tensor_type("torch.FloatTensor")
    """
    backend_for(place_of(t) or "cpu")
    set_default_dtype(as_dtype(t))


class _VariableType(type):
    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, TensorBase)


class Variable(metaclass=_VariableType):
    """A tensor with the memory of `data`, as in PyTorch programs from before 0.4: tensors are variables themselves.

    Args:
        data: a tensor.
        requires_grad: whether it collects a gradient.
        volatile: without effect, as in PyTorch; use `no_grad()`.

    Raises:
        TypeError: for something else than a tensor.

    >>> import tinygrad_cnn as tg
    >>> x = Variable(tg.ones(2), requires_grad=True)
    >>> isinstance(x, Variable), x
    (True, tensor([1., 1.], requires_grad=True))
    """

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: Any = None) -> "Tensor":  # type: ignore[misc]
        if data is None:
            made: Any = TensorBase.plain.from_array(backend_for("cpu").xp.empty(0, dtype=get_default_dtype()))
            return made  # type: ignore[no-any-return]
        if not isinstance(data, TensorBase):
            raise TypeError(f"Variable: expected a tensor; got {type(data).__name__}")
        variable: Any = data.detach()
        return variable.requires_grad_() if requires_grad else variable  # type: ignore[no-any-return]
