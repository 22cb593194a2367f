"""The module: a function with parameters."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeVar

from ..autograd import no_grad, repeated
from ..autograd.modes import SCOPE, call_of
from ..dtypes import as_dtype, float16, float32, float64, is_floating
from ..errors import DeviceError
from ..tensor import Tensor, backend_for
from ..tensor import device as device_type
from .hooks import EVERYWHERE
from .parameter import zeroed_gradient
from .scope import PATHS, path_outside, paths_of
from .state import StateMethods

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class HasForward(Protocol[P, R_co]):
    """What a call of a module gets its types from."""

    def forward(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """What the module computes."""


class Module(StateMethods):
    """A function with parameters, and other modules inside: a layer, a block, a whole network.

    A subclass calls `super().__init__()`, assigns its parameters and layers to attributes, and has `forward`. Calling
    the module calls `forward`; what is computed there carries the module's path (`features.3`) in the graph and in
    error messages.

    Attributes:
        training: what `train()` and `eval()` set, for layers that work differently while learning.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = nn.Linear(4, 8)
    ...         self.out = nn.Linear(8, 2)
    ...
    ...     def forward(self, x):
    ...         return self.out(self.hidden(x).relu())
    >>> net = Net()
    >>> net(tg.ones(3, 4)).shape, [name for name, _ in net.named_parameters()]
    ((3, 2), ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias'])
    """

    dump_patches = False  # PyTorch's: whether to write changes of sources into files; there are none
    call_super_init = False  # PyTorch's: whether __init__ calls that of the next class

    if TYPE_CHECKING:
        forward: Callable[..., Any]

        def __call__(self: HasForward[P, R_co], *args: P.args, **kwargs: P.kwargs) -> R_co:
            """What `forward` returns, with its type."""
            return self.forward(*args, **kwargs)

    else:

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            paths = PATHS.get()
            if paths is None:  # the outermost module of this call: paths are counted from here
                outermost = PATHS.set(paths_of(self))
                call = call_of(type(self), SCOPE.get())
                scope = SCOPE.set(call)
                try:
                    return self._run(args, kwargs)
                finally:
                    SCOPE.reset(scope)
                    PATHS.reset(outermost)
            path = paths.get(id(self))
            call = call_of(type(self), path_outside(self) if path is None else path)
            scope = SCOPE.set(call)
            try:
                return self._run(args, kwargs)
            finally:
                SCOPE.reset(scope)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        own = self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks
        if own or EVERYWHERE:
            return self._run_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    # modes ------------------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in every module inside: dropout drops, batch norm uses the batch's statistics.

        >>> nn.Dropout().eval().train().training
        True
        """
        if not isinstance(mode, bool):
            raise ValueError(f"train: mode must be True or False; got {mode!r}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """The same as `train(False)`. Operations are recorded as before; `no_grad()` is what stops that.

        >>> nn.Dropout().eval().training
        False
        """
        return self.train(False)

    @repeated
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or make them 0.

        >>> m = nn.Linear(2, 1)
        >>> m.zero_grad()
        >>> m.weight.grad
        """
        for parameter in self.parameters():
            parameter._grad = None if set_to_none else zeroed_gradient(parameter)

    def apply(self, fn: Callable[["Module"], Any]) -> Self:
        """Call `fn` on every module inside and at last on this one: `model.apply(init_weights)`.

        >>> nn.Linear(2, 1).apply(lambda m: nn.init.ones_(m.weight)).weight
        Parameter containing:
        tensor([[1., 1.]], requires_grad=True)
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # dtypes and devices -----------------------------------------------------------------------------------------------

    def to(
        self, *targets: Any, dtype: Any = None, device: Any = None, non_blocking: Any = False, memory_format: Any = None
    ) -> Self:
        """Move the module to a device, and its floating-point tensors to a dtype.

        Takes a dtype, a device, both, or a tensor to be like; `memory_format` has no effect. The parameters stay the
        same objects, so that an optimizer keeps them. "meta" frees their memory: what is left are shapes, full of
        zeros that can't be written to, for `func.functional_call` with other values or `to_empty`.

        Raises:
            TypeError: for a dtype that is not floating-point.

        >>> nn.Linear(2, 1).to(tg.float64).weight.dtype
        tinygrad_cnn.float64
        """
        for target in targets:
            if isinstance(target, Tensor):
                dtype, device = target.dtype, target.device
            elif isinstance(target, bool) or target is None:  # non_blocking
                continue
            elif isinstance(target, device_type | int) or (isinstance(target, str) and not _is_dtype(target)):
                device = f"cuda:{target}" if isinstance(target, int) else target
            else:
                dtype = target
        wanted = None if dtype is None else as_dtype(dtype)
        if wanted is not None and not is_floating(wanted):
            raise TypeError(f"to: a module's dtype must be floating-point; got {wanted}")
        if device == "meta":
            return self._apply(lambda t: t.detach().new_zeros(()).expand(t.shape))
        if device is not None:
            backend_for(device)  # an unknown device is an error before anything is moved
        return self._apply(lambda t: t.to(dtype=wanted if t.is_floating_point() else None, device=device))

    def type(self, dst_type: Any) -> Self:
        """Make every parameter and buffer, integers too, a tensor of this dtype.

        >>> nn.Linear(2, 1).type(tg.float64).weight.dtype
        tinygrad_cnn.float64
        """
        return self._apply(lambda t: t.to(dst_type))

    def float(self) -> Self:
        """Floating-point parameters and buffers in float32.

        >>> nn.Linear(2, 1).float().weight.dtype
        tinygrad_cnn.float32
        """
        return self.to(float32)

    def double(self) -> Self:
        """Floating-point parameters and buffers in float64.

        >>> nn.Linear(2, 1).double().weight.dtype
        tinygrad_cnn.float64
        """
        return self.to(float64)

    def half(self) -> Self:
        """Floating-point parameters and buffers in float16.

        >>> nn.Linear(2, 1).half().weight.dtype
        tinygrad_cnn.float16
        """
        return self.to(float16)

    def bfloat16(self) -> Self:
        """Floating-point parameters and buffers in bfloat16, which needs the package ml_dtypes.

        >>> nn.Linear(2, 1).bfloat16().weight.dtype
        tinygrad_cnn.bfloat16
        """
        return self.to(dtype="bfloat16")

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """On a device, with values that mean nothing: to be followed by loading or initialising them.

        >>> nn.Linear(2, 1).to_empty(device="cpu").weight.shape
        (1, 2)
        """
        return self._apply(lambda t: t.new_empty(t.shape, device=device), recurse)

    def share_memory(self) -> Self:
        """Move parameters, their gradients and buffers to memory that other processes see.

        >>> nn.Linear(2, 1).share_memory().weight.is_shared()
        True
        """
        return self._apply(lambda t: t.share_memory_())

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the module runs as it is; `tinygrad_cnn.compile` records a whole step.

        >>> nn.Linear(2, 3).compile()
        """

    def ipu(self, device: Any = None) -> Self:
        """There is no such device here.

        Raises:
            RuntimeError: always.

        >>> nn.Linear(2, 3).ipu()
        Traceback (most recent call last):
        tinygrad_cnn.errors.DeviceError: ...
        """
        raise DeviceError(f"{type(self).__name__}.ipu: this engine computes on the CPU and on CUDA devices")

    xpu = mtia = ipu

    def cpu(self) -> Self:
        """On the CPU.

        >>> nn.Linear(2, 1).cpu().weight.device
        device(type='cpu')
        """
        return self.to(device="cpu")

    def cuda(self, device: Any = None) -> Self:
        """On a CUDA device.

        Raises:
            RuntimeError: when there is none.

        >>> nn.Linear(2, 3).cuda().weight.device  # doctest: +SKIP
        device(type='cuda', index=0)
        """
        return self.to(
            device="cuda" if device is None else device if isinstance(device, str | device_type) else f"cuda:{device}"
        )

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Give every parameter, its gradient and every buffer the values that `fn` makes of it."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        with no_grad():
            for tensor in [*self._parameters.values(), *self._buffers.values()]:
                if tensor is None:
                    continue
                if (values := fn(tensor)) is not tensor:
                    tensor.data = values
                if tensor.grad is not None:
                    tensor.grad = fn(tensor.grad)
        return self

    # text -------------------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands between the parentheses of `repr`; a subclass says it.

        >>> nn.Linear(2, 3).extra_repr()
        'in_features=2, out_features=3, bias=True'
        """
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        parts = [f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()]
        if len(lines) == 1 and not parts:
            return f"{self._get_name()}({extra})"
        if not lines and not parts:
            return f"{self._get_name()}()"
        inside = "\n  ".join([*lines, *parts])
        return f"{self._get_name()}(\n  {inside}\n)"


def _indented(text: str) -> str:
    """The lines after the first moved in."""
    return text.replace("\n", "\n  ")


def _is_dtype(name: str) -> bool:
    try:
        as_dtype(name)
    except TypeError:
        return False
    return True
