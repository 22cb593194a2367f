"""Relatives of Adam: Adamax, NAdam, RAdam."""

from typing import Any

from ..dtypes import float32
from ..tensor import Tensor, as_tensor
from .formulas import FormulaOptimizer, namespace, zeros_like
from .optimizer import number


class Adamax(FormulaOptimizer):
    """m ← β₁m + (1 − β₁)g; u ← max(β₂u, |g| + eps); p ← p − lr / (1 − β₁ᵗ) · m / u. Kingma & Ba 2015, section 7.

    Args:
        params: parameters, or dicts of them with options of their own.
        lr: learning rate.
        betas: β₁, β₂, how much of the mean and of the largest gradient is kept at each step.
        eps: keeps the divisor away from 0.
        weight_decay: λ; λ · p is added to the gradient.
        maximize: go up instead.

    Raises:
        ValueError: for an option out of range, with its value.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = Adamax([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach()
    tensor([0.9000])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        options: dict[str, Any] = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
        }
        options |= {"maximize": maximize, "differentiable": differentiable, "capturable": capturable}
        super().__init__(params, options)

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr", "eps", "weight_decay")
        self._check_betas(group)

    def first(self, p: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """The mean and the largest gradient, at 0."""
        return {"exp_avg": zeros_like(p), "exp_inf": zeros_like(p)}

    def change(self, p: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The class's formula."""
        xp, (beta1, beta2) = namespace(p), map(number, group["betas"])
        mean, largest = state["exp_avg"].array, state["exp_inf"].array
        mean += (1 - beta1) * (g - mean)
        largest *= beta2
        xp.maximum(largest, xp.abs(g) + number(group["eps"]), out=largest)
        p -= number(group["lr"]) / (1 - beta1 ** state["step"]) * mean / largest


class _TwoMoments(FormulaOptimizer):
    """What NAdam and RAdam share: running means of g and g², and the check of their options."""

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr", "eps", "weight_decay")
        self._check_betas(group)

    def first(self, p: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """The two means at 0."""
        return {"exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)}

    @staticmethod
    def means(g: Any, state: dict[str, Any], group: dict[str, Any]) -> tuple[Any, Any]:
        """m ← β₁m + (1 − β₁)g and v ← β₂v + (1 − β₂)g²"""
        beta1, beta2 = map(number, group["betas"])
        mean, squares = state["exp_avg"].array, state["exp_avg_sq"].array
        mean += (1 - beta1) * (g - mean)
        squares *= beta2
        squares += (1 - beta2) * g * g
        return mean, squares


class NAdam(_TwoMoments):
    """Adam with Nesterov's momentum: p ← p − lr · ((1 − μₜ) / (1 − Πμ) · g + μₜ₊₁ / (1 − Πμ · μₜ₊₁) · m) / (√v̂ + eps).

    μₜ = β₁ · (1 − 0.96^(t · momentum_decay) / 2), and Πμ is the product of all so far. Dozat 2016.

    Args:
        params: parameters, or dicts of them with options of their own.
        lr: learning rate.
        betas: how much of the means of g and g² is kept at each step.
        eps: keeps the divisor away from 0.
        weight_decay: λ; λ · p is added to the gradient.
        momentum_decay: how fast μ comes near β₁.
        decoupled_weight_decay: take lr · λ · p from the parameters instead, as `AdamW` does.
        maximize: go up instead.

    Raises:
        ValueError: for an option out of range, with its value.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = NAdam([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach()
    tensor([0.8944])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        options |= {"momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay}
        options |= {"maximize": maximize, "foreach": foreach, "capturable": capturable}
        super().__init__(params, options | {"differentiable": differentiable})

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        super().check(group)
        self._at_least_0(group, "momentum_decay")

    def first(self, p: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """The two means at 0, and the product of all μ at 1; in float32, as PyTorch keeps it."""
        return {**super().first(p, group), "mu_product": as_tensor(1.0, dtype=float32, device=p.device)}

    def change(self, p: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The class's formula."""
        (beta1, beta2), step, lr = map(number, group["betas"]), state["step"], number(group["lr"])
        decay = number(group["momentum_decay"])
        mu, following = (beta1 * (1 - 0.5 * 0.96 ** (t * decay)) for t in (step, step + 1))
        product = state["mu_product"].array
        product *= mu
        mean, squares = self.means(g, state, group)
        spread = namespace(p).sqrt(squares / (1 - beta2**step)) + number(group["eps"])
        so_far = float(product)
        p -= lr * (1 - mu) / (1 - so_far) * g / spread
        p -= lr * following / (1 - so_far * following) * mean / spread


class RAdam(_TwoMoments):
    """Adam whose first steps, while v̂ is uncertain, are plain momentum: p ← p − lr · m̂ · r / (√v̂ + eps).

    With ρ∞ = 2 / (1 − β₂) − 1 and ρₜ = ρ∞ − 2tβ₂ᵗ / (1 − β₂ᵗ), the factor is
    r = √((ρₜ − 4)(ρₜ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρₜ)) where ρₜ > 5; before, the step is lr · m̂. Liu et al. 2020.

    Args:
        params: parameters, or dicts of them with options of their own.
        lr: learning rate.
        betas: how much of the means of g and g² is kept at each step.
        eps: keeps the divisor away from 0; added to √v before its correction, as in PyTorch.
        weight_decay: λ; λ · p is added to the gradient.
        decoupled_weight_decay: take lr · λ · p from the parameters instead, as `AdamW` does.
        maximize: go up instead.

    Raises:
        ValueError: for an option out of range, with its value.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = RAdam([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach()
    tensor([0.8000])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        options: dict[str, Any] = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        options |= {"foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, options | {"differentiable": differentiable})

    def change(self, p: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The class's formula."""
        (beta1, beta2), step, lr = map(number, group["betas"]), state["step"], number(group["lr"])
        mean, squares = self.means(g, state, group)
        rate = lr / (1 - beta1**step)
        limit, known = 2 / (1 - beta2) - 1, 1 - beta2**step
        length = limit - 2 * step * beta2**step / known
        if length <= 5:
            p -= rate * mean
            return
        factor = ((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)) ** 0.5
        p -= rate * factor * known**0.5 * mean / (namespace(p).sqrt(squares) + number(group["eps"]))
