"""Where a tensor lives, and where new ones are made."""

from contextvars import ContextVar
from typing import Any, Self

from ..backend import Backend, backends, get_backend
from ..errors import DeviceError

KNOWN = ("cpu", "cuda")
_default: ContextVar[tuple[Any, ...]] = ContextVar("default device", default=("cpu",))  # of `with` blocks, the last


class device:  # noqa: N801 - PyTorch's name
    """A device such as `cpu` or `cuda:0`.

    Attributes:
        type: `cpu` or `cuda`.
        index: which one, None for the current.

    In a `with` block it is where new tensors are made unless another device is named.

    Raises:
        RuntimeError: for another type.
        ValueError: for an index that is no number.

    >>> device("cpu").type
    'cpu'
    """

    __slots__ = ("index", "type")

    def __init__(self, type: "str | device", index: int | None = None) -> None:
        name, _, number = str(type).partition(":")
        if number and not number.isdigit():
            raise ValueError(f"device: {type!r} is not of the form 'cpu', 'cuda' or 'cuda:0'")
        if name == "meta":
            raise DeviceError(
                "device: there are no tensors without values ('meta') here; nn.utils.skip_init makes a module "
                "without drawing first values"
            )
        if name not in KNOWN and name not in {backend.name.partition(":")[0] for backend in backends()}:
            raise DeviceError(f"device: {name!r} is not a device; there are {' and '.join(map(repr, KNOWN))}")
        self.type = name
        self.index = int(number) if number else index

    def __enter__(self) -> Self:
        _default.set((*_default.get(), self))
        return self

    def __exit__(self, *error: object) -> None:
        _default.set(_default.get()[:-1])

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def set_default_device(device: Any) -> None:
    """Make new tensors on this device unless another is named; None for the CPU.

    Raises:
        RuntimeError: when there is no such device.

    >>> set_default_device("cpu")
    >>> get_default_device()
    device(type='cpu')
    """
    wanted = "cpu" if device is None else device
    get_backend(wanted)
    _default.set((wanted, *_default.get()[1:]))


def get_default_device() -> device:
    """Where new tensors are made unless another device is named.

    >>> tg.get_default_device()
    device(type='cpu')
    """
    return device(_default.get()[-1])


def backend_for(place: Any) -> Backend:
    """The backend of a device, a device name, or None for the default device.

    Raises:
        DeviceError: when there is no such device.
    """
    return get_backend(_default.get()[-1] if place is None else place)
