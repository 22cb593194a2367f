"""The state of a module as a dict of tensors, under PyTorch's names, and back."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..autograd import no_grad
from ..tensor import RemovableHandle, Tensor, as_tensor
from .hooks import HookMethods, register
from .parameter import Parameter


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` did not find in the dict, and what it found there and has no place for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class StateMethods(HookMethods):
    """Saving and loading."""

    _state_dict_pre_hooks: "OrderedDict[int, Any]"
    _state_dict_hooks: "OrderedDict[int, Any]"
    _load_state_dict_pre_hooks: "OrderedDict[int, Any]"
    _load_state_dict_post_hooks: "OrderedDict[int, Any]"

    def register_state_dict_pre_hook(self, hook: Any) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before the module's entries are written into a state dict.

        >>> layer = nn.Linear(1, 1)
        >>> handle = layer.register_state_dict_pre_hook(lambda module, prefix, keep_vars: print("saving"))
        >>> _ = layer.state_dict()
        saving
        """
        return register(self._own_hooks("_state_dict_pre_hooks"), hook)

    def register_state_dict_post_hook(self, hook: Any) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` when its entries and those inside are written.

        The hook changes the dict in place.

        >>> layer = nn.Linear(1, 1, bias=False)
        >>> handle = layer.register_state_dict_post_hook(lambda module, state, prefix, metadata: state.pop("weight"))
        >>> layer.state_dict()
        OrderedDict()
        """
        return register(self._own_hooks("_state_dict_hooks"), hook)

    def _register_state_dict_hook(self, hook: Any) -> RemovableHandle:
        return self.register_state_dict_post_hook(hook)

    def register_load_state_dict_pre_hook(self, hook: Any) -> RemovableHandle:
        """Call a hook before the module takes its entries of a state dict, which it may change.

        It is called as `hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
        error_msgs)`, and the last three are lists that it may add to.

        >>> def rename(module, state, prefix, *rest):
        ...     state[prefix + "weight"] = state.pop(prefix + "kernel")
        >>> layer = nn.Linear(1, 1, bias=False)
        >>> handle = layer.register_load_state_dict_pre_hook(rename)
        >>> _ = layer.load_state_dict({"kernel": tg.ones(1, 1)})
        >>> layer.weight.item()
        1.0
        """
        return register(self._own_hooks("_load_state_dict_pre_hooks"), lambda *args: hook(self, *args))

    def _register_load_state_dict_pre_hook(self, hook: Any, with_module: bool = False) -> RemovableHandle:
        if with_module:
            return self.register_load_state_dict_pre_hook(hook)
        return register(self._own_hooks("_load_state_dict_pre_hooks"), hook)

    def register_load_state_dict_post_hook(self, hook: Any) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` when the module has taken its entries, and those inside theirs.

        It may change the two lists of keys: what it takes out of them is no error.

        >>> layer = nn.Linear(2, 3)
        >>> handle = layer.register_load_state_dict_post_hook(lambda module, keys: print("loaded", keys.missing_keys))
        >>> _ = layer.load_state_dict(layer.state_dict())
        loaded []
        """
        return register(self._own_hooks("_load_state_dict_post_hooks"), hook)

    def _own_hooks(self, kind: str) -> "OrderedDict[int, Any]":
        """Made at the first use: few modules have any."""
        return self.__dict__.setdefault(kind, OrderedDict())  # type: ignore[no-any-return]

    def get_extra_state(self) -> Any:
        """What is saved beside parameters and buffers, under `_extra_state`; a class that has some overrides this.

        Raises:
            RuntimeError: if the class does not.

        >>> hasattr(nn.ReLU(), "get_extra_state")
        True
        """
        raise RuntimeError(f"{type(self).__name__} has no extra state; override get_extra_state and set_extra_state")

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` returned.

        Raises:
            RuntimeError: if the class does not override this.

        >>> class Counting(nn.Module):
        ...     count = 3
        ...
        ...     def get_extra_state(self):
        ...         return self.count
        ...
        ...     def set_extra_state(self, state):
        ...         self.count = state
        >>> net = Counting()
        >>> _ = net.load_state_dict({"_extra_state": 5})
        >>> net.count
        5
        """
        raise RuntimeError(f"{type(self).__name__} takes no extra state; override set_extra_state")

    def _has_extra_state(self) -> bool:
        return type(self).get_extra_state is not StateMethods.get_extra_state

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
        state._metadata[prefix[:-1]] = local_metadata = {"version": self._version}
        for hook in list(self.__dict__.get("_state_dict_pre_hooks", {}).values()):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(state, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in list(self.__dict__.get("_state_dict_hooks", {}).values()):
            hook(self, state, prefix, local_metadata)
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

        >>> nn.Linear(2, 3).load_state_dict(nn.Linear(2, 3).state_dict())
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"load_state_dict: expected a dict of tensors; got {type(state_dict).__name__}")
        given = OrderedDict(state_dict)
        metadata = getattr(state_dict, "_metadata", None) or {}
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        walked = list(self.named_modules(remove_duplicate=False))
        for path, module in walked:
            version = {"assign_to_params_buffers": assign, **metadata.get(path, {})}
            prefix = f"{path}." if path else ""
            for hook in list(module.__dict__.get("_load_state_dict_pre_hooks", {}).values()):
                hook(given, prefix, version, True, missing, unexpected, errors)
            module._load_from_state_dict(given, prefix, version, True, missing, unexpected, errors)
        for _, module in reversed(walked):  # those inside before the one that holds them
            for hook in list(module.__dict__.get("_load_state_dict_post_hooks", {}).values()):
                hook(module, IncompatibleKeys(missing, unexpected))
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
        if self._has_extra_state():
            destination[f"{prefix}_extra_state"] = self.get_extra_state()

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
        extra = f"{prefix}_extra_state"
        if self._has_extra_state():
            if extra in state_dict:
                self.set_extra_state(state_dict[extra])
            else:
                missing_keys.append(extra)
        for key in state_dict:
            if key.startswith(prefix) and not (key == extra and self._has_extra_state()):
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
