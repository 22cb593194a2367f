"""Adam and AdamW."""

from collections.abc import Sequence
from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, number


class Adam(Optimizer):
    """p ← p − lr · m̂ / (√v̂ + eps), with m̂ and v̂ the running means of g and g², corrected for their start at 0.

    Kingma & Ba 2015.

    Args:
        params: parameters, or dicts of them with options of their own.
        lr: learning rate.
        betas: how much of the two means is kept at each step.
        eps: keeps the divisor away from 0.
        weight_decay: λ; λ · p is added to the gradient.
        amsgrad: divide by the largest √v̂ so far (Reddi et al. 2018).
        maximize: go up instead.
        decoupled_weight_decay: take lr · λ · p from the parameters instead, as `AdamW` does.

    Raises:
        ValueError: for an option out of range, with its value.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = Adam([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach()
    tensor([0.9000])
    """

    can_be_captured = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        options |= {"maximize": maximize, "foreach": foreach, "capturable": capturable}
        options |= {"differentiable": differentiable, "fused": fused}
        super().__init__(params, options | {"decoupled_weight_decay": decoupled_weight_decay})

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr", "eps", "weight_decay")
        for i, beta in enumerate(group["betas"]):
            if not 0 <= beta < 1:
                raise ValueError(f"{self._name}: betas[{i}] must lie in [0, 1); got betas={group['betas']}")

    def update(self, parameters: Sequence[Tensor], group: dict[str, Any]) -> None:
        """One step for the parameters of a group."""
        lr, eps, decay = number(group["lr"]), number(group["eps"]), number(group["weight_decay"])
        beta1, beta2 = map(number, group["betas"])
        amsgrad, maximize, decoupled = group["amsgrad"], group["maximize"], group["decoupled_weight_decay"]
        backend, states = parameters[0].backend, [self.state[p] for p in parameters]
        for p, state in zip(parameters, states, strict=True):
            if not state:
                state["step"] = 0
                state["exp_avg"] = Tensor.from_array(backend.xp.zeros_like(p.array))
                state["exp_avg_sq"] = Tensor.from_array(backend.xp.zeros_like(p.array))
            if amsgrad and "max_exp_avg_sq" not in state:
                state["max_exp_avg_sq"] = Tensor.from_array(backend.xp.zeros_like(p.array))
            state["step"] += 1
        backend.adam_steps(
            [p.array for p in parameters],
            [-p.grad.array if maximize else p.grad.array for p in parameters],
            [state["exp_avg"].array for state in states],
            [state["exp_avg_sq"].array for state in states],
            [state["max_exp_avg_sq"].array for state in states] if amsgrad else None,
            steps=[state["step"] for state in states],
            kept=self._kept[id(group)],
            lr=lr,
            beta1=beta1,
            beta2=beta2,
            eps=eps,
            weight_decay=decay,
            decoupled=decoupled,
        )


class AdamW(Adam):
    """`Adam` whose weight decay is kept apart from the gradient: p ← p − lr · λ · p beside the step.

    Loshchilov & Hutter 2019.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = AdamW([x], lr=0.1, weight_decay=0.5)
    >>> (0 * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach()
    tensor([0.9500])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )


class SparseAdam(Adam):
    """Refused: gradients are never sparse here, so there is nothing that it would do better than Adam.

    Raises:
        NotImplementedError: always.

    >>> tg.optim.SparseAdam([tg.ones(1, requires_grad=True)])
    Traceback (most recent call last):
    NotImplementedError: ...
    """

    def __init__(self, params: Any, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("SparseAdam: gradients are never sparse here; use Adam")
