"""What things are called in the lines of a recording: arrays, tensors from outside, and objects that stay the same."""

from collections.abc import Mapping
from types import BuiltinFunctionType, MethodType
from typing import Any
from weakref import ref

from ..autograd import Storage
from ..backend import backend_of
from ..tensor import Tensor
from .script import Script

PLAIN = (bool, int, str)  # what stands in a line as it is
RESERVED = {"value", "x", "t", "v"}


class Unknown(Exception):  # noqa: N818 - never seen by a user
    """A value that no line can name."""


class Reads:
    """The variables that a line reads, and whether all of them are early.

    Attributes:
        acts: whether the line changes more than the variables that it makes.
    """

    def __init__(self, names: list[str] | None = None, *, acts: bool = False) -> None:
        self.names = names or []
        self.acts = acts
        self.early = not acts


class Names:
    """The names of one recording.

    Attributes:
        made: the ids of the tensors that this run has made.
        candidates: tensors that the function could reach, by their array.
        gradients: whose gradient a tensor is.
    """

    script: Script

    def __init__(self, inputs: list[Tensor]) -> None:
        self.script = Script()
        self.made: set[int] = set()
        self.candidates: dict[int, Any] = {}
        self._versions: dict[int, int] = {}  # of tensors from outside, before the first line
        self.gradients: dict[int, Any] = {}
        self.inputs = {id(x): f"x{i}" for i, x in enumerate(inputs)}
        self._outside: dict[int, str] = {}
        self._known: dict[int, tuple[str, bool]] = {}  # the array's name, and whether it is early
        self._constants: dict[tuple[str, int], str] = {}
        self._fresh: set[int] = set()  # arrays that a walk back made
        self._alive: dict[int, ref[Any]] = {}
        self._kept: list[Any] = list(inputs)  # so that no other gets their id
        for x in inputs:
            self._know(x.array, f"{self.inputs[id(x)]}.array", early=True)

    def _is_inside(self, tensor: Any) -> bool:
        """Whether a tensor was made in this run, and is not found from outside as a gradient."""
        return id(tensor) in self.made and id(tensor) not in self.gradients

    def see(self, tensor: Any) -> None:
        """A tensor that may come from outside: where its array turns up, it can be named."""
        if id(tensor) not in self.made:
            self.candidates.setdefault(id(tensor.array), tensor)
            self._kept += [tensor, tensor.array]
            if not self.script.lines and type(tensor.storage) is Storage:
                self._versions.setdefault(id(tensor), tensor.storage.version)

    def _is_untouched(self, tensor: Any) -> bool:
        """Whether a tensor from outside was there before the first line, and nothing has written to it since."""
        return id(tensor) in self._versions and self._versions[id(tensor)] == tensor.storage.version

    def _returned(self, x: Tensor, reads: Reads) -> str:
        """A tensor that the function returns."""
        raise NotImplementedError

    def _know(self, array: Any, name: str, early: bool) -> None:
        self._known[id(array)] = (name, early)
        self._until_death(array)

    def make(self, tensor: Any) -> None:
        """A tensor was made in this run."""
        self.made.add(id(tensor))
        self._until_death(tensor)

    def _until_death(self, value: Any) -> None:
        """Forget what is known by the id of a value when it dies: another may get it.

        To keep the values alive instead would take the memory of all intermediate results at once.
        """
        key, me = id(value), ref(self)
        if key in self._alive:
            return

        def forget(_: Any) -> None:
            if (names := me()) is not None:
                del names._alive[key]
                names._known.pop(key, None)
                names.made.discard(key)
                names._fresh.discard(key)

        try:
            self._alive[key] = ref(value, forget)
        except TypeError:  # numbers and tuples
            self._kept.append(value)

    def _name_of(self, tensor: Any) -> str:
        """The name of a tensor that the run did not make."""
        if (name := self.inputs.get(id(tensor))) is not None:
            return name
        if (owner := self.gradients.get(id(tensor))) is not None:
            if owner._grad is not tensor:
                raise Unknown("a tensor is used that was a gradient before")
            return f"{self._name_of(owner)}.grad"
        if (name := self._outside.get(id(tensor))) is None:
            if tensor.view_of is not None:
                raise Unknown("a view of another tensor comes from outside of the function")
            name = self._outside[id(tensor)] = f"t{len(self._outside)}"
            self.script.outside[name] = tensor
        return name

    def _operand(self, arg: Any, array: Any, reads: Reads) -> str:
        """What an operation was given: a tensor's array, or a value."""
        if not isinstance(arg, Tensor):
            return self._text(array, reads)
        if id(array) not in self._known and not self._is_inside(arg):
            self._know(array, f"{self._name_of(arg)}.array", early=self._is_untouched(arg))
        elif not self._is_inside(arg):
            known = self._known[id(array)][0]
            if known.endswith(".array") and known != f"{self._name_of(arg)}.array":
                raise Unknown("two tensors that come from outside of the function hold the same array")
        return self._array(array, reads)

    def _array(self, array: Any, reads: Reads) -> str:
        if id(array) not in self._known and (tensor := self.candidates.get(id(array))) is not None:
            if tensor.array is not array:
                raise Unknown("an array is used that a tensor had before")
            self._know(array, f"{self._name_of(tensor)}.array", early=self._is_untouched(tensor))
        if id(array) not in self._known:
            raise Unknown(f"an array of shape {getattr(array, 'shape', ())} was made in a way that is not recorded")
        name, early = self._known[id(array)]
        reads.early = reads.early and early
        if "." not in name:
            reads.names.append(name)
        return name

    def _text(self, value: Any, reads: Reads, *, returned: bool = False) -> str:
        """A value as it stands in a line."""
        if isinstance(value, Tensor):
            if not self._is_inside(value):
                return self._name_of(value)
            if returned:
                return self._returned(value, reads)
            if value.node is not None:
                raise Unknown("it is given a tensor that has a graph")
            return f"{self._constant(Tensor.from_array, 'tensor')}({self._array(value.array, reads)})"
        if value is None or value is Ellipsis or (isinstance(value, bool | int | str) and type(value) in PLAIN):
            return repr(value)
        if type(value) is float and value == value and abs(value) != float("inf"):  # noqa: PLR0124 - NaN differs
            return repr(value)
        if id(value) in self._known:
            return self._array(value, reads)
        if backend_of(value) is not None:
            return self._array(value, reads)
        if type(value) in (tuple, list):
            parts = [self._text(part, reads, returned=returned) for part in value]
            inside = ", ".join(parts)
            return f"[{inside}]" if type(value) is list else f"({inside},)" if len(parts) == 1 else f"({inside})"
        if type(value) is dict:
            inside = ", ".join(f"{k!r}: {self._text(v, reads, returned=returned)}" for k, v in value.items())
            return f"{{{inside}}}"
        if type(value) is slice:
            ends = ", ".join(self._text(end, reads) for end in (value.start, value.stop, value.step))
            return f"{self._constant(slice, 'slice')}({ends})"
        if isinstance(value, tuple | list | Mapping) and _holds_tensors(value):
            raise Unknown(f"a {type(value).__name__} holds tensors")
        return self._constant(value, type(value).__name__.lower())

    def _function(self, function: Any) -> str:
        if isinstance(function, MethodType):
            return f"{self._constant(function.__self__, type(function.__self__).__name__.lower())}.{function.__name__}"
        return self._constant(function, getattr(function, "__name__", "function").strip("_"))

    def _constant(self, value: Any, hint: str) -> str:
        """A name for an object that is the same at every replay."""
        if isinstance(value, MethodType | BuiltinFunctionType):  # made anew by each look-up
            key = (f"{hint}.{value.__name__}", id(value.__self__))
        else:
            key = ("", id(value))
        if (name := self._constants.get(key)) is None:
            base = hint if hint.isidentifier() else "value"
            number = sum(1 for other in self.script.names if other.rstrip("0123456789_") == base)
            name = f"{base}_{number + 1}" if number or base in RESERVED else base
            while name in self.script.names:
                name += "_"
            self._constants[key] = name
            self.script.names[name] = value
            self._kept.append(value)
        return name


def _holds_tensors(value: Any) -> bool:
    values = value.values() if isinstance(value, Mapping) else value
    return any(isinstance(v, Tensor) or backend_of(v) is not None for v in values)
