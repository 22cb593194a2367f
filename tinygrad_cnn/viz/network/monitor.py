"""Watching a network while it trains: what its layers give, what comes back, how far weights move, what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from .looking import modules_of, numbers

RATIO_HIGH, RATIO_LOW = 0.1, 1e-6  # of an update's length to the weight's
VANISHING, EXPLODING = 1e-8, 1e3  # mean |gradient|


class Monitor:
    """Hooks that note activations, gradients, dead units and the size of updates, and warn in words.

        monitor = Monitor(model, every=10)
        for images, labels in loader:
            ...
            loss.backward()
            optimizer.step()
            monitor.step(loss=loss.item())

    Every `every`-th step is noted, from the first; the others cost nothing but a count. A record is a dict of plain
    numbers: `step`, what `step()` was given, and by layer or parameter `activations`, `gradients`, `updates`.

    Args:
        model: a module. Its layers without children are watched.
        every: steps from one record to the next.
        patience: records in a row in which a unit must be 0 for every input to be called dead.
        path: a file that gets each record as one line of JSON.
        writer: something with `add_scalar(name, value, step)`, such as a `SummaryWriter` of tensorboardX.
        warn: called with each new warning; by default they are only kept in `warnings`.
        live: print the newest record's table after each record.

    Raises:
        ValueError: for a model without layers to watch.

    >>> import tinygrad_cnn as tg
    >>> model = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.ReLU())
    >>> optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    >>> with Monitor(model) as monitor:
    ...     loss = model(tg.ones(4, 2)).sum()
    ...     loss.backward()
    ...     optimizer.step()
    ...     monitor.step(loss=loss.item())
    >>> sorted(monitor.records[0]["activations"])
    ['0', '1']
    """

    def __init__(
        self,
        model: Any,
        every: int = 1,
        *,
        patience: int = 5,
        path: str | Path | None = None,
        writer: Any = None,
        warn: Callable[[str], Any] | None = None,
        live: bool = False,
    ) -> None:
        self.layers = {name: m for name, m in modules_of("Monitor", model) if not list(m.children())}
        if not self.layers:
            raise ValueError("Monitor: the model has no layers to watch")
        if every < 1 or patience < 1:
            raise ValueError(f"Monitor: every and patience must be at least 1; got {every} and {patience}")
        self.model, self.every, self.patience = model, every, patience
        self.path, self.writer, self.live = None if path is None else Path(path), writer, live
        self.records: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self._warn, self._said = warn, set[tuple[str, str]]()
        self._count, self._activations = 0, dict[str, dict[str, float]]()
        self._silent: dict[str, Any] = {}  # for how many records in a row each unit was 0
        self._before = self._weights()
        self._handles = [m.register_forward_hook(self._catcher(name)) for name, m in self.layers.items()]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the hooks away; the records stay."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    # noting -----------------------------------------------------------------------------------------------------------

    def _noting(self) -> bool:
        return self._count % self.every == 0

    def _catcher(self, name: str) -> Callable[..., None]:
        def catch(module: Any, args: Any, out: Any) -> None:
            if self._noting() and self.model.training and hasattr(out, "detach") and out.numel():
                self._note(name, type(module).__name__, numbers(out))

        return catch

    def _note(self, name: str, kind: str, values: Any) -> None:
        finite = np.isfinite(values)
        known = values[finite].astype(np.float64)
        self._activations[name] = {
            "mean": float(known.mean()) if known.size else float("nan"),
            "std": float(known.std()) if known.size else float("nan"),
            "zero": float((values == 0).mean()),
            "lost": int((~finite).sum()),
        }
        if self._activations[name]["lost"]:
            self._say(name, "lost", f"{name}: {self._activations[name]['lost']} outputs are NaN or infinite")
        if values.ndim < 2 or "ReLU" not in kind:
            return
        silent = (values == 0).all(axis=tuple(i for i in range(values.ndim) if i != 1))
        self._silent[name] = np.where(silent, self._silent.get(name, 0) + 1, 0)
        dead = int((self._silent[name] >= self.patience).sum())
        self._activations[name]["dead"] = dead
        if dead:
            self._say(
                name,
                "dead",
                f"{name}: {dead} of {len(silent)} units were 0 for every input of {self.patience} records in a row "
                "(dead ReLU); try a lower learning rate, or LeakyReLU",
            )

    def _weights(self) -> dict[str, Any]:
        return {name: numbers(p) for name, p in self.model.named_parameters()}

    def step(self, **values: float) -> None:
        """Say that the optimizer has made a step; numbers such as `loss=` go into the record.

        Raises:
            RuntimeError: after `close`.
        """
        if not self._handles:
            raise RuntimeError("Monitor.step: this monitor is closed")
        if self._noting():
            self._record(values)
        self._count += 1
        self._activations = {}
        if self._noting():
            self._before = self._weights()

    def _record(self, values: dict[str, float]) -> None:
        gradients, updates = {}, {}
        for name, parameter in self.model.named_parameters():
            if parameter.grad is not None:
                gradients[name] = self._gradient(name, numbers(parameter.grad))
            before = self._before[name]
            length = float(np.linalg.norm(before))
            moved = float(np.linalg.norm(numbers(parameter) - before))
            if length:
                updates[name] = moved / length
                self._judge_update(name, parameter.ndim, moved / length)
        record = {
            "step": self._count,
            **{name: float(value) for name, value in values.items()},
            "activations": self._activations,
            "gradients": gradients,
            "updates": updates,
        }
        for name, value in values.items():
            if not np.isfinite(float(value)):
                self._say(name, "lost", f"{name} is {float(value)} at step {self._count}")
        self.records.append(record)
        self._write(record)

    def _gradient(self, name: str, gradient: Any) -> dict[str, float]:
        size = np.abs(gradient.astype(np.float64))
        mean = float(size.mean()) if size.size else 0.0
        if not np.isfinite(mean):
            self._say(name, "lost", f"{name}: the gradient holds NaN or infinity")
        elif 0 < mean < VANISHING and gradient.ndim > 1:
            self._say(name, "small", f"{name}: the gradient is {mean:.1e} on average (it vanishes on the way back)")
        elif mean > EXPLODING:
            self._say(name, "large", f"{name}: the gradient is {mean:.1e} on average; try clip_grad_norm_")
        return {"mean": mean, "max": float(size.max(initial=0)), "norm": float(np.sqrt((size**2).sum()))}

    def _judge_update(self, name: str, dims: int, ratio: float) -> None:
        if dims > 1 and ratio > RATIO_HIGH:
            self._say(
                name, "fast", f"{name}: one step moved it by {ratio:.2g} of its length; try a lower learning rate"
            )
        elif dims > 1 and 0 < ratio < RATIO_LOW:
            self._say(name, "slow", f"{name}: one step moved it by only {ratio:.1e} of its length; it hardly learns")

    def _say(self, name: str, what: str, message: str) -> None:
        """Warn once per layer and trouble."""
        if (name, what) in self._said:
            return
        self._said.add((name, what))
        self.warnings.append(f"step {self._count}: {message}")
        if self._warn is not None:
            self._warn(self.warnings[-1])

    # telling ----------------------------------------------------------------------------------------------------------

    def _write(self, record: dict[str, Any]) -> None:
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        if self.writer is not None:
            for name, value in _flat(record):
                self.writer.add_scalar(name, value, record["step"])
        if self.live:
            print(self.table(), flush=True)

    def table(self) -> str:
        """The newest record: a line per layer with its outputs, and per parameter with gradient and update.

        >>> import tinygrad_cnn as tg
        >>> print(Monitor(tg.nn.Linear(2, 1)).table())
        nothing was noted yet
        """
        if not self.records:
            return "nothing was noted yet"
        record = self.records[-1]
        given = [f"{k} {v:.4g}" for k, v in record.items() if isinstance(v, float)]
        lines = [", ".join([f"step {record['step']}", *given])]
        lines.append(f"{'layer':<28}{'mean':>10}{'std':>10}{'zero':>8}{'dead':>6}")
        for name, a in record["activations"].items():
            dead = str(a.get("dead", ""))
            lines.append(f"{name or '(model)':<28}{a['mean']:>10.3g}{a['std']:>10.3g}{a['zero']:>8.0%}{dead:>6}")
        lines.append(f"{'parameter':<28}{'|grad|':>10}{'largest':>10}{'update / weight':>17}")
        for name, g in record["gradients"].items():
            ratio = record["updates"].get(name)
            moved = "" if ratio is None else f"{ratio:.2e}"
            lines.append(f"{name:<28}{g['mean']:>10.2e}{g['max']:>10.2e}{moved:>17}")
        return "\n".join([*lines, *(f"! {warning}" for warning in self.warnings)])

    def __repr__(self) -> str:
        return f"Monitor({len(self.layers)} layers, {len(self.records)} records, {len(self.warnings)} warnings)"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self.table())}</pre>"


def _flat(record: dict[str, Any], prefix: str = "") -> list[tuple[str, float]]:
    """The numbers of a record under names such as `gradients/0.weight/mean`."""
    found: list[tuple[str, float]] = []
    for name, value in record.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{name}/")
        elif not (name == "step" and not prefix):
            found.append((prefix + name, value))
    return found
