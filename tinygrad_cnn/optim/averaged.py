"""Averaged stochastic gradient descent, and resilient propagation."""

from typing import Any

from ..dtypes import float32
from ..tensor import Tensor, as_tensor
from .formulas import FormulaOptimizer, full_like, namespace, zeros_like
from .optimizer import number


class ASGD(FormulaOptimizer):
    """p ← (1 − lambd · η)p − η · g, and beside it the mean ax ← ax + μ(p − ax). Polyak & Juditsky 1992.

    η = lr / (1 + lambd · lr · t)^alpha falls slowly, and μ = 1 / max(1, t − t0). The mean is kept in
    `optimizer.state[p]["ax"]`.

    Args:
        params: parameters, or dicts of them with options of their own.
        lr: learning rate.
        lambd: how much of the parameters is taken off at each step.
        alpha: the power by which η falls.
        t0: the step at which averaging starts.
        weight_decay: λ; λ · p is added to the gradient.
        maximize: go up instead.

    Raises:
        ValueError: for an option out of range, with its value.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = ASGD([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach()
    tensor([0.8000])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay}
        options |= {"foreach": foreach, "maximize": maximize, "differentiable": differentiable}
        super().__init__(params, options | {"capturable": capturable})

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr", "weight_decay")

    def first(self, p: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """η and μ of the first step, and the mean at 0; the numbers in float32, as PyTorch keeps them."""
        numbers = {"eta": number(group["lr"]), "mu": 1.0}
        return {
            **{name: as_tensor(value, dtype=float32, device=p.device) for name, value in numbers.items()},
            "ax": zeros_like(p),
        }

    def change(self, p: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The class's formula."""
        lr, lambd, step = number(group["lr"]), number(group["lambd"]), state["step"]
        eta, mu, mean = float(state["eta"].array), float(state["mu"].array), state["ax"].array
        p *= 1 - lambd * eta
        p -= eta * g
        if mu == 1:
            mean[...] = p
        else:
            mean += (p - mean) * mu
        # Through float32, as PyTorch's scalar tensors are, so that the trajectories are the same.
        state["eta"].array[...] = float32.dtype.type(lr / (1 + lambd * lr * step) ** number(group["alpha"]))
        state["mu"].array[...] = float32.dtype.type(1 / max(1, step - number(group["t0"])))


class Rprop(FormulaOptimizer):
    """p ← p − sign(g) · s, with a step size s of its own for every value. Riedmiller & Braun 1993.

    s grows while the gradient keeps its sign, and shrinks when it turns; that step is left out. It looks at signs
    alone, so it is for whole data sets and not for batches.

    Args:
        params: parameters, or dicts of them with options of their own.
        lr: the first step size.
        etas: the factors for shrinking, below 1, and growing, above 1.
        step_sizes: the smallest and the largest step size.
        maximize: go up instead.

    Raises:
        ValueError: for an option out of range, with its value.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = Rprop([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach()
    tensor([0.9000])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options: dict[str, Any] = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, options | {"differentiable": differentiable, "capturable": capturable})

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr")
        shrink, grow = group["etas"]
        if not 0 < shrink < 1 < grow:
            raise ValueError(f"Rprop: etas must be one below 1 and one above; got etas={group['etas']}")

    def first(self, p: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """No last gradient, and equal step sizes."""
        return {"prev": zeros_like(p), "step_size": full_like(p, number(group["lr"]))}

    def change(self, p: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The class's formula."""
        xp, (shrink, grow), (low, high) = namespace(p), map(number, group["etas"]), map(number, group["step_sizes"])
        last, sizes = state["prev"].array, state["step_size"].array
        agreement = g * last
        sizes *= xp.where(agreement > 0, p.dtype.type(grow), xp.where(agreement < 0, p.dtype.type(shrink), 1))
        xp.clip(sizes, low, high, out=sizes)
        last[...] = xp.where(agreement < 0, 0, g)
        p -= xp.sign(last) * sizes
