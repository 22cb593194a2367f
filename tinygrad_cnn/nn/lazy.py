"""Layers that learn the size of their input from the first one they are called with, and become ordinary then."""

from typing import Any, ClassVar

from ..autograd.modes import in_scope
from ..creation import tensor as make_tensor
from ..dtypes import int64
from ..errors import ShapeError
from ..tensor import Tensor
from .convolution import Conv1d, Conv2d, Conv3d, ConvolutionBase, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .linear import Linear
from .module import Module
from .normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d, NormBase
from .parameter import UninitializedBuffer, UninitializedParameter, UninitializedTensor
from .statistics import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d


class LazyModuleMixin(Module):
    """What lazy layers share. A class inherits this first, then the layer that it is to become.

    It makes its parameters `UninitializedParameter`s, and its `initialize_parameters` gives them shapes: it is called
    with the first input, or a state dict gives them.

    Attributes:
        cls_to_become: the class of the layer from then on.
    """

    cls_to_become: ClassVar[type[Module] | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(self._infer_parameters, with_kwargs=True)

    def _lazy_load_hook(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Give what has no shape yet that of the values about to be loaded."""
        for name, value in [*self._parameters.items(), *self._buffers.items()]:
            given = state_dict.get(prefix + name)
            if isinstance(value, UninitializedTensor) and not (given is None or isinstance(given, UninitializedTensor)):
                value.materialize(given.shape)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes, from the first input; a lazy layer says how."""
        raise NotImplementedError(f"{type(self).__name__} has no initialize_parameters(); a lazy layer needs one")

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer has no shape yet."""
        members = [*self._parameters.values(), *self._buffers.values()]
        return any(isinstance(member, UninitializedTensor) for member in members)

    def _infer_parameters(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"{type(self).__name__}: initialize_parameters left parameters without a shape")
        self._initialize_hook.remove()
        self._load_hook.remove()
        del self._initialize_hook, self._load_hook
        if self.cls_to_become is not None:
            self.__class__ = self.cls_to_become  # type: ignore[assignment]


class LazyLinear(LazyModuleMixin, Linear):
    """`Linear` whose in_features are those of its first input.

    >>> import tinygrad_cnn as tg
    >>> layer = LazyLinear(3)
    >>> layer(tg.zeros(2, 5)).shape, layer
    ((2, 3), Linear(in_features=5, out_features=3, bias=True))
    """

    cls_to_become = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, 0, False)
        self.out_features = out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """First values, if there are parameters."""
        if self.in_features and not self.has_uninitialized_params():
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """The matrix for as many features as the input has."""
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            _materialize(self.weight, (self.out_features, self.in_features))
            _materialize(self.bias, (self.out_features,))
            self.reset_parameters()
        elif self.in_features == 0:  # loaded from a state dict
            self.in_features = self.weight.shape[-1]


def _materialize(value: Tensor | None, shape: tuple[int, ...]) -> None:
    if isinstance(value, UninitializedTensor):
        value.materialize(shape)


class LazyConvolutionMixin(LazyModuleMixin, ConvolutionBase):
    """What lazy convolutions share: in_channels are those of the first input."""

    rank: int

    def _arrange(self, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        """Parameters without a shape."""
        self.out_channels = out_channels
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """First values, if there are parameters."""
        if self.in_channels and not self.has_uninitialized_params():
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """The kernels for as many channels as the input has.

        Raises:
            RuntimeError: for an input with another number of dimensions.
        """
        if not self.has_uninitialized_params():
            if self.in_channels == 0:  # loaded from a state dict
                self.in_channels = self.weight.shape[0] if self.transposed else self.weight.shape[1] * self.groups
            return
        name = type(self).__name__
        if input.ndim not in (self.rank + 1, self.rank + 2):
            raise ShapeError(
                f"{name}: expected {self.rank + 2} or {self.rank + 1} dimensions; got {tuple(input.shape)}{in_scope()}"
            )
        channels = input.shape[-self.rank - 1]
        if channels % self.groups:
            raise ValueError(f"{name}: {channels} channels can't be divided among {self.groups} groups{in_scope()}")
        self.in_channels = channels
        first, second = (channels, self.out_channels) if self.transposed else (self.out_channels, channels)
        _materialize(self.weight, (first, second // self.groups, *self.kernel_size))
        _materialize(self.bias, (self.out_channels,))
        self.reset_parameters()


class _LazyConvolution(LazyConvolutionMixin):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._arrange(out_channels, bias, device, dtype)


class _LazyTransposed(LazyConvolutionMixin):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode)
        self._arrange(out_channels, bias, device, dtype)


class LazyConv1d(_LazyConvolution, Conv1d):
    """`Conv1d` whose in_channels are those of its first input.

    >>> nn.LazyConv1d(4, 3)(tg.ones(1, 2, 5)).shape
    (1, 4, 3)
    """

    cls_to_become = Conv1d


class LazyConv2d(_LazyConvolution, Conv2d):
    """`Conv2d` whose in_channels are those of its first input.

    >>> import tinygrad_cnn as tg
    >>> layer = LazyConv2d(8, 3)
    >>> layer(tg.zeros(2, 5, 6, 6)).shape, layer.in_channels
    ((2, 8, 4, 4), 5)
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConvolution, Conv3d):
    """`Conv3d` whose in_channels are those of its first input.

    >>> nn.LazyConv3d(4, 3)(tg.ones(1, 2, 5, 5, 5)).shape
    (1, 4, 3, 3, 3)
    """

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyTransposed, ConvTranspose1d):
    """`ConvTranspose1d` whose in_channels are those of its first input.

    >>> nn.LazyConvTranspose1d(4, 3)(tg.ones(1, 2, 5)).shape
    (1, 4, 7)
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyTransposed, ConvTranspose2d):
    """`ConvTranspose2d` whose in_channels are those of its first input.

    >>> nn.LazyConvTranspose2d(4, 3)(tg.ones(1, 2, 5, 5)).shape
    (1, 4, 7, 7)
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyTransposed, ConvTranspose3d):
    """`ConvTranspose3d` whose in_channels are those of its first input.

    >>> nn.LazyConvTranspose3d(4, 3)(tg.ones(1, 2, 5, 5, 5)).shape
    (1, 4, 7, 7, 7)
    """

    cls_to_become = ConvTranspose3d


class LazyNorm(LazyModuleMixin, NormBase):
    """What lazy norms share: num_features are the channels of the first input."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        place = {"device": device, "dtype": dtype}
        if affine:
            self.weight = UninitializedParameter(**place)
            if bias:
                self.bias = UninitializedParameter(**place)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**place)
            self.running_var = UninitializedBuffer(**place)
            self.num_batches_tracked = make_tensor(0, dtype=int64, device=device)

    def reset_parameters(self) -> None:
        """First values, if there are parameters."""
        if self.num_features and not self.has_uninitialized_params():
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """As many values as the input has channels."""
        if not self.has_uninitialized_params():
            return
        batched = input.ndim == self.dims[-1] or (self.dims[-1] == 3 and isinstance(self, BatchNorm1d))
        self.num_features = input.shape[1 if batched else 0]
        for value in (self.weight, self.bias, self.running_mean, self.running_var):
            _materialize(value, (self.num_features,))
        self.reset_parameters()


class LazyBatchNorm1d(LazyNorm, BatchNorm1d):
    """`BatchNorm1d` whose num_features are those of its first input.

    >>> nn.LazyBatchNorm1d()(tg.ones(2, 3)).shape
    (2, 3)
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(LazyNorm, BatchNorm2d):
    """`BatchNorm2d` whose num_features are those of its first input.

    >>> import tinygrad_cnn as tg
    >>> layer = LazyBatchNorm2d()
    >>> _ = layer(tg.zeros(2, 5, 6, 6))
    >>> layer.num_features, type(layer).__name__
    (5, 'BatchNorm2d')
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(LazyNorm, BatchNorm3d):
    """`BatchNorm3d` whose num_features are those of its first input.

    >>> nn.LazyBatchNorm3d()(tg.ones(2, 3, 2, 2, 2)).shape
    (2, 3, 2, 2, 2)
    """

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(LazyNorm, InstanceNorm1d):
    """`InstanceNorm1d` whose num_features are those of its first input.

    >>> nn.LazyInstanceNorm1d()(tg.ones(1, 3, 4)).shape
    (1, 3, 4)
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(LazyNorm, InstanceNorm2d):
    """`InstanceNorm2d` whose num_features are those of its first input.

    >>> nn.LazyInstanceNorm2d()(tg.ones(1, 3, 4, 4)).shape
    (1, 3, 4, 4)
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(LazyNorm, InstanceNorm3d):
    """`InstanceNorm3d` whose num_features are those of its first input.

    >>> nn.LazyInstanceNorm3d()(tg.ones(1, 3, 4, 4, 4)).shape
    (1, 3, 4, 4, 4)
    """

    cls_to_become = InstanceNorm3d


__all__ = [
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LazyLinear",
]
