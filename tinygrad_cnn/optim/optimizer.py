"""What every optimizer does: groups of parameters, state per parameter, saving and loading."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any
from warnings import warn

from ..autograd import enable_grad, repeated
from ..backend import Backend, Kept
from ..dtypes import float32
from ..nn import Module
from ..nn.parameter import zeroed_gradient
from ..tensor import Tensor, as_tensor


class Optimizer:
    """The base of all optimizers.

    A subclass has `update(parameters, group)`, which changes the arrays of those parameters of a group that have a
    gradient; or, as PyTorch's do, a `step` of its own. The parameters that `update` is given are on one device and
    share no memory.

    Args:
        params: parameters, pairs of a name and a parameter, or dicts with "params" and options of their own.
        defaults: the options of groups that do not give them.

    Attributes:
        param_groups: dicts with "params" and the options; changing an option there takes effect at the next step.
        state: what is remembered for each parameter.
        can_be_captured: whether `update` hands all numbers to a kernel of the backend, which a graph can then replay
            with others.

    Raises:
        ValueError: for no parameters, one that is in two groups, one that was computed, or an option out of range.
        TypeError: for what is no parameter.

    >>> class Descent(tg.optim.Optimizer):
    ...     def __init__(self, params, lr):
    ...         super().__init__(params, {"lr": lr})
    ...
    ...     def step(self, closure=None):
    ...         with tg.no_grad():
    ...             for group in self.param_groups:
    ...                 for p in group["params"]:
    ...                     p.sub_(group["lr"] * p.grad)
    >>> w = tg.ones(2, requires_grad=True)
    >>> w.sum().backward()
    >>> Descent([w], lr=0.1).step()
    >>> w
    tensor([0.9000, 0.9000], requires_grad=True)
    """

    can_be_captured = False

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self.steps_taken = 0
        self._kept: defaultdict[int, Kept] = defaultdict(Kept)  # by id of a group
        groups = list(self._iterable(params))
        if not groups:
            raise ValueError(
                f"{self._name}: got an empty parameter list. Layers in a plain Python list or dict are not found: use "
                "nn.ModuleList or nn.ModuleDict; and an iterator such as model.parameters() can be used only once"
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _iterable(self, params: Any) -> Iterable[Any]:
        if isinstance(params, Module):
            raise TypeError(f"{self._name}: got a module; give its parameters: model.parameters()")
        if isinstance(params, Tensor):
            raise TypeError(f"{self._name}: expected several parameters; got one tensor; put it in a list")
        if not isinstance(params, Iterable):
            raise TypeError(f"{self._name}: expected parameters, or dicts of them; got {type(params).__name__}")
        if isinstance(params, set):
            raise TypeError(f"{self._name}: a set of parameters has no fixed order, which saving needs; give a list")
        return params

    # groups -----------------------------------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Take in more parameters, with options of their own: `{"params": layer.parameters(), "lr": 1e-4}`."""
        given_group: object = param_group
        if not isinstance(given_group, dict) or "params" not in given_group:
            raise TypeError(f'{self._name}: a group must be a dict with "params"; got {param_group!r:.80}')
        given = param_group["params"]
        listed = [given] if isinstance(given, Tensor) else list(self._iterable(given))
        group = {**param_group, "params": listed}
        if listed and all(isinstance(item, tuple) and len(item) == 2 for item in listed):
            group["param_names"] = [name for name, _ in listed]
            group["params"] = listed = [parameter for _, parameter in listed]
        for i, parameter in enumerate(listed):
            self._check_parameter(i, parameter)
        for name, default in self.defaults.items():
            group.setdefault(name, default)
        if group.get("differentiable"):
            raise NotImplementedError(
                f"{self._name}: differentiable=True is not supported: a step changes the parameters in place and is "
                "not recorded; compute new values from the gradients, e.g. with func.grad and func.functional_call"
            )
        if group.get("fused") and group.get("foreach"):
            raise RuntimeError(f"{self._name}: fused and foreach cannot both be True; leave one out")
        self.check(group)
        if len(set(map(id, listed))) < len(listed):
            warn(
                f"{self._name}: a group holds a parameter twice; it would be changed twice per step",
                stacklevel=3,
            )
        known = {id(parameter) for each in self.param_groups for parameter in each["params"]}
        for i, parameter in enumerate(listed):
            if id(parameter) in known:
                raise ValueError(
                    f"{self._name}: parameter {i} of the new group, of shape {tuple(parameter.shape)}, is in another "
                    "group already"
                )
        self.param_groups.append(group)

    def _check_parameter(self, i: int, parameter: Any) -> None:
        if not isinstance(parameter, Tensor):
            raise TypeError(
                f"{self._name}: parameter {i} must be a tensor; got {type(parameter).__name__} {parameter!r:.60}"
            )
        if not parameter.is_leaf:
            raise ValueError(
                f"{self._name}: parameter {i} of shape {tuple(parameter.shape)} was computed from others, so no "
                "gradient is kept for it; give the leaves it was computed from, or .detach().requires_grad_()"
            )

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range; a subclass knows its own."""

    def _at_least_0(self, group: dict[str, Any], *names: str) -> None:
        for name in names:
            if not hasattr(group[name], "__float__"):
                raise TypeError(f"{self._name}: {name} must be a number; got {name}={group[name]!r:.80}")
            if not group[name] >= 0:  # NaN is wrong too
                raise ValueError(f"{self._name}: {name} must not be negative; got {name}={group[name]}")

    # steps ------------------------------------------------------------------------------------------------------------

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = repeated(cls.step)  # type: ignore[method-assign]

    @repeated
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient.

        Args:
            closure: computes the loss and calls backward; called first, and its result returned.
        """
        loss, by = None, f"{self._name}.step"
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameters in _together([parameter for parameter in group["params"] if parameter._grad is not None]):
                with parameters[0].backend.quiet():
                    self.update(parameters, group)
                for parameter in parameters:
                    parameter.storage.changed(by)
        self.steps_taken += 1
        return loss

    def update(self, parameters: Sequence[Tensor], group: dict[str, Any]) -> None:
        """Change the parameters of one group by their gradients."""
        raise NotImplementedError(f"{self._name} has neither update(parameters, group) nor step()")

    @repeated
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or make them 0."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter._grad = None if set_to_none else zeroed_gradient(parameter)

    # saving and loading -----------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state and the options, in PyTorch's form: each parameter is replaced by its number."""
        numbers: dict[int, int] = {}
        for group in self.param_groups:
            for parameter in group["params"]:
                numbers.setdefault(id(parameter), len(numbers))
        groups = [{**group, "params": [numbers[id(p)] for p in group["params"]]} for group in self.param_groups]
        state = {numbers[id(parameter)]: _saved(values) for parameter, values in self.state.items()}
        return {"state": state, "param_groups": [_params_last(group) for group in groups]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` returned, here or in PyTorch; its tensors are copied.

        Raises:
            ValueError: if it is of other groups.
        """
        saved = state_dict["param_groups"]
        sizes = [len(group["params"]) for group in saved]
        expected = [len(group["params"]) for group in self.param_groups]
        if sizes != expected:
            raise ValueError(
                f"{self._name}.load_state_dict: the state has groups of {sizes} parameters, this optimizer of "
                f"{expected}"
            )
        numbers = chain.from_iterable(group["params"] for group in saved)
        parameters = chain.from_iterable(group["params"] for group in self.param_groups)
        by_number = dict(zip(numbers, parameters, strict=True))
        self.state = defaultdict(dict)
        for number, values in state_dict["state"].items():
            if number in by_number:
                self.state[by_number[number]] = _loaded(values, by_number[number])
            else:
                self.state[number] = deepcopy(values)
        for group, other in zip(self.param_groups, saved, strict=True):
            group.update({name: deepcopy(value) for name, value in other.items() if name != "params"})

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
            lines.append("")
        return "\n".join([f"{self._name} (", *lines[:-1], ")"])


def _together(parameters: list[Tensor]) -> Iterable[list[Tensor]]:
    """Those that can be changed in one pass: all of one device, one by one where some share their memory."""
    if len({id(parameter.storage) for parameter in parameters}) < len(parameters):
        return [[parameter] for parameter in parameters]
    backends = [parameter.backend for parameter in parameters]
    if len(set(backends)) == 1:
        return [parameters]
    by_device: defaultdict[Backend, list[Tensor]] = defaultdict(list)
    for parameter, backend in zip(parameters, backends, strict=True):
        by_device[backend].append(parameter)
    return by_device.values()


def number(value: Any) -> float:
    """A Python number, of whatever kind an option is: a NumPy number would make float32 arrays float64."""
    return float(value)


def _saved(values: dict[str, Any]) -> dict[str, Any]:
    """With the number of steps, an int here, as the tensor that it is in PyTorch."""
    if isinstance(values.get("step"), int):
        return {**values, "step": as_tensor(values["step"], dtype=float32)}
    return values


def _loaded(values: dict[str, Any], parameter: Tensor) -> dict[str, Any]:
    loaded: dict[str, Any] = {}
    for name, value in values.items():
        if name == "step":
            loaded[name] = int(value)
        else:
            loaded[name] = _copied(value, parameter)
    return loaded


def _copied(value: Any, parameter: Tensor) -> Any:
    if hasattr(value, "shape"):
        dtype = parameter.dtype if parameter.is_floating_point() else None
        return as_tensor(value).detach().to(dtype=dtype, device=parameter.device, copy=True)
    return [_copied(item, parameter) for item in value] if isinstance(value, list) else deepcopy(value)


def _params_last(group: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in group.items() if name != "params"}, "params": group["params"]}
