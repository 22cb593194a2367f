"""Limited-memory BFGS: steps that know the curvature, from the gradients of the last ones."""

from collections.abc import Callable
from math import sqrt
from typing import Any, NamedTuple

from ..autograd import enable_grad, unrecordable
from ..tensor import Tensor
from .optimizer import Optimizer, number


class Point(NamedTuple):
    """A place on the line of a search: how far along, the loss, its gradient, and its slope along the line."""

    t: float
    loss: float
    gradient: Any
    slope: float


class LBFGS(Optimizer):
    """p ← p + t · d with d = −H g, where H estimates the inverse Hessian from the last steps and gradients.

    One `step` makes up to `max_iter` of these, and evaluates the closure many times. H is never built: two loops over
    the history multiply by it (Nocedal & Wright 2006, algorithm 7.4).

    Args:
        params: parameters; they are one group.
        lr: the length of a step in units of d; where a line is searched, of the first try.
        max_iter: how many steps per call of `step`.
        max_eval: how many evaluations of the closure per call. Default: 1.25 · max_iter.
        tolerance_grad: stop where no component of the gradient is larger.
        tolerance_change: stop where neither parameters nor loss change by more.
        history_size: how many steps H is estimated from.
        line_search_fn: None, or "strong_wolfe": find a step that lowers the loss and the slope enough (algorithms 3.5
            and 3.6).

    Raises:
        ValueError: for several groups, or an option out of range.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((x - 3) ** 2 * tg.tensor([1.0, 10.0])).sum()
    ...     loss.backward()
    ...     return loss
    >>> _ = optimizer.step(closure)
    >>> x.detach().round(decimals=3)
    tensor([3., 3.])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "max_iter": max_iter, "max_eval": max_eval}
        if max_eval is None:
            options["max_eval"] = max_iter * 5 // 4
        options |= {"tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change}
        super().__init__(params, options | {"history_size": history_size, "line_search_fn": line_search_fn})
        if len(self.param_groups) != 1:
            raise ValueError(f"LBFGS: all parameters are one group; got {len(self.param_groups)} groups")

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for an option out of range."""
        self._at_least_0(group, "lr")
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(f"LBFGS: line_search_fn must be None or 'strong_wolfe'; got {group['line_search_fn']!r}")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to `max_iter` steps; returns the loss before them.

        Args:
            closure: clears the gradients, computes the loss, calls backward and returns the loss.

        Raises:
            TypeError: without a closure.
        """
        if closure is None:
            raise TypeError("LBFGS.step: evaluates the loss several times, so it needs a closure that computes it")
        unrecordable("LBFGS stops by the values of the loss and the gradient")
        group = self.param_groups[0]
        parameters: list[Tensor] = group["params"]
        state: dict[str, Any] = self.state[parameters[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first, loss, gradient = self.evaluate(closure, parameters)
        state["func_evals"] += 1
        evaluations = 1
        if largest(gradient) <= group["tolerance_grad"]:
            return first
        for taken in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = _direction(state, gradient, group["history_size"])
            state["prev_flat_grad"], state["prev_loss"], before = Tensor.from_array(gradient.copy()), loss, loss
            lr = number(group["lr"])
            t = lr * min(1.0, 1 / float(abs(gradient).sum())) if state["n_iter"] == 1 else lr
            state["d"], state["t"] = Tensor.from_array(direction), t
            slope = float(gradient @ direction)
            if slope > -group["tolerance_change"]:
                break
            used = 0
            if group["line_search_fn"] == "strong_wolfe":
                search = _Line(self, closure, parameters, direction)
                found, used = search.find(Point(0.0, loss, gradient, slope), t)
                t, loss, gradient = found.t, found.loss, found.gradient
                self.move(parameters, direction, t)
            else:
                self.move(parameters, direction, t)
                if taken != group["max_iter"]:
                    _, loss, gradient = self.evaluate(closure, parameters)
                    used = 1
            state["t"] = t
            evaluations += used
            state["func_evals"] += used
            small = group["tolerance_change"]
            if (
                evaluations >= group["max_eval"]
                or largest(gradient) <= group["tolerance_grad"]
                or largest(direction * t) <= small
                or abs(loss - before) < small
            ):
                break
        self.steps_taken += 1
        return first

    def evaluate(self, closure: Callable[[], Any], parameters: list[Tensor]) -> tuple[Any, float, Any]:
        """What the closure returned, the loss as a number, and the gradients of all parameters in one vector."""
        with enable_grad():
            loss = closure()
        xp = parameters[0].backend.xp
        parts = [xp.zeros(p.numel(), p.dtype) if p.grad is None else p.grad.array.reshape(-1) for p in parameters]
        return loss, float(loss), xp.concatenate(parts)

    def move(self, parameters: list[Tensor], direction: Any, t: float) -> None:
        """p ← p + t · d"""
        start = 0
        for p in parameters:
            part = direction[start : start + p.numel()].reshape(p.shape)
            p.array[...] += p.array.dtype.type(t) * part
            p.storage.changed("LBFGS.step")
            start += p.numel()


def largest(vector: Any) -> float:
    """The largest absolute value."""
    return float(abs(vector).max()) if vector.size else 0.0


def _direction(state: dict[str, Any], gradient: Any, history_size: int) -> Any:
    """−H g"""
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
        return -gradient
    changes, steps, curvatures = state["old_dirs"], state["old_stps"], state["ro"]
    change, step = gradient - state["prev_flat_grad"].array, state["d"].array * gradient.dtype.type(number(state["t"]))
    curvature = float(change @ step)
    if curvature > 1e-10:  # else H would not be positive definite
        for history, new in ((changes, change), (steps, step), (curvatures, None)):
            if len(history) == history_size:
                del history[0]
            history.append(Tensor.from_array(new) if new is not None else 1 / curvature)
        state["H_diag"] = curvature / float(change @ change)
    q = -gradient
    weights = []
    for y, s, rho in zip(reversed(changes), reversed(steps), reversed(curvatures), strict=True):
        weights.append(float(s.array @ q) * number(rho))
        q = q - q.dtype.type(weights[-1]) * y.array
    r = q * q.dtype.type(number(state["H_diag"]))
    for y, s, rho, weight in zip(changes, steps, curvatures, reversed(weights), strict=True):
        r = r + r.dtype.type(weight - float(y.array @ r) * number(rho)) * s.array
    return r


class _Line:
    """The loss along a line, and the search for a step that fulfils the strong Wolfe conditions."""

    DECREASE, FLATTER, MOST = 1e-4, 0.9, 25  # c₁, c₂ of the conditions; evaluations
    NARROW = 1e-9  # where a bracket is too small to go on

    def __init__(self, optimizer: LBFGS, closure: Any, parameters: list[Tensor], direction: Any) -> None:
        self.optimizer, self.closure, self.parameters, self.direction = optimizer, closure, parameters, direction
        self.start = [p.array.copy() for p in parameters]
        self.count = 0

    def at(self, t: float) -> Point:
        """The loss at t; the parameters are where they were afterwards."""
        self.count += 1
        self.optimizer.move(self.parameters, self.direction, t)
        _, loss, gradient = self.optimizer.evaluate(self.closure, self.parameters)
        for p, before in zip(self.parameters, self.start, strict=True):
            p.array[...] = before
            p.storage.changed("LBFGS.step")
        return Point(t, loss, gradient, float(gradient @ self.direction))

    def find(self, origin: Point, t: float) -> tuple[Point, int]:
        """A point that fulfils both conditions, or the lowest of a bracket that got too small; and the evaluations."""
        previous, here = origin, self.at(t)
        for i in range(self.MOST):
            if self.too_high(origin, here) or (i > 1 and here.loss >= previous.loss):
                return self.between(origin, previous, here, i), self.count
            if abs(here.slope) <= -self.FLATTER * origin.slope:
                return here, self.count
            if here.slope >= 0:
                return self.between(origin, previous, here, i), self.count
            near, far = here.t + 0.01 * (here.t - previous.t), here.t * 10
            previous, here = here, self.at(_lowest(previous, here, near, far))
        return min((origin, here), key=lambda point: point.loss), self.count

    def too_high(self, origin: Point, point: Point) -> bool:
        """Whether the loss went down too little for the length of the step."""
        return point.loss > origin.loss + self.DECREASE * point.t * origin.slope

    def between(self, origin: Point, one: Point, other: Point, tried: int) -> Point:
        """Narrow the bracket down around a point that fulfils the conditions."""
        ends = [one, other]
        low = 0 if one.loss <= other.loss else 1
        length, stuck = largest(self.direction), False
        for _ in range(tried, self.MOST):
            left, right = sorted(point.t for point in ends)
            if (right - left) * length < self.NARROW:
                break
            t = _lowest(ends[0], ends[1], left, right)
            margin = 0.1 * (right - left)
            if min(right - t, t - left) < margin:  # near an end twice, or outside: move into the bracket
                if stuck or not left < t < right:
                    t = right - margin if abs(t - right) < abs(t - left) else left + margin
                    stuck = False
                else:
                    stuck = True
            else:
                stuck = False
            here = self.at(t)
            if self.too_high(origin, here) or here.loss >= ends[low].loss:
                ends[1 - low] = here
                low = 0 if ends[0].loss <= ends[1].loss else 1
                continue
            done = abs(here.slope) <= -self.FLATTER * origin.slope
            if not done and here.slope * (ends[1 - low].t - ends[low].t) >= 0:
                ends[1 - low] = ends[low]
            ends[low] = here
            if done:
                break
        return ends[low]


def _lowest(one: Point, other: Point, least: float, most: float) -> float:
    """Where the cubic through two points with their slopes is lowest, within bounds (Nocedal & Wright, 3.59)."""
    left, right = (one, other) if one.t <= other.t else (other, one)
    d1 = one.slope + other.slope - 3 * (one.loss - other.loss) / (one.t - other.t)
    square = d1**2 - one.slope * other.slope
    if square < 0:
        return (least + most) / 2
    d2 = sqrt(square)
    t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2))
    return min(max(t, least), most)
