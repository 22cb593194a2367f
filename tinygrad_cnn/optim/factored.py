"""Adafactor, which remembers little, and Muon, whose steps are nearly orthogonal matrices."""

from typing import Any

import numpy as np

from ..tensor import Tensor
from .formulas import FormulaOptimizer, namespace, zeros_like
from .optimizer import number


class Adafactor(FormulaOptimizer):
    """p ← p − α u / max(1, rms(u) / d), u = g / √v, where the mean square v of a matrix is kept as a row and a column.

    β₂ = 1 − t^beta2_decay, α = max(ε₂, rms(p)) · min(lr, 1/√t). Of a matrix, or of the last two dimensions of more,
    v is r cᵀ / mean(r), r and c being the moving means of g² along rows and columns. Shazeer & Stern 2018.

    Args:
        params: parameters, or dicts of them with options of their own.
        lr: the largest relative step size.
        beta2_decay: the power by which β₂ comes near to 1.
        eps: (ε₁, ε₂); ε₁ bounds √v, by default the dtype's precision.
        d: the root mean square that u is clipped to.
        weight_decay: λ; p is multiplied by 1 − lr · λ.
        maximize: go up instead.

    Raises:
        ValueError: for an option out of range, with its value.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = Adafactor([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach()
    tensor([0.9000])
    """

    decoupled = None  # the length of the parameter is taken before

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d}
        options |= {"weight_decay": weight_decay, "foreach": foreach, "maximize": maximize}
        super().__init__(params, options)

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr", "weight_decay")
        if group["beta2_decay"] > 0:
            raise ValueError(f"Adafactor: beta2_decay must be at most 0; got {group['beta2_decay']}")
        if group["d"] < 1:
            raise ValueError(f"Adafactor: d must be at least 1; got {group['d']}")

    def first(self, p: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """Mean squares at 0: a row and a column of them, or one for each value of a vector."""
        if p.ndim < 2:
            return {"variance": zeros_like(p)}
        return {"row_var": zeros_like(p[..., :1].detach()), "col_var": zeros_like(p[..., :1, :].detach())}

    def change(self, p: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The class's formula."""
        xp, step, (small, least) = namespace(p), state["step"], group["eps"]
        small = float(np.finfo(p.dtype).eps) if small is None else small
        share = step ** group["beta2_decay"]
        alpha = max(least, _rms(xp, p)) * min(number(group["lr"]), step**-0.5)
        p *= 1 - number(group["lr"]) * number(group["weight_decay"])
        if p.ndim > 1:
            rows, columns = state["row_var"].array, state["col_var"].array
            rows += share * (xp.mean(g * g, axis=-1, keepdims=True) - rows)
            columns += share * (xp.mean(g * g, axis=-2, keepdims=True) - columns)
            square = rows * columns / xp.clip(xp.mean(rows, axis=-2, keepdims=True), small, None)
        else:
            square = state["variance"].array
            square += share * (g * g - square)
        u = g / xp.sqrt(xp.clip(square, small * small, None))
        p -= alpha / max(1.0, _rms(xp, u) / group["d"]) * u


def _rms(xp: Any, x: Any) -> float:
    return float(xp.sqrt(xp.mean(x * x)))


class Muon(FormulaOptimizer):
    """W ← W − η O, where O is nearly the orthogonal matrix next to the momentum m ← μm + (1 − μ)g. Jordan et al. 2024.

    O comes of a few steps X ← aX + (bA + cA²)X with A = XXᵀ from the momentum, scaled to length 1. PyTorch takes them
    in bfloat16; here they are taken in the dtype of W.

    Args:
        params: matrices, or dicts of them with options of their own; give vectors to another optimizer.
        lr: learning rate; η is lr · √max(1, rows / columns), or with "match_rms_adamw" 0.2 · lr · √max(rows, columns).
        weight_decay: λ; W is multiplied by 1 − lr · λ.
        momentum: μ.
        nesterov: go on from the momentum by the gradient once more.
        ns_coefficients: a, b and c.
        eps: the least length to divide by.
        ns_steps: how many steps.
        adjust_lr_fn: "original" or "match_rms_adamw".

    Raises:
        ValueError: for an option out of range, or a parameter that is no matrix.

    >>> import tinygrad_cnn as tg
    >>> w = tg.eye(2).requires_grad_()
    >>> optimizer = Muon([w], lr=0.1, weight_decay=0)
    >>> w.sum().backward()
    >>> optimizer.step()
    >>> bool(w.sum() < 2)
    True
    """

    decoupled = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov}
        options |= {"ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn}
        super().__init__(params, options)

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr", "weight_decay", "momentum")
        if group["adjust_lr_fn"] not in {None, "original", "match_rms_adamw"}:
            raise ValueError(
                f"Muon: adjust_lr_fn must be 'original' or 'match_rms_adamw'; got {group['adjust_lr_fn']!r}"
            )
        for p in group["params"]:
            if p.ndim != 2:
                raise ValueError(
                    f"Muon: parameters must be matrices; got one of shape {tuple(p.shape)}; "
                    "give it to another optimizer"
                )

    def first(self, p: Tensor, group: dict[str, Any]) -> dict[str, Tensor]:
        """No momentum."""
        return {"momentum_buffer": zeros_like(p)}

    def change(self, p: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The class's formula."""
        momentum, (a, b, c) = state["momentum_buffer"].array, group["ns_coefficients"]
        momentum += (1 - group["momentum"]) * (g - momentum)
        x = g + group["momentum"] * (momentum - g) if group["nesterov"] else momentum
        rows, columns = x.shape
        x = x.T if rows > columns else x
        x = x / max(float(namespace(p).sqrt((x * x).sum())), group["eps"])
        for _ in range(group["ns_steps"]):
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
        matched = group["adjust_lr_fn"] == "match_rms_adamw"
        scale = 0.2 * max(rows, columns) ** 0.5 if matched else max(1, rows / columns) ** 0.5
        p -= number(group["lr"]) * scale * (x.T if rows > columns else x)
