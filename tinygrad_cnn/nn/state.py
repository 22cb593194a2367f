"""The state of a module as a dict of tensors, under PyTorch's names, and back."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..autograd import no_grad
from ..tensor import Tensor, as_tensor
from .parameter import Parameter
from .tree import ModuleTree


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` did not find in the dict, and what it found there and has no place for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class StateMethods(ModuleTree):
    """Saving and loading."""

    _version = 1  # of what `_save_to_state_dict` writes; a class that changes it can still load what an older one wrote

    def state_dict(
        self, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> "OrderedDict[str, Any]":
        """All parameters and persistent buffers by path.

        The tensors share the module's memory: to keep the values of now, take `copy.deepcopy` of the dict.

        Args:
            keep_vars: the parameters themselves, instead of tensors without their gradients.

        >>> from tinygrad_cnn import nn
        >>> {path: tuple(tensor.shape) for path, tensor in nn.Sequential(nn.Linear(2, 3)).state_dict().items()}
        {'0.weight': (3, 2), '0.bias': (3,)}
        """
        state: Any = OrderedDict() if destination is None else destination
        if not hasattr(state, "_metadata"):
            state._metadata = OrderedDict()
        state._metadata[prefix[:-1]] = {"version": self._version}
        self._save_to_state_dict(state, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return state  # type: ignore[no-any-return]

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy the values of a state dict into the parameters and buffers.

        Args:
            strict: the paths must be exactly those of `state_dict()`; otherwise what does not match is left alone.
            assign: take the tensors of the dict themselves, with their dtype and device.

        Returns:
            missing_keys, unexpected_keys

        Raises:
            RuntimeError: listing all missing, unexpected and mismatched entries at once.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"load_state_dict: expected a dict of tensors; got {type(state_dict).__name__}")
        given = OrderedDict(state_dict)
        metadata = getattr(state_dict, "_metadata", None) or {}
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        for path, module in list(self.named_modules(remove_duplicate=False)):
            version = {"assign_to_params_buffers": assign, **metadata.get(path, {})}
            module._load_from_state_dict(given, f"{path}." if path else "", version, True, missing, unexpected, errors)
        if strict:
            if unexpected:
                listed = ", ".join(f'"{key}"' for key in unexpected)
                errors.insert(0, f"Unexpected key(s) in state_dict: {listed}.{_prefix_hint(state_dict, missing)}")
            if missing:
                listed = ", ".join(f'"{key}"' for key in missing)
                errors.insert(0, f"Missing key(s) in state_dict: {listed}.")
        if errors:
            listed = "\n\t".join(errors)
            raise RuntimeError(f"load_state_dict: this state does not fit {type(self).__name__}:\n\t{listed}")
        return IncompatibleKeys(missing, unexpected)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Add this module's own entries; a class with another format overrides this and `_load_from_state_dict`."""
        for name, tensor in self._persistent():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Take this module's own entries, and add to the three lists what is wrong with them. PyTorch's signature."""
        assign = local_metadata.get("assign_to_params_buffers", False)
        own = dict(self._persistent())
        for name, tensor in own.items():
            key = prefix + name
            if key not in state_dict:
                missing_keys.append(key)
            elif problem := self._take(name, tensor, state_dict[key], assign):
                error_msgs.append(f"{problem[0]} for {key}: {problem[1]}")
        for key in state_dict:
            if key.startswith(prefix):
                name, dot, _ = key[len(prefix) :].partition(".")
                if not (dot and name in self._modules) and (dot or name not in own):
                    unexpected_keys.append(key)

    def _take(self, name: str, tensor: Tensor, value: Any, assign: bool) -> tuple[str, str] | None:
        """Make a value that of a parameter or buffer; if that can't be, what is wrong and why."""
        try:
            value = as_tensor(value)
        except (TypeError, ValueError) as error:
            return "no tensor", f"{type(value).__name__}: {error}"
        if value.shape != tensor.shape:
            return (
                "size mismatch",
                f"the state has shape {tuple(value.shape)}, the model {tuple(tensor.shape)}",
            )
        if assign:
            if isinstance(tensor, Parameter):
                self._parameters[name] = Parameter(value, requires_grad=tensor.requires_grad)
            else:
                self._buffers[name] = value
            return None
        with no_grad():
            tensor.copy_(value)
        return None

    def _persistent(self) -> list[tuple[str, Tensor]]:
        members = [*self._parameters.items(), *self._buffers.items()]
        left_out = self._non_persistent_buffers_set
        return [(name, tensor) for name, tensor in members if tensor is not None and name not in left_out]


def _prefix_hint(given: Mapping[str, Any], missing: list[str]) -> str:
    """What to do when the keys would fit without a common first part, as DataParallel and some trainers save them."""
    first = {key.partition(".")[0] for key in given}
    if len(first) != 1:
        return ""
    (prefix,) = first
    if not all(f"{prefix}.{key}" in given for key in missing):
        return ""
    return (
        f' All keys begin with "{prefix}."; load '
        f'{{key.removeprefix("{prefix}."): value for key, value in state.items()}} instead.'
    )
