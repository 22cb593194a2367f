"""In-place forms that are a method and a write, no more: `x.sin_()` is `x.sin()`, kept in x's own memory."""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from .. import ops
from ..autograd import Storage, unrecordable
from ..autograd.modes import in_scope
from ..errors import GraphError, ShapeError
from .arithmetic import ArithmeticMethods
from .arrangement import ArrangementMethods
from .base import TensorBase
from .examples import documented
from .pointwise import PointwiseMethods
from .products import ProductMethods
from .reductions import ReductionMethods
from .scans import ScanMethods
from .scatter import ScatterMethods
from .shapes import ShapeMethods, sizes
from .special import SpecialMethods

P = ParamSpec("P")
T = TypeVar("T", bound=TensorBase)


def kept(method: Callable[Concatenate[Any, P], Any], example: str = "") -> Callable[Concatenate[T, P], T]:
    """The in-place form of a method: the same arguments, and the result is written to the tensor's own memory.

    The history goes on from the old values, whether the tensor is a view or has views; see `TensorBase.in_place`.
    """
    name = method.__name__

    def in_place(self: T, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.in_place(f"{name}_", method, self, *args, **kwargs)

    in_place.__name__, in_place.__qualname__ = f"{name}_", f"Tensor.{name}_"
    in_place.__doc__ = documented(f"{name}_", method, f"`{name}`, in place.", example)
    return in_place


class InPlaceForms(ShapeMethods):
    """The in-place forms of the methods of every family."""

    __slots__ = ()

    # functions of one value -------------------------------------------------------------------------------------------

    acos_ = arccos_ = kept(ArithmeticMethods.acos)
    acosh_ = arccosh_ = kept(PointwiseMethods.acosh)
    asin_ = arcsin_ = kept(ArithmeticMethods.asin)
    asinh_ = arcsinh_ = kept(PointwiseMethods.asinh)
    atan_ = arctan_ = kept(ArithmeticMethods.atan)
    atanh_ = arctanh_ = kept(PointwiseMethods.atanh)
    bitwise_not_ = kept(ArithmeticMethods.bitwise_not)
    ceil_ = kept(ArithmeticMethods.ceil)
    cos_ = kept(ArithmeticMethods.cos)
    cosh_ = kept(ArithmeticMethods.cosh)
    deg2rad_ = kept(PointwiseMethods.deg2rad)
    digamma_ = kept(PointwiseMethods.digamma)
    erf_ = kept(PointwiseMethods.erf)
    erfc_ = kept(PointwiseMethods.erfc)
    erfinv_ = kept(PointwiseMethods.erfinv)
    exp2_ = kept(PointwiseMethods.exp2)
    expm1_ = kept(ArithmeticMethods.expm1)
    floor_ = kept(ArithmeticMethods.floor)
    frac_ = kept(PointwiseMethods.frac)
    i0_ = kept(SpecialMethods.i0)
    lgamma_ = kept(PointwiseMethods.lgamma)
    log10_ = kept(ArithmeticMethods.log10)
    log1p_ = kept(ArithmeticMethods.log1p)
    log2_ = kept(ArithmeticMethods.log2)
    logical_not_ = kept(ArithmeticMethods.logical_not, ">>> tg.tensor([0, 2]).logical_not_()\ntensor([1, 0])")
    logit_ = kept(PointwiseMethods.logit)
    mvlgamma_ = kept(PointwiseMethods.mvlgamma)
    nan_to_num_ = kept(PointwiseMethods.nan_to_num)
    polygamma_ = kept(PointwiseMethods.polygamma)
    rad2deg_ = kept(PointwiseMethods.rad2deg)
    reciprocal_ = kept(ArithmeticMethods.reciprocal)
    round_ = kept(ArithmeticMethods.round)
    rsqrt_ = kept(ArithmeticMethods.rsqrt)
    sgn_ = kept(PointwiseMethods.sgn)
    sign_ = kept(ArithmeticMethods.sign)
    sin_ = kept(ArithmeticMethods.sin)
    sinc_ = kept(PointwiseMethods.sinc)
    sinh_ = kept(ArithmeticMethods.sinh)
    square_ = kept(ArithmeticMethods.square)
    tan_ = kept(ArithmeticMethods.tan)
    trunc_ = fix_ = kept(ArithmeticMethods.trunc)

    # of two or three --------------------------------------------------------------------------------------------------

    addcdiv_ = kept(PointwiseMethods.addcdiv)
    addcmul_ = kept(PointwiseMethods.addcmul)
    atan2_ = arctan2_ = kept(PointwiseMethods.atan2)
    bitwise_left_shift_ = __ilshift__ = kept(PointwiseMethods.bitwise_left_shift)
    bitwise_right_shift_ = __irshift__ = kept(PointwiseMethods.bitwise_right_shift)
    clamp_max_ = kept(PointwiseMethods.clamp_max)
    clamp_min_ = kept(PointwiseMethods.clamp_min)
    copysign_ = kept(PointwiseMethods.copysign)
    eq_ = kept(ArithmeticMethods.eq, ">>> tg.tensor([1, 2]).eq_(2)\ntensor([0, 1])")
    float_power_ = kept(
        PointwiseMethods.float_power,
        ">>> tg.ones(1).double().float_power_(2)\ntensor([1.], dtype=float64)",
    )
    fmod_ = kept(PointwiseMethods.fmod)
    gcd_ = kept(PointwiseMethods.gcd)
    ge_ = greater_equal_ = kept(ArithmeticMethods.ge, ">>> tg.tensor([1, 2]).ge_(2)\ntensor([0, 1])")
    gt_ = greater_ = kept(ArithmeticMethods.gt, ">>> tg.tensor([1, 2]).gt_(1)\ntensor([0, 1])")
    heaviside_ = kept(PointwiseMethods.heaviside)
    hypot_ = kept(PointwiseMethods.hypot)
    lcm_ = kept(PointwiseMethods.lcm)
    ldexp_ = kept(PointwiseMethods.ldexp)
    le_ = less_equal_ = kept(ArithmeticMethods.le, ">>> tg.tensor([1, 2]).le_(1)\ntensor([1, 0])")
    lerp_ = kept(PointwiseMethods.lerp)
    logical_and_ = kept(ArithmeticMethods.logical_and)
    logical_or_ = kept(ArithmeticMethods.logical_or)
    logical_xor_ = kept(ArithmeticMethods.logical_xor)
    lt_ = less_ = kept(ArithmeticMethods.lt, ">>> tg.tensor([1, 2]).lt_(2)\ntensor([1, 0])")
    ne_ = not_equal_ = kept(ArithmeticMethods.ne, ">>> tg.tensor([1, 2]).ne_(2)\ntensor([1, 0])")
    nextafter_ = kept(PointwiseMethods.nextafter)
    xlogy_ = kept(PointwiseMethods.xlogy)

    igamma_ = kept(SpecialMethods.igamma)
    igammac_ = kept(SpecialMethods.igammac)

    # of whole tensors -------------------------------------------------------------------------------------------------

    addbmm_ = kept(ProductMethods.addbmm)
    addmm_ = kept(ProductMethods.addmm)
    addmv_ = kept(ProductMethods.addmv)
    addr_ = kept(ProductMethods.addr)
    baddbmm_ = kept(ProductMethods.baddbmm)
    cumprod_ = kept(ScanMethods.cumprod)
    cumsum_ = kept(ScanMethods.cumsum)
    renorm_ = kept(ReductionMethods.renorm)
    tril_ = kept(ArrangementMethods.tril)
    triu_ = kept(ArrangementMethods.triu)

    # by index ---------------------------------------------------------------------------------------------------------

    index_add_ = kept(ScatterMethods.index_add)
    index_copy_ = kept(ScatterMethods.index_copy)
    index_fill_ = kept(ScatterMethods.index_fill)
    index_put_ = kept(ScatterMethods.index_put)
    index_reduce_ = kept(ScatterMethods.index_reduce)
    masked_scatter_ = kept(ScatterMethods.masked_scatter)
    put_ = kept(ScatterMethods.put)
    scatter_reduce_ = kept(ScatterMethods.scatter_reduce)

    def fill_diagonal_(self, fill_value: float, wrap: bool = False) -> Self:
        """One number along the diagonal of a matrix, or where all indices of a cube are equal.

        Args:
            wrap: let the diagonal of a tall matrix begin anew, one row further down, where the matrix ends.

        Raises:
            RuntimeError: for fewer than 2 dimensions, or more than 2 of unequal sizes.

        >>> import tinygrad_cnn as tg
        >>> tg.zeros(2, 2).fill_diagonal_(3)
        tensor([[3., 0.],
                [0., 3.]])
        """
        shape, xp = tuple(self.shape), self.backend.xp
        if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
            raise ShapeError(
                f"fill_diagonal_: expects a matrix, or more dimensions of one size; got shape {shape}{in_scope()}"
            )
        if len(shape) == 2 and wrap:
            line = xp.arange(0, self.array.size, shape[1] + 1)
            index = (line // max(shape[1], 1), line % max(shape[1], 1))
        else:
            index = (xp.arange(min(shape)),) * len(shape)
        return self.in_place("fill_diagonal_", ops.setitem, self, fill_value, index=index)

    # another shape ----------------------------------------------------------------------------------------------------

    def t_(self) -> Self:
        """`t`, in place: this very tensor gets the other shape.

        >>> tg.tensor([[1, 2], [3, 4]]).t_()
        tensor([[1, 3],
                [2, 4]])
        """
        return self._take_shape("t_", self.t)

    def transpose_(self, dim0: int, dim1: int) -> Self:
        """`transpose`, in place: this very tensor gets the other shape.

        >>> tg.ones(2, 3).transpose_(0, 1).shape
        (3, 2)
        """
        return self._take_shape("transpose_", lambda: self.transpose(dim0, dim1))

    swapaxes_ = swapdims_ = transpose_

    def conj_physical_(self) -> Self:
        """Itself: tensors hold real numbers.

        >>> tg.ones(2).conj_physical_()
        tensor([1., 1.])
        """
        return self

    def resize_(self, *size: Any, memory_format: Any = None) -> Self:
        """Another shape in place, for any number of elements: the first values stay, new ones are whatever is there.

        A smaller tensor goes on in the same memory; a larger one moves to memory of its own, and tensors that looked
        into the old one (`detach()`, views) stay there. PyTorch's go along.

        Raises:
            RuntimeError: for a tensor that takes part in a graph.

        >>> import tinygrad_cnn as tg
        >>> tg.arange(6).resize_(2, 2)
        tensor([[0, 1],
                [2, 3]])
        """
        unrecordable("resize_: the memory changes without an operation")
        if self.node is not None:
            raise GraphError(
                f"resize_: a tensor that requires grad can't be resized; use .detach().resize_(…){in_scope()}"
            )
        shape = sizes("resize_", size)
        count, values = 1, self.array.reshape(-1)
        for n in shape:
            count *= n
        if count > values.size:
            larger = self.backend.xp.empty(count, dtype=self.dtype)
            larger[: values.size] = values
            values, self.storage, self.view_of = larger, Storage(), None
        self.array = values[:count].reshape(shape)
        return self

    def resize_as_(self, tensor: TensorBase, *, memory_format: Any = None) -> Self:
        """`resize_` to the shape of another tensor.

        >>> tg.arange(4).resize_as_(tg.ones(2, 2))
        tensor([[0, 1],
                [2, 3]])
        """
        return self.resize_(tuple(tensor.shape))

    def apply_(self, callable: Callable[[Any], Any]) -> Self:
        """Each value replaced by what a Python function makes of it; on the CPU, without gradients.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([1.0, 2.0]).apply_(lambda x: x + 10)
        tensor([11., 12.])
        """
        return self._mapped("apply_", callable)

    def map_(self, tensor: TensorBase, callable: Callable[[Any, Any], Any]) -> Self:
        """Each value replaced by what a Python function makes of it and another tensor's, which broadcasts.

        >>> tg.tensor([1.0, 2.0]).map_(tg.tensor([3.0, 4.0]), lambda x, y: x * y)
        tensor([3., 8.])
        """
        return self._mapped("map_", callable, tensor)

    def map2_(self, x: TensorBase, y: TensorBase, callable: Callable[[Any, Any, Any], Any]) -> Self:
        """Each value replaced by what a Python function makes of it and two other tensors'.

        >>> tg.tensor([1.0]).map2_(tg.tensor([2.0]), tg.tensor([3.0]), lambda x, y, z: x + y * z)
        tensor([7.])
        """
        return self._mapped("map2_", callable, x, y)

    def _mapped(self, by: str, function: Callable[..., Any], *others: TensorBase) -> Self:
        if self.node is not None:
            raise GraphError(f"{by}: a Python function has no gradient; use .detach() first{in_scope()}")
        unrecordable(f"{by}: values are computed one by one in Python")
        xp = self.backend.xp
        every: list[TensorBase] = [self, *others]
        columns: list[Any] = [xp.broadcast_to(x.array, self.shape).reshape(-1).tolist() for x in every]
        values = [function(*numbers) for numbers in zip(*columns, strict=True)]
        made = xp.asarray(values, dtype=self.dtype).reshape(self.shape)
        return self.in_place(by, ops.copy, self.plain.from_array(made))

    def set_(self, *source: Any, **place: Any) -> Self:
        """Refused: a tensor can't be put on other memory. Assign to `.data`, or use `copy_`.

        Raises:
            NotImplementedError: always.

        >>> tg.ones(2).set_(tg.zeros(2))
        Traceback (most recent call last):
        NotImplementedError: set_: a tensor can't be put on other memory; assign x.data = y, or copy values with copy_
        """
        raise NotImplementedError(
            f"set_: a tensor can't be put on other memory; assign x.data = y, or copy values with copy_{in_scope()}"
        )
