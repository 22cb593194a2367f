"""Loss scaling: float16 has no number between 0 and 6e-8, and small gradients would become 0."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any
from warnings import warn

from ..backend import backends
from ..tensor import Tensor

__all__ = ["GradScaler"]


class OptState(Enum):
    """What was done for an optimizer since the last `update`."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class GradScaler:
    """Multiplies the loss before `backward`, and divides the gradients before the optimizer's step.

    A step whose gradients hold an infinity or NaN is left out, and the factor falls; after `growth_interval` steps
    without one it rises again. Micikevicius et al. 2018. A scaler that is not enabled hands everything on as it is.

    Args:
        device: "cuda" or "cpu"; without a CUDA device a scaler for it warns and is not enabled.
        init_scale, growth_factor, backoff_factor: the factor at first, and what it is multiplied with.
        growth_interval: steps in a row without an infinity before it grows.

    >>> import tinygrad_cnn as tg
    >>> weight = tg.nn.Parameter(tg.ones(2))
    >>> optimizer, scaler = tg.optim.SGD([weight], lr=0.5), tg.amp.GradScaler("cpu", init_scale=8.0)
    >>> scaler.scale(weight.sum()).backward()
    >>> weight.grad
    tensor([8., 8.])
    >>> _ = scaler.step(optimizer)
    >>> scaler.update()
    >>> weight.detach()
    tensor([0.5000, 0.5000])
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device, self._enabled = device, enabled
        if enabled and not any(backend.name.startswith(device) for backend in backends()):
            warn("GradScaler: CUDA is not available, so nothing is scaled", UserWarning, stacklevel=2)
            self._enabled = False
        if self._enabled and growth_factor <= 1:
            raise AssertionError(f"GradScaler: growth_factor must be over 1; got {growth_factor}")
        if self._enabled and not 0 < backoff_factor < 1:
            raise AssertionError(f"GradScaler: backoff_factor must be between 0 and 1; got {backoff_factor}")
        self._scale, self._growth_tracker = float(init_scale), 0
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval = growth_interval
        self._used = False
        self._states: dict[int, OptState] = {}
        self._overflows: dict[int, bool] = {}

    def scale(self, outputs: Any) -> Any:
        """A tensor times the factor, or a nest of lists and tuples of them.

        Raises:
            ValueError: for anything else.
        """
        if not self._enabled:
            return outputs
        self._used = True
        if isinstance(outputs, Tensor):
            return outputs * self._scale
        if isinstance(outputs, Iterable) and not isinstance(outputs, str | Mapping):
            scaled = [self.scale(part) for part in outputs]
            return type(outputs)(scaled) if isinstance(outputs, list | tuple) else scaled
        raise ValueError(f"GradScaler.scale: expected a tensor, or tensors in lists; got {type(outputs).__name__}")

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the factor now, for example to clip them.

        Raises:
            RuntimeError: when that was done already since the last `update`.
            ValueError: for float16 gradients, which belong to parameters that should be float32.
        """
        if not self._enabled:
            return
        self._need_scale("unscale_")
        state = self._states.get(id(optimizer), OptState.READY)
        if state is OptState.UNSCALED:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        if state is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if any(g.dtype == "float16" for g in gradients):
            raise ValueError(
                "GradScaler.unscale_: float16 gradients; keep parameters in float32 and let autocast cast them"
            )
        for gradient in gradients:
            gradient.detach().mul_(1 / self._scale)
        self._overflows[id(optimizer)] = not all(bool(g.detach().isfinite().all()) for g in gradients)
        self._states[id(optimizer)] = OptState.UNSCALED

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """`optimizer.step(*args, **kwargs)`, unless a gradient holds an infinity or NaN; what it returns, or None.

        Raises:
            RuntimeError: for a closure, or when that was done already since the last `update`.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("GradScaler.step: closures are not supported, since the factor could change in between")
        self._need_scale("step")
        if self._states.get(id(optimizer)) is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if self._states.get(id(optimizer), OptState.READY) is OptState.READY:
            self.unscale_(optimizer)
        result = None if self._overflows[id(optimizer)] else optimizer.step(*args, **kwargs)
        self._states[id(optimizer)] = OptState.STEPPED
        return result

    def update(self, new_scale: Any = None) -> None:
        """After the steps of an iteration: a smaller factor if there was an infinity, at times a larger one if not.

        Args:
            new_scale: the factor to go on with, instead.
        """
        if not self._enabled:
            return
        self._need_scale("update")
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._overflows:
            raise AssertionError("GradScaler.update: no gradients were looked at since the last one; call step() first")
        elif any(self._overflows.values()):
            self._scale, self._growth_tracker = self._scale * self._backoff_factor, 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                self._scale, self._growth_tracker = self._scale * self._growth_factor, 0
        self._states, self._overflows = {}, {}

    def _need_scale(self, method: str) -> None:
        if not self._used:
            raise AssertionError(
                f"GradScaler.{method}: nothing was scaled yet; call scaler.scale(loss).backward() before it"
            )

    def get_scale(self) -> float:
        """The factor; 1 if not enabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What the factor is multiplied with when it grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Choose what the factor is multiplied with when it grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the factor is multiplied with after an infinity."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Choose what the factor is multiplied with after an infinity."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """Steps in a row without an infinity before the factor grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Choose after how many steps in a row without an infinity the factor grows."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether anything is scaled."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """Everything that a checkpoint needs; empty if not enabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict`.

        Raises:
            RuntimeError: for an empty one, of a scaler that was not enabled.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "GradScaler.load_state_dict: this state is empty; was the scaler enabled when it was saved?"
            )
        self._scale, self._growth_tracker = float(state_dict["scale"]), int(state_dict["_growth_tracker"])
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
