"""The CUDA backend: CuPy's arrays, own kernels."""

from sys import getrefcount
from types import SimpleNamespace
from typing import Any

import cupy
import numpy as np

from ..base import Backend
from . import cublas, cudnn
from .array import Array, own
from .checks import outside
from .cudnn_convolution import CudnnConvolution
from .generator import PhiloxGenerator
from .graphs import CudaGraph, capturing, upload
from .host_memory import is_pinned, upload_pinned, wait
from .losses import Losses
from .memory import contiguous
from .namespace import xp
from .normalization import Normalization
from .optimizers import Optimizers
from .pooling import Pooling
from .products import Products


def _holders(view: Any) -> int:
    """How many hold the base of a view, as Python counts; that differs between its versions."""
    return getrefcount(view.base)


ONE_HOLDER = _holders(SimpleNamespace(base=object()))


class CudaBackend(CudnnConvolution, Pooling, Normalization, Losses, Optimizers, Products):
    """One CUDA device.

    Attributes:
        index: its number among those that CuPy sees.
    """

    xp = xp
    array_type = Array
    only_stored = "E"  # float16 is computed with
    full_precision = ("full", "range")

    def __init__(self, index: int, several: bool) -> None:
        self.index, self.name = index, f"cuda:{index}"
        self.rng = PhiloxGenerator(index)
        Array.multiplied = self.only_stored if cublas.library() is not None and cudnn.library() is not None else ""
        self._several = several

    def holds(self, array: Any) -> bool:
        """Whether this is an array on this device; then the device becomes CuPy's current one.

        Somebody asks before each operation, and what is computed next is computed here.
        """
        if not isinstance(array, cupy.ndarray) or array.data.device_id != self.index:
            return False
        self.enter()
        return True

    def enter(self) -> None:
        """Make the device CuPy's current one, in this thread."""
        if self._several and cupy.cuda.get_device_id() != self.index:
            cupy.cuda.Device(self.index).use()

    def asarray(self, values: Any, dtype: Any = None) -> Any:
        """An array on the device with these values; itself if it is one already."""
        self.enter()
        if isinstance(values, cupy.ndarray):
            return own(cupy.asarray(values, dtype=dtype))
        # NumPy first: CuPy would take every number of a nested list for itself, and copies no negative strides.
        array = np.asarray(values, dtype=dtype)
        if array.flags.c_contiguous and array.nbytes and is_pinned(array) and capturing() is None:
            return upload_pinned(array)
        return upload(np.ascontiguousarray(array).reshape(array.shape))

    def to_numpy(self, x: Any) -> Any:
        """A copy in the CPU's memory."""
        return cupy.asnumpy(x)

    def finish_uploads(self) -> None:
        """`Backend.finish_uploads`."""
        wait()

    def new_graph(self) -> CudaGraph:
        """`Backend.new_graph`."""
        self.enter()
        return CudaGraph()

    def copy_from(self, other: Backend, x: Any) -> Any:
        """`Backend.copy_from`, from device to device where both are CUDA's."""
        self.enter()
        if capturing() is not None:
            raise RuntimeError("a tensor is moved to the device inside of the function; give it what is there already")
        if isinstance(x, cupy.ndarray):
            return own(x.copy(order="K"))  # to the current device, wherever x is
        return super().copy_from(other, x)

    def synchronize(self) -> None:
        """`Backend.synchronize`."""
        cupy.cuda.Device(self.index).synchronize()

    def new_generator(self) -> PhiloxGenerator:
        """A random generator of its own."""
        return PhiloxGenerator(self.index)

    def address(self, x: Any) -> int:
        """`Backend.address`."""
        return int(x.data.ptr)

    def owns_memory(self, x: Any) -> bool:
        """`Backend.owns_memory`: x is all there is, or our only view of what CuPy returned."""
        if x.base is None:
            return True
        return type(x.base) is cupy.ndarray and x.base.size == x.size and _holders(x) == ONE_HOLDER

    def row_major(self, x: Any) -> Any:
        """`Backend.row_major`."""
        return contiguous(x)

    def all_below(self, x: Any, count: int) -> bool:
        """`Backend.all_below`."""
        return not outside(x, 0, count)

    def scatter_add(self, positions: Any, values: Any, shape: tuple[int, ...]) -> Any:
        """`Backend.scatter_add`, in order: the same sums from run to run."""
        sums = xp.zeros(int(np.prod(shape, dtype=np.int64)), dtype=values.dtype)
        xp.add.at(sums, positions, values)
        return sums.reshape(shape)
