"""The base of optimizers whose step is a formula for one parameter: its state, its gradient and its group's options."""

from collections.abc import Sequence
from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, number


class FormulaOptimizer(Optimizer):
    """An optimizer that says what it remembers (`first`) and how one parameter changes (`change`).

    What they have in common happens here: the sign of `maximize`, weight decay, and the number of the step.
    """

    # Whether weight decay always acts on the parameter itself, and not by the gradient; None if `change` does it.
    decoupled: bool | None = False

    def first(self, p: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """What is remembered of a parameter before its first step."""
        raise NotImplementedError(f"{self._name} has no first(p, group)")

    def change(self, p: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change the array `p` in place by its gradient `g`; `state["step"]` counts from 1."""
        raise NotImplementedError(f"{self._name} has no change(p, g, state, group)")

    def update(self, parameters: Sequence[Tensor], group: dict[str, Any]) -> None:
        """One step for the parameters of a group."""
        decay = 0 if self.decoupled is None else number(group.get("weight_decay", 0))
        for p in parameters:
            state = self.state[p]
            if not state:
                state.update(step=0, **self.first(p, group))
            state["step"] += 1
            array, g = p.array, p.grad.array
            if group.get("maximize"):
                g = -g
            if decay and (self.decoupled or group.get("decoupled_weight_decay", False)):
                array *= 1 - number(group["lr"]) * decay
            elif decay:
                g = g + decay * array
            self.change(array, g, state, group)

    def _check_betas(self, group: dict[str, Any]) -> None:
        for i, beta in enumerate(group["betas"]):
            if not 0 <= beta < 1:
                raise ValueError(f"{self._name}: betas[{i}] must lie in [0, 1); got betas={group['betas']}")


def zeros_like(p: Tensor) -> Tensor:
    """Zeros of the parameter's shape, dtype and device."""
    return Tensor.from_array(p.backend.xp.zeros_like(p.array))


def full_like(p: Tensor, value: float) -> Tensor:
    """One value in the parameter's shape, dtype and device."""
    return Tensor.from_array(p.backend.xp.full_like(p.array, value))


def namespace(p: Any) -> Any:
    """The array namespace of an array's backend."""
    return Tensor.from_array(p).backend.xp
