"""Optimizers that divide by a measure of past gradients: Adagrad, Adadelta, RMSprop."""

from typing import Any

from ..tensor import Tensor
from .formulas import FormulaOptimizer, full_like, namespace, zeros_like
from .optimizer import number


class Adagrad(FormulaOptimizer):
    """s ← s + g²; p ← p − lr / (1 + (t − 1) · lr_decay) · g / (√s + eps). Duchi, Hazan & Singer 2011.

    Args:
        params: parameters, or dicts of them with options of their own.
        lr: learning rate.
        lr_decay: how fast the rate falls with the number of steps t.
        weight_decay: λ; λ · p is added to the gradient.
        initial_accumulator_value: s at the start.
        eps: keeps the divisor away from 0.
        maximize: go up instead.

    Raises:
        ValueError: for an option out of range, with its value.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = Adagrad([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach()
    tensor([0.9000])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        options |= {"initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize}
        super().__init__(params, options | {"differentiable": differentiable, "fused": fused})
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p].update(step=0, **self.first(p, group))

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")

    def share_memory(self) -> None:
        """Move the sums of squares to memory that other processes see."""
        for state in self.state.values():
            state["sum"].share_memory_()

    def first(self, p: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """The sum of squares at the start."""
        return {"sum": full_like(p, number(group["initial_accumulator_value"]))}

    def change(self, p: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The class's formula."""
        squares, rate = state["sum"].array, number(group["lr"]) / (1 + (state["step"] - 1) * number(group["lr_decay"]))
        squares += g * g
        p -= rate * g / (namespace(p).sqrt(squares) + number(group["eps"]))


class Adadelta(FormulaOptimizer):
    """v ← ρv + (1 − ρ)g²; d = g · √(u + eps) / √(v + eps); u ← ρu + (1 − ρ)d²; p ← p − lr · d. Zeiler 2012.

    Args:
        params: parameters, or dicts of them with options of their own.
        lr: learning rate.
        rho: ρ, how much of the two means is kept at each step.
        eps: keeps the divisor away from 0.
        weight_decay: λ; λ · p is added to the gradient.
        maximize: go up instead.

    Raises:
        ValueError: for an option out of range, with its value.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = Adadelta([x], eps=1e-2)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach()
    tensor([0.6877])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        options |= {"capturable": capturable, "foreach": foreach, "differentiable": differentiable}
        super().__init__(params, options)

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr", "eps", "weight_decay")
        if not 0 <= group["rho"] <= 1:
            raise ValueError(f"Adadelta: rho must lie in [0, 1]; got rho={group['rho']}")

    def first(self, p: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """Two means at 0."""
        return {"square_avg": zeros_like(p), "acc_delta": zeros_like(p)}

    def change(self, p: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The class's formula."""
        xp, rho, eps = namespace(p), number(group["rho"]), number(group["eps"])
        squares, steps = state["square_avg"].array, state["acc_delta"].array
        squares *= rho
        squares += (1 - rho) * g * g
        step = xp.sqrt(steps + eps) / xp.sqrt(squares + eps) * g
        steps *= rho
        steps += (1 - rho) * step * step
        p -= number(group["lr"]) * step


class RMSprop(FormulaOptimizer):
    """v ← αv + (1 − α)g²; p ← p − lr · g / (√v + eps). Hinton 2012 (lecture 6).

    Args:
        params: parameters, or dicts of them with options of their own.
        lr: learning rate.
        alpha: α, how much of the mean is kept at each step.
        eps: keeps the divisor away from 0.
        weight_decay: λ; λ · p is added to the gradient.
        momentum: μ; above 0 the step is a buffer b ← μb + g / (√v + eps).
        centered: divide by √(v − m²) with the gradient's mean m, its standard deviation (Graves 2013).
        maximize: go up instead.

    Raises:
        ValueError: for an option out of range, with its value.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = RMSprop([x], lr=0.01)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach()
    tensor([0.9000])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered}
        options |= {"weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize}
        super().__init__(params, options | {"differentiable": differentiable})

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr", "eps", "momentum", "weight_decay", "alpha")

    def first(self, p: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """The means and the buffer that the options ask for, at 0."""
        state = {"square_avg": zeros_like(p)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(p)
        if group["centered"]:
            state["grad_avg"] = zeros_like(p)
        return state

    def change(self, p: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The class's formula."""
        alpha, lr, squares = number(group["alpha"]), number(group["lr"]), state["square_avg"].array
        squares *= alpha
        squares += (1 - alpha) * g * g
        spread = squares
        if group["centered"]:
            mean = state["grad_avg"].array
            mean += (1 - alpha) * (g - mean)
            spread = squares - mean * mean
        step = g / (namespace(p).sqrt(spread) + number(group["eps"]))
        if group["momentum"] > 0:
            if "momentum_buffer" not in state:  # the option was changed on the way
                state["momentum_buffer"] = Tensor.from_array(namespace(p).zeros_like(p))
            buffer = state["momentum_buffer"].array
            buffer *= number(group["momentum"])
            buffer += step
            step = buffer
        p -= lr * step
