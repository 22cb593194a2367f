"""What a tensor is: an array, the node it was computed by, the memory it shares. Its methods are in the other files."""

import weakref
from collections.abc import Callable
from typing import Any, ClassVar, Self, overload

from ..autograd import InferenceStorage, Leaf, Node, Op, Storage
from ..autograd.anomaly import watch
from ..autograd.modes import ANOMALY, AUTOCAST, INFERENCE, MODE, RECORD, SCOPE, enable_grad
from ..autograd.op import OUT, use_backends
from ..autograd.packing import PACKING, pack
from ..autograd.tape import TAPE
from ..autograd.widened import widened
from ..backend import Backend, backend_of, find_backend, is_array
from ..dtypes import KINDS, OF_NUMPY, dtype
from ..errors import DeviceError, DtypeError, GraphError, ShapeError
from ..ops import cast, follow, write_view
from .device import device
from .harmony import explain, harmonize
from .precision import cast_inputs
from .size import Size

use_backends(find_backend)

NUMBERS = frozenset((int, float, bool, type(None)))


def row_major(x: Any) -> Any:
    """A copy whose memory holds the values row by row."""
    return x.copy(order="C")


class View:
    """How a tensor came to look into another's memory: the base, and the operations that lead from it to the view."""

    __slots__ = ("base", "path", "recorded", "version")

    def __init__(
        self, base: "TensorBase", path: tuple[tuple[Op, dict[str, Any]], ...], version: int, recorded: bool
    ) -> None:
        self.base = base
        self.path = path
        self.version = version  # of the storage when the view's node was recorded
        self.recorded = recorded


class Retained:
    """The hook of `retain_grad`: adds what it is called with to the `.grad` of a tensor."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: "TensorBase") -> None:
        self.tensor = weakref.ref(tensor)

    def __call__(self, g: Any) -> None:
        tensor = self.tensor()
        if tensor is not None:
            g = g if isinstance(g, TensorBase) else tensor.plain.from_array(tensor.backend.asarray(g).copy())
            tensor._grad = g if tensor._grad is None else tensor._grad + g


class TensorBase:
    """An array that remembers how it was computed.

    Attributes:
        array: the values, an array of the backend.
        node: what computed it: a Node, a Leaf if it collects a gradient itself, None if it takes no part in any graph.
        storage: the memory, as autograd sees it.
        view_of: set when it looks into another tensor's memory.
    """

    __slots__ = ("__weakref__", "_grad", "array", "node", "storage", "view_of")

    plain: ClassVar[type["TensorBase"]]  # the class of results: Tensor, which is built on this one

    array: Any
    _grad: "TensorBase | None"
    node: Node | Leaf | None
    storage: Storage
    view_of: View | None

    @classmethod
    def from_array(cls, array: Any, node: Node | Leaf | None = None) -> Self:
        """A tensor around an array, without a copy.

        >>> tg.Tensor.from_array(np.ones(2))
        tensor([1., 1.], dtype=float64)
        """
        tensor = object.__new__(cls)
        tensor.array = array
        tensor.node = node
        tensor.storage = Storage() if MODE.get() is not INFERENCE else InferenceStorage()
        tensor.view_of = None
        tensor._grad = None
        return tensor

    def __apply_op__(self, op: Op, args: tuple[Any, ...], params: dict[str, Any], residuals: bool = False) -> Any:
        """Compute an operation on these arguments, and record it if one of them wants a gradient."""
        if op.policy and AUTOCAST.get() is not None:
            args = cast_inputs(op, args, self)
        if op.view and isinstance(args[0], TensorBase):
            args[0].settle()
        arrays: list[Any] = []
        nodes: list[Node | Leaf | None] = []
        shapes: list[tuple[int, ...]] = []
        mode = MODE.get()
        recording = op.differentiable and mode is RECORD
        dtype, even, wanted, bit = None, True, 0, 1
        for arg in args:
            if isinstance(arg, TensorBase):
                if arg.view_of is not None:
                    arg.refresh()
                array, node = arg.array, arg.node
                if dtype is None:
                    dtype = array.dtype
                elif array.dtype is not dtype:
                    even = False
                if node is not None:
                    wanted |= bit
                arrays.append(array)
                nodes.append(node)
                shapes.append(array.shape)
            else:
                if type(arg) not in NUMBERS:
                    even = False
                arrays.append(arg)
                nodes.append(None)
                shapes.append(getattr(arg, "shape", ()))
            bit <<= 1
        backend = backend_of(self.array) or find_backend(tuple(arrays))
        if not even or dtype.char not in "fd":  # type: ignore[union-attr] # neither float32 nor float64
            if op.dtypes != "any" and (harmonized := harmonize(op, args, self)) is not args:
                return self.__apply_op__(op, harmonized, params, residuals)
            if not op.takes_16_bits and any(x.dtype.char in backend.only_stored for x in arrays if hasattr(x, "dtype")):
                return self.__apply_op__(widened(op), args, params, residuals)
        try:
            out = op.forward(backend, *arrays, **params) if params else op.forward(backend, *arrays)
        except (ValueError, IndexError, TypeError) as error:
            raise explain(op, arrays, params, error) from error
        rest: tuple[Any, ...] = ()
        if op.residuals:
            out, *rest = out
        if not isinstance(out, backend.array_type) and not is_array(out):
            out = backend.asarray(out)

        result = object.__new__(self.plain)
        result.array, result.node, result.view_of, result._grad = out, None, None, None
        result.storage = Storage() if mode is not INFERENCE else InferenceStorage()
        if recording and wanted:
            saved: dict[str, tuple[Any, Storage | None, int]] = {}
            for name, where in op.plan(wanted):
                if where >= 0:
                    arg = args[where]
                    if isinstance(arg, TensorBase):
                        storage = arg.storage
                        saved[name] = (arg.array, storage, storage.version)
                    else:
                        saved[name] = (arg, None, 0)
                elif where == OUT:
                    saved[name] = (out, result.storage, 0)
                else:
                    saved[name] = (rest[-2 - where], None, 0)
            result.node = Node(op, params, tuple(nodes), tuple(shapes), out.shape, out.dtype, SCOPE.get(), saved)
            if saved and (packing := PACKING.get()) is not None:
                pack(result.node, packing)
        if op.view and backend.shares_memory(out, args[0].array):
            result.look_into(args[0], op, params, recording)
        if ANOMALY.get():
            watch(op.name, (*arrays, *params.values()), out, result.node)
            if (tape := TAPE.get()) is not None:
                tape.operation(op, backend, args, arrays, params, rest, result)
        return (result, rest) if residuals else result

    # the gradient -----------------------------------------------------------------------------------------------------

    @property
    def grad(self) -> Any:
        """The gradient that `backward` accumulated, or None. One that is assigned must match in every respect.

        >>> tg.ones(2).grad is None
        True
        """
        return self._grad

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if gradient is None:
            self._grad = None
            return
        if not isinstance(gradient, TensorBase):
            raise TypeError(f"grad: expected a tensor or None; got {type(gradient).__name__}")
        if gradient is self:
            raise GraphError("grad: a tensor can't be its own gradient; assign a .clone()")
        for what, mine, its in (
            ("shape", tuple(self.shape), tuple(gradient.shape)),
            ("dtype", self.dtype, gradient.dtype),
            ("device", self.device, gradient.device),
        ):
            if mine != its:
                kind = ShapeError if what == "shape" else DtypeError if what == "dtype" else DeviceError
                raise kind(f"grad: the gradient of a tensor of {what} {mine} must have the same; got {its}")
        self._grad = gradient

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    # views ------------------------------------------------------------------------------------------------------------

    def look_into(self, source: "TensorBase", op: Op, params: dict[str, Any], recorded: bool) -> None:
        """Become a view of `source`, taken by an operation."""
        self.storage = source.storage
        self.storage.shared = True
        step = ((op, params),)
        counted = not isinstance(self.storage, InferenceStorage)
        version, recorded = (self.storage.version if counted else 0), recorded and counted
        if source.view_of is None:
            self.view_of = View(source, step, version, recorded)
        else:
            self.view_of = View(
                source.view_of.base, source.view_of.path + step, version, recorded and source.view_of.recorded
            )

    def refresh(self) -> None:
        """After a write to the memory that a view looks into, let its node start from the base's present one."""
        view = self.view_of
        if view is None or not view.recorded or view.version == self.storage.version:
            return
        view.version = self.storage.version
        if view.base.node is not None:
            with enable_grad():
                self.continue_from(follow(view.base, view.path).node)
        elif not isinstance(self.node, Leaf):
            self.node = None  # the base was filled with constants

    def settle(self) -> None:
        """Put the values into row-major order before somebody else looks at the memory.

        An operation may leave its result in another order (channels last); until somebody looks, nobody can tell.

        >>> x = tg.ones(2, 3)
        >>> x.settle()
        >>> x.array.flags.c_contiguous
        True
        """
        if not self.storage.shared and not self.array.flags.c_contiguous:
            before, self.array = self.array, self.backend.row_major(self.array)
            if (tape := TAPE.get()) is not None:
                tape.derived(self.backend.row_major, self, before, self.array)

    def detach(self) -> Self:
        """The same memory without history; writes through it count for autograd's checks.

        >>> tg.ones(2, requires_grad=True).detach().requires_grad
        False
        """
        self.settle()
        self.storage.shared = True
        tensor = self.plain.from_array(self.array)
        tensor.storage = self.storage
        return tensor  # type: ignore[return-value]

    # writing in place -------------------------------------------------------------------------------------------------

    def in_place(self, by: str, op: Callable[..., Any], *args: Any, **params: Any) -> Self:
        """Apply an operation or a method to this tensor (where `args` name it) and keep the result in its own memory.

        Args:
            by: the method's name, for messages.

        Raises:
            RuntimeError: if this is a leaf that requires grad, or the result does not fit into it.

        >>> x = tg.tensor([1.0, 4.0])
        >>> x.in_place("sqrt_", tg.ops.sqrt, x)
        tensor([1., 2.])
        """
        self.check_writable(by)
        # The operation may save the old values for its own derivative: it gets them under another name, in memory of
        # their own if others look at this tensor's, so that the write below does not count against it.
        if self.view_of is not None:
            self.refresh()
        shared, recording = self.storage.shared, MODE.get() is RECORD
        kept, tape = self.array, TAPE.get()
        if shared and recording:
            kept = row_major(kept)
            if tape is not None:
                tape.derived(row_major, self, self.array, kept)
        before = self.plain.from_array(kept, self.node)
        result = op(*(before if arg is self else arg for arg in args), **params)
        if result.shape != self.shape:
            raise ShapeError(
                f"{by}: a result of shape {tuple(result.shape)} does not fit into this tensor "
                f"of shape {tuple(self.shape)}"
            )
        if result.dtype != self.dtype:
            if KINDS[result.dtype.kind] > KINDS[self.dtype.kind]:
                raise DtypeError(
                    f"{by}: a result of dtype {result.dtype} can't be kept in a tensor of dtype {self.dtype}; "
                    f"use {by.rstrip('_')}"
                )
            result = cast(result, dtype=self.dtype, source=result.dtype)
        if tape is not None:
            tape.written(self, by, result, shared)
        if shared:
            self.array[...] = result.array
        else:
            self.array = result.array  # nobody else looks at this memory, so the result's can take its place
        self.record_write(by, result.node)
        if not shared:
            before_it, self.storage = self.storage, result.storage
            if not isinstance(before_it, InferenceStorage):
                self.storage.earlier = before_it.earlier + before_it.version
        return self

    def check_writable(self, by: str) -> None:
        """Refuse a write that autograd could not follow, or that memory does not allow.

        >>> tg.ones(1, requires_grad=True).check_writable("add_")
        Traceback (most recent call last):
        tinygrad_cnn.errors.GraphError: add_: this tensor of shape (1,) is a leaf that requires grad, ...
        """
        if MODE.get() is RECORD:
            owner = self if self.view_of is None else self.view_of.base
            if isinstance(owner.node, Leaf) or isinstance(self.node, Leaf):
                what = "a leaf" if isinstance(self.node, Leaf) else "a view of a leaf"
                raise GraphError(
                    f"{by}: this tensor of shape {tuple(self.shape)} is {what} that requires grad, and its history "
                    "starts here; write to it inside no_grad(), or use the out-of-place form"
                )
        if not self.array.flags.writeable:
            raise GraphError(
                f"{by}: this tensor of shape {tuple(self.shape)} cannot be written to: its memory is read-only, or one "
                "element stands for several (after expand or broadcast_to); write to a .clone()"
            )

    def record_write(self, by: str, node: Node | Leaf | None) -> None:
        """After this tensor's memory was overwritten: count it, and give the new history `node` to whom it concerns."""
        self.storage.changed(by)
        if MODE.get() is not RECORD:
            return
        view = self.view_of
        if view is None:
            self.continue_from(node)
        elif view.base.node is not None or node is not None:
            base = view.base
            shapes = (base.shape, self.shape)
            inputs, params = (base.node, node), {"view": view.path}
            base.continue_from(Node(write_view, params, inputs, shapes, base.shape, base.dtype, SCOPE.get(), {}))
            if view.recorded:
                self.refresh()
            else:
                self.continue_from(node)

    def continue_from(self, node: Node | Leaf | None) -> None:
        """Let the history of this tensor end in another node, which then has to give the retained gradient."""
        before, self.node = self.node, node
        if before is not None and before.hooks and node is not None:
            moving = [hook for hook in before.hooks if isinstance(hook, Retained) and hook.tensor() is self]
            for hook in moving:
                before.hooks.remove(hook)
            node.hooks = [*(node.hooks or ()), *moving]

    # what it looks like -----------------------------------------------------------------------------------------------

    @property
    def backend(self) -> Backend:
        """The backend that computes with this tensor.

        >>> tg.ones(1).backend.name
        'cpu'
        """
        backend = backend_of(self.array)
        if backend is None:
            raise TypeError(f"no backend computes with {type(self.array)}")
        return backend

    @property
    def shape(self) -> Size:
        """The size of each dimension.

        >>> tg.ones(2, 3).shape
        (2, 3)
        """
        return Size(self.array.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions.

        >>> tg.ones(2, 3).ndim
        2
        """
        return self.array.ndim  # type: ignore[no-any-return]

    @overload
    def stride(self, dim: None = None) -> tuple[int, ...]: ...
    @overload
    def stride(self, dim: int) -> int: ...
    def stride(self, dim: int | None = None) -> Any:
        """Elements in memory from one index to the next, per dimension.

        >>> tg.ones(2, 3).stride()
        (3, 1)
        """
        self.settle()
        strides = tuple(n // self.dtype.itemsize for n in self.array.strides)
        return strides if dim is None else strides[dim]

    @property
    def dtype(self) -> dtype:
        """The type of the elements.

        >>> tg.ones(2).dtype
        tinygrad_cnn.float32
        """
        return OF_NUMPY[self.array.dtype]

    @property
    def device(self) -> device:
        """Where the values are.

        >>> tg.ones(2).device
        device(type='cpu')
        """
        return device(self.backend.name)
