"""Stochastic gradient descent."""

from collections.abc import Sequence
from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, number


class SGD(Optimizer):
    """p ← p − lr · g, or with momentum p ← p − lr · b and the buffer b ← momentum · b + (1 − dampening) · g.

    Args:
        params: parameters, or dicts of them with options of their own.
        lr: learning rate.
        momentum: how much of the last step goes into the next (Polyak 1964).
        dampening: how much less than the whole gradient goes into the buffer, after the first step.
        weight_decay: λ; λ · p is added to the gradient.
        nesterov: g + momentum · b in place of b (Sutskever et al. 2013).
        maximize: go up instead.

    Raises:
        ValueError: for an option out of range, with its value.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([x], lr=0.25)
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     (x * x).sum().backward()
    ...     optimizer.step()
    >>> x.item()
    0.125
    """

    can_be_captured = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        options |= {"nesterov": nesterov, "maximize": maximize}
        super().__init__(params, options | {"foreach": foreach, "differentiable": differentiable, "fused": fused})

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr", "momentum", "weight_decay")
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError(
                f"SGD: nesterov needs momentum above 0 and dampening 0; got momentum={group['momentum']}, "
                f"dampening={group['dampening']}"
            )

    def update(self, parameters: Sequence[Tensor], group: dict[str, Any]) -> None:
        """One step for the parameters of a group."""
        lr, momentum, dampening = number(group["lr"]), number(group["momentum"]), number(group["dampening"])
        maximize, backend, dampenings = group["maximize"], parameters[0].backend, [dampening] * len(parameters)
        buffers: list[Any] | None = None
        if momentum:
            buffers = []
            for i, p in enumerate(parameters):
                state = self.state[p]
                if (kept := state.get("momentum_buffer")) is None:
                    kept = state["momentum_buffer"] = Tensor.from_array(backend.xp.zeros_like(p.array))
                    dampenings[i] = 0.0  # the first gradient counts in full
                buffers.append(kept.array)
        backend.sgd_steps(
            [p.array for p in parameters],
            [-p.grad.array if maximize else p.grad.array for p in parameters],
            buffers,
            dampenings=dampenings,
            kept=self._kept[id(group)],
            lr=lr,
            momentum=momentum,
            nesterov=group["nesterov"],
            weight_decay=number(group["weight_decay"]),
        )
