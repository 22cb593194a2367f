"""The tensor: an array that remembers how it was computed, with PyTorch's methods."""

from collections.abc import Callable, Sequence
from typing import Any, Self

from ..autograd import Leaf
from ..dtypes import DTYPES, DType, as_dtype, float32, of_python
from ..errors import GraphError
from .base import Retained, TensorBase
from .convert import CastMethods, ConversionMethods
from .device import backend_for, device
from .gradient import memory_of_its_own, run_backward, seeds_for, walk
from .in_place import InPlaceMethods
from .indexing import IndexingMethods
from .new import NewMethods
from .printing import set_printoptions
from .reductions import ReductionMethods, ValuesAndIndices, dimension, dimensions
from .shapes import ShapeMethods, sizes
from .sorting import SortingMethods


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook out again, and so does leaving a `with` block."""

    def __init__(self, remove: Callable[[], None]) -> None:
        self._remove: Callable[[], None] | None = remove

    def remove(self) -> None:
        """Take the hook out; doing it twice is no error."""
        if self._remove is not None:
            self._remove()
            self._remove = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


class Tensor(
    InPlaceMethods,
    ReductionMethods,
    SortingMethods,
    ShapeMethods,
    IndexingMethods,
    NewMethods,
    ConversionMethods,
    CastMethods,
):
    """An n-dimensional array that remembers how it was computed.

    Make one with `tensor`, `zeros`, `randn` and so on. The class itself, as in old PyTorch programs, makes float32
    values from numbers or an uninitialised tensor from sizes.

    >>> x = Tensor([[1, 2], [3, 4]]).requires_grad_()
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([[2., 4.],
            [6., 8.]])
    """

    __slots__ = ()

    def __new__(cls, *args: Any, device: Any = None) -> Self:
        backend = backend_for(device)
        if args and (getattr(args[0], "shape", ()) or not hasattr(args[0], "__index__")):
            if len(args) > 1:
                raise TypeError(f"Tensor: expected sizes, or one array or list of values; got {len(args)} arguments")
            values = args[0].array if isinstance(args[0], TensorBase) else args[0]
            return cls.from_array(backend.xp.array(backend.asarray(values), dtype=float32))
        return cls.from_array(backend.xp.empty(sizes("Tensor", args or (0,)), dtype=float32))

    # autograd ---------------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to or through this tensor."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Collect a gradient here (or stop to), in place.

        Raises:
            RuntimeError: for a dtype that is not floating-point, or a computed tensor that shall stop.
        """
        if requires_grad:
            if self.dtype.kind != "f":
                raise GraphError(
                    f"requires_grad: only floating-point tensors can require gradients; this one has dtype {self.dtype}"
                )
            if self.node is None:
                self.node = Leaf(self)
                self.view_of = (
                    None  # its history starts here, whatever happens to the tensor whose memory it looks into
                )
        elif self.node is not None and not isinstance(self.node, Leaf):
            raise GraphError(
                "requires_grad: this tensor was computed, so it can't stop requiring a gradient; "
                "use .detach() to get its values alone"
            )
        else:
            self.node = None
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was not computed from any that requires grad."""
        return self.node is None or isinstance(self.node, Leaf)

    @property
    def grad_fn(self) -> Any:
        """The node that computed this tensor, None for a leaf."""
        if self.view_of is not None:
            self.refresh()
        return None if isinstance(self.node, Leaf) else self.node

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Any] | None = None,
    ) -> None:
        """Add the derivative of this tensor to the `.grad` of every leaf it was computed from.

        Args:
            gradient: what the derivative is weighted with, of this tensor's shape; 1 for a scalar.
            retain_graph: keep what was saved, to go through the graph again. Default: `create_graph`.
            create_graph: make the gradients differentiable themselves.
            inputs: accumulate into these tensors alone.

        Raises:
            RuntimeError: without a graph, after it was freed, for a saved value changed in place, or without `gradient`
                for a tensor that is not a scalar.
        """
        run_backward((self,), (gradient,), retain_graph=retain_graph, create_graph=create_graph, inputs=inputs)

    def retain_grad(self) -> None:
        """Let `backward` set `.grad` of this computed tensor too, by the values it has after all writes in place."""
        if self.node is None:
            raise GraphError("retain_grad: this tensor has no graph, so no gradient reaches it")
        if self.view_of is not None:
            self.refresh()
        if not isinstance(self.node, Leaf) and not any(
            isinstance(hook, Retained) and hook.tensor() is self for hook in self._hooks()
        ):
            self._hooks().append(Retained(self))

    def register_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook(gradient)` when this tensor's gradient is complete; what it returns, unless None, replaces it."""
        if self.node is None:
            raise GraphError("register_hook: this tensor has no graph, so no gradient reaches it")
        backend = self.backend

        def on_gradient(g: Any) -> Any:
            if isinstance(g, TensorBase):
                return hook(g)
            replaced = hook(Tensor.from_array(backend.asarray(g)))
            return None if replaced is None else replaced.array

        hooks = self._hooks()
        hooks.append(on_gradient)
        return RemovableHandle(lambda: hooks.remove(on_gradient))

    def _hooks(self) -> list[Callable[[Any], Any]]:
        node = self.node
        if node is None:
            raise GraphError("this tensor has no graph")
        if node.hooks is None:
            node.hooks = []
        return node.hooks

    # random values in place -------------------------------------------------------------------------------------------

    def normal_(self, mean: float = 0, std: float = 1) -> Self:
        """Fill with normally distributed values."""
        if std < 0:
            raise ValueError(f"normal_: std must not be negative; got {std}")
        return self._fill(self.backend.rng.normal(self.shape, self.dtype), std, mean)

    def uniform_(self, low: float = 0, high: float = 1, **bounds: float) -> Self:
        """Fill with values spread evenly over [low, high); PyTorch calls the bounds `from` and `to`."""
        low, high = bounds.get("from", low), bounds.get("to", bounds.get("a", high))
        if low > high:
            raise ValueError(f"uniform_: the bounds [{low}, {high}) are in the wrong order")
        return self._fill(self.backend.rng.uniform(self.shape, self.dtype), high - low, low)

    def bernoulli_(self, p: float = 0.5) -> Self:
        """Fill with 1 at probability p, else 0."""
        return self._fill(self.backend.rng.bernoulli(self.shape, p).astype(self.dtype), 1, 0)

    def _fill(self, values: Any, scale: float, offset: float) -> Self:
        return self.copy_(type(self).plain.from_array((values * scale + offset).astype(self.dtype)))


TensorBase.plain = Tensor


def as_tensor(values: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor of these values, sharing their memory where that is possible.

    Python numbers become float32 (the default dtype), int64 or bool; an array keeps its dtype.
    """
    if isinstance(values, Tensor):
        return values.to(dtype=dtype, device=device)
    backend = backend_for(device)
    values = _without_tensors(values)
    wanted = as_dtype(dtype) if dtype is not None else of_python(values)
    try:
        array = backend.asarray(values, dtype=wanted)
    except ValueError as error:
        raise ValueError(f"tensor: the values do not form a rectangular array: {error}") from None
    if array.dtype not in DTYPES:
        raise TypeError(
            f"tensor: values of dtype {array.dtype} are not numbers that a tensor can hold; "
            f"there are {', '.join(map(str, DTYPES))}. Convert with .astype(...) first"
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
    "RemovableHandle",
    "Tensor",
    "TensorBase",
    "ValuesAndIndices",
    "as_tensor",
    "backend_for",
    "device",
    "dimension",
    "dimensions",
    "memory_of_its_own",
    "run_backward",
    "seeds_for",
    "set_printoptions",
    "sizes",
    "walk",
]
