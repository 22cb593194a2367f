"""What a module holds: parameters, buffers and other modules, found in its attributes and walked through by name."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

from ..tensor import Tensor
from .hidden import warn_of_hidden
from .parameter import Buffer, Parameter
from .scope import Children

if TYPE_CHECKING:
    from .module import Module


class ModuleTree:
    """The attributes of a module: parameters and modules that are assigned are registered, the rest is plain."""

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: Children
    _non_persistent_buffers_set: set[str]

    def __init__(self) -> None:
        set_plainly = super().__setattr__  # these are found by every assignment that follows
        set_plainly("training", True)
        set_plainly("_parameters", {})
        set_plainly("_buffers", {})
        set_plainly("_modules", Children())
        set_plainly("_non_persistent_buffers_set", set())

    # attributes -------------------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        held = self.__dict__
        if isinstance(value, Parameter):
            self._make_room("parameter", name)
            self._check_leaf(name, value)
            self._parameters[name] = value
        elif isinstance(value, ModuleTree):
            self._make_room("module", name)
            self._modules[name] = value
        elif "_modules" not in held:  # before __init__: a plain attribute
            super().__setattr__(name, value)
        elif isinstance(value, Buffer):
            if name not in held["_buffers"]:
                self._make_room("buffer", name)
            self.register_buffer(name, value, value.persistent)
        elif name in held["_parameters"]:
            if value is not None:
                raise TypeError(
                    f"{type(self).__name__}.{name} is a parameter; assign a Parameter or None, or write to "
                    f"{name}.data; got {type(value).__name__}"
                )
            held["_parameters"][name] = None
        elif name in held["_modules"]:
            if value is not None:
                raise TypeError(
                    f"{type(self).__name__}.{name} is a module; assign a Module or None; got {type(value).__name__}"
                )
            held["_modules"][name] = None
        elif name in held["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"{type(self).__name__}.{name} is a buffer; assign a tensor or None; got {type(value).__name__}"
                )
            held["_buffers"][name] = value
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        # Called only for what is no plain attribute.
        held = self.__dict__
        if "_modules" in held:
            if name in (parameters := held["_parameters"]):
                return parameters[name]
            if name in (modules := held["_modules"]):
                return modules[name]
            if name in (buffers := held["_buffers"]):
                return buffers[name]
        kind = type(self).__name__
        if "_modules" not in held:
            why = f"; call super().__init__() first in {kind}.__init__"
        elif hasattr(type(self), name):
            why = ": its property raised an AttributeError"
        else:
            why = ""
        raise AttributeError(f"{kind!r} object has no attribute {name!r}{why}", name=name, obj=self)

    def __delattr__(self, name: str) -> None:
        for kind in (self._parameters, self._buffers, self._modules):
            if name in kind:
                del kind[name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*super().__dir__(), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[:1].isdigit())

    def _make_room(self, kind: str, name: str) -> None:
        """Forget whatever has this name, so that it can become a parameter, a buffer or a module."""
        held = self.__dict__
        if "_modules" not in held:
            owner = type(self).__name__
            raise AttributeError(
                f"{owner}.{name}: cannot assign a {kind} before Module.__init__() was called; call super().__init__() "
                f"first in {owner}.__init__"
            )
        held.pop(name, None)
        for others in ("_parameters", "_buffers", "_modules"):
            if others != f"_{kind}s" and name in held[others]:
                del held[others][name]
        held["_non_persistent_buffers_set"].discard(name)

    def _check_new_name(self, kind: str, name: Any, known: dict[str, Any]) -> None:
        owner = type(self).__name__
        if not isinstance(name, str):
            raise TypeError(f"{owner}: the name of a {kind} must be a string; got {name!r}")
        if not name or "." in name:
            raise KeyError(f"{owner}: the name of a {kind} must not be empty or hold a dot; got {name!r}")
        if hasattr(self, name) and name not in known:
            raise KeyError(f"{owner}: attribute {name!r} already exists; choose another name for the {kind}")

    # registering ------------------------------------------------------------------------------------------------------

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Make `param` a parameter under this name; None reserves the name.

        Raises:
            TypeError: if it is no Parameter.
            ValueError: if it was computed from others.
            KeyError: for a name that is taken.

        >>> m = nn.Module()
        >>> m.register_parameter("w", nn.Parameter(tg.ones(2)))
        >>> m.w.requires_grad
        True
        """
        self._check_new_name("parameter", name, self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"{type(self).__name__}.{name}: expected a Parameter or None; got {type(param).__name__}; wrap a "
                    "tensor with nn.Parameter(...)"
                )
            self._check_leaf(name, param)
        self._parameters[name] = param

    def _check_leaf(self, name: str, param: Parameter) -> None:
        if not param.is_leaf:
            raise ValueError(
                f"{type(self).__name__}.{name}: a parameter must not be computed from others; compute the value in "
                "forward()"
            )

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make `tensor` part of the module's state that is not learned.

        It moves with `to()` and, if it is persistent, is in `state_dict()`.

        Raises:
            TypeError: if it is no tensor.
            KeyError: for a name that is taken.

        >>> m = nn.Module()
        >>> m.register_buffer("scale", tg.ones(2))
        >>> m.scale
        tensor([1., 1.])
        """
        self._check_new_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"{type(self).__name__}.{name}: a buffer must be a tensor or None; got {type(tensor).__name__}; wrap "
                "it with tensor(...)"
            )
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: "Module | None") -> None:
        """Make `module` a part of this one under this name, as assigning it to the attribute would.

        Raises:
            TypeError: if it is no module.
            KeyError: for a name that is taken.

        >>> m = nn.Sequential()
        >>> m.add_module("fc", nn.Linear(2, 3))
        >>> m
        Sequential(
          (fc): Linear(in_features=2, out_features=3, bias=True)
        )
        """
        if module is not None and not isinstance(module, ModuleTree):
            raise TypeError(f"{type(self).__name__}.{name}: expected a Module or None; got {type(module).__name__}")
        self._check_new_name("module", name, self._modules)
        self._modules[name] = module

    def register_module(self, name: str, module: "Module | None") -> None:
        """The same as `add_module`.

        >>> net = nn.Module()
        >>> net.register_module("head", nn.Identity())
        >>> net.head
        Identity()
        """
        self.add_module(name, module)

    # looking up -------------------------------------------------------------------------------------------------------

    def get_submodule(self, target: str) -> "Module":
        """The module at a path such as `features.3`; itself for "".

        Raises:
            AttributeError: naming the first part of the path that leads nowhere.

        >>> nn.Sequential(nn.ReLU(), nn.Tanh()).get_submodule("1")
        Tanh()
        """
        module: Any = self
        for name in target.split(".") if target else ():
            if not isinstance(found := getattr(module, name, None), ModuleTree):
                what = "has no attribute" if found is None else "has a plain attribute, but no module"
                raise AttributeError(f"get_submodule({target!r}): {type(module).__name__} {what} {name!r}")
            module = found
        return module  # type: ignore[no-any-return]

    def set_submodule(self, target: str, module: "Module", strict: bool = False) -> None:
        """Put a module at a path such as `features.3`, in place of the one there.

        Args:
            strict: there must be one.

        Raises:
            AttributeError: if the path leads nowhere.
            ValueError: for an empty path, or what is no module.

        >>> m = nn.Sequential(nn.ReLU())
        >>> m.set_submodule("0", nn.Tanh())
        >>> m[0]
        Tanh()
        """
        if not target:
            raise ValueError("set_submodule: the path must not be empty")
        if not isinstance(module, ModuleTree):
            raise ValueError(f"set_submodule: expected a Module; got {type(module).__name__}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict:
            self.get_submodule(target)
        elif name not in parent._modules and hasattr(parent, name):
            raise AttributeError(f"set_submodule({target!r}): {type(parent).__name__}.{name} is no module")
        parent._modules[name] = module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as `features.3.weight`.

        Raises:
            AttributeError: if there is none.

        >>> nn.Sequential(nn.Linear(2, 3)).get_parameter("0.bias").shape
        (3,)
        """
        return self._get("parameter", target)  # type: ignore[no-any-return]

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as `features.4.running_mean`.

        Raises:
            AttributeError: if there is none.

        >>> nn.BatchNorm1d(2).get_buffer("running_mean")
        tensor([0., 0.])
        """
        return self._get("buffer", target)  # type: ignore[no-any-return]

    def _get(self, kind: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found = module.__dict__[f"_{kind}s"].get(name)
        if found is None:
            raise AttributeError(f"get_{kind}({target!r}): {type(module).__name__} has no {kind} {name!r}")
        return found

    # walking ----------------------------------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, "Module"]]:
        """Paths and modules: itself at the path "", then every module inside, depth first.

        >>> from tinygrad_cnn import nn
        >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        >>> [path for path, module in model.named_modules()]
        ['', '0', '1']
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self  # type: ignore[misc]
        for name, module in self._modules.items():
            if isinstance(module, ModuleTree):  # guided backpropagation puts functions among the modules
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator["Module"]:
        """Itself and every module inside, each once.

        >>> [type(m).__name__ for m in nn.Sequential(nn.ReLU()).modules()]
        ['Sequential', 'ReLU']
        """
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """Names and modules of the next level, each module once.

        >>> dict(nn.Sequential(nn.ReLU(), nn.Tanh()).named_children())
        {'0': ReLU(), '1': Tanh()}
        """
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator["Module"]:
        """The modules of the next level, each once.

        >>> list(nn.Sequential(nn.ReLU(), nn.Tanh()).children())
        [ReLU(), Tanh()]
        """
        return (module for _, module in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Paths and parameters, of the modules inside too unless `recurse` is False; each parameter once.

        >>> [name for name, _ in nn.Sequential(nn.Linear(2, 3)).named_parameters()]
        ['0.weight', '0.bias']
        """
        return self._named(lambda module: module._parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, in the order of `named_parameters`: what an optimizer is given.

        Warns, once, of layers in a plain list or dict: they are no part of the module, and would never be trained.

        >>> sum(p.numel() for p in nn.Linear(2, 3).parameters())
        9
        """
        if recurse:
            warn_of_hidden(self)
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Paths and buffers, of the modules inside too unless `recurse` is False; each buffer once.

        >>> [name for name, _ in nn.BatchNorm1d(3).named_buffers()]
        ['running_mean', 'running_var', 'num_batches_tracked']
        """
        return self._named(lambda module: module._buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, in the order of `named_buffers`.

        >>> [b.shape for b in nn.BatchNorm1d(3).buffers()]
        [(3,), (3,), ()]
        """
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named(
        self, members: Callable[[Any], dict[str, Any]], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen = set()
        modules: Any = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else ((prefix, self),)
        )
        for path, module in modules:
            for name, member in members(module).items():
                if member is None or member in seen:
                    continue
                if remove_duplicate:
                    seen.add(member)
                yield (f"{path}.{name}" if path else name), member

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let every parameter collect gradients, or none: `requires_grad_(False)` freezes the module.

        >>> nn.Linear(2, 1).requires_grad_(False).weight.requires_grad
        False
        """
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self
