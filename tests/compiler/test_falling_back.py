"""What cannot be replayed runs eagerly, with the right results and one warning that says why."""

import gc
import io
import random
import time
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.compiler.conftest import bits, everything, same_both_ways
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F

HOOKED = nn.Linear(2, 2)
HOOKED.register_forward_hook(lambda *_: None)
LISTED: list[Any] = []
COUNTER = {"calls": 0}
SCALE = 1.0


class Cube(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (x,) = ctx.saved_tensors
        return grads[0] * 3 * x * x


def with_hook(x: Any) -> Any:
    return HOOKED(x).detach()


def gradient_hook(x: Any) -> Any:
    w = tg.ones(2, requires_grad=True)
    w.register_hook(lambda g: g * 2)
    return (w * x).sum().detach()


def append(x: Any) -> Any:
    LISTED.append(1)
    return x + 1


def count(x: Any) -> Any:
    COUNTER["calls"] += 1
    return x + 1


def assign(x: Any) -> Any:
    global SCALE  # noqa: PLW0603 - what is tested
    SCALE = SCALE + 1.0
    return x * 2


def raw(x: Any) -> Any:
    return tg.from_numpy(x.array + 1)


def anomaly(x: Any) -> Any:
    with tg.autograd.detect_anomaly():
        return x + 1


REASONS = {
    "item": (lambda x: x * x.sum().item(), "item"),
    "truth": (lambda x: x if x.sum() > 0 else -x, "__bool__"),
    "float": (lambda x: x * float(x[0, 0]), "__float__"),
    "numpy": (lambda x: x + float(np.asarray(x).sum()), "numpy|__array__"),
    "list": (lambda x: x + x.tolist()[0][0], "tolist"),
    "text": (lambda x: (str(x), x + 1)[1], "__repr__"),
    "print": (lambda x: (print(end=""), x + 1)[1], "print"),
    "mask": (lambda x: x[x > 0].sum(), "mask"),
    "nonzero": (lambda x: x + len(x.nonzero()), "nonzero"),
    "equal": (lambda x: x + tg.equal(x, x), "equal"),
    "index": (lambda x: x[x.argmax() // 2], "index"),
    "randn": (lambda x: x + tg.randn(2, 2), "not recorded"),
    "seed": (lambda x: (tg.manual_seed(0), x + 1)[1], "manual_seed"),
    "clock": (lambda x: x + 0 * time.time(), "time"),
    "random": (lambda x: x + 0 * random.random(), "random"),
    "function": (lambda x: Cube.apply(x), "Function"),
    "module hook": (with_hook, "hook"),
    "gradient hook": (gradient_hook, "hook"),
    "append": (append, "LISTED"),
    "count": (count, "COUNTER"),
    "global": (assign, "SCALE"),
    "array": (raw, r"\.array"),
    "anomaly": (anomaly, "anomaly"),
    "graph": (lambda x: x * tg.ones(2, 2, requires_grad=True), "graph|not recorded"),
    "part of an argument": (lambda x: x.view(-1), "memory"),
    "vmap": (lambda x: tg.func.vmap(lambda row: row * 2)(x), "func|does more|not recorded"),
    "checkpoint": (lambda x: tg.utils.checkpoint.checkpoint(tg.exp, x, use_reentrant=False), "checkpoint"),
    "saving": (lambda x: (tg.save({"x": x}, io.BytesIO()), x + 1)[1], "save"),
    "smoothing": (lambda x: F.cross_entropy(x, (x[:, 0] > 0).long(), weight=tg.ones(2)), "cross_entropy|not recorded"),
}


@pytest.mark.parametrize("name", REASONS)
def test_reasons(name: str) -> None:
    function, why = REASONS[name]
    step = tg.compile(function)
    with pytest.warns(UserWarning, match=f"runs eagerly.*({why})") as caught:
        first = step(tg.ones(2, 2))
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # once is enough
        for i in (2, -3):
            tg.manual_seed(1)
            got = step(tg.ones(2, 2) * i)
            tg.manual_seed(1)
            assert bits(got) == bits(function(tg.ones(2, 2) * i))
    assert first is not None
    assert step.reason
    assert not step.programs


def test_the_reason_names_the_line() -> None:
    def step(x: Any) -> Any:
        return x * x.sum().item()

    line = step.__code__.co_firstlineno + 1
    with pytest.warns(UserWarning, match=rf"step.* item .*test_falling_back\.py:{line}\)"):
        tg.compile(step)(tg.ones(2))


def test_hooks_on_accumulated_gradients_run() -> None:
    model, seen = nn.Linear(2, 1), []
    model.weight.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.sum().item()))
    step = tg.compile(lambda x: model(x).sum().backward())
    with pytest.warns(UserWarning, match="hook"):
        step(tg.ones(1, 2))
    assert seen == [2.0]


def test_fullgraph_raises() -> None:
    step = tg.compile(lambda x: x * x.sum().item(), fullgraph=True)
    with pytest.raises(RuntimeError, match=r"compile: .* cannot be replayed: item"):
        step(tg.ones(2))


def test_numbers_that_the_function_names_are_guarded() -> None:
    class Settings:
        rate = 0.5

    def run(compiled: Any) -> Any:
        factor, settings, table = 2.0, Settings(), {"shift": 1.0}
        layer = nn.Linear(2, 2)

        class Scaled(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layer, self.alpha = layer, 3.0

            def forward(self, x: Any) -> Any:
                return self.layer(x) * self.alpha

        scaled = Scaled()

        @compiled
        def step(x: Any) -> Any:
            with tg.no_grad():
                return scaled(x) * factor * settings.rate + table["shift"] + Settings.rate

        results = []
        for i in range(15):
            if i == 3:
                factor = 5.0
            if i == 6:
                settings.rate = 0.25
            if i == 9:
                table["shift"] = 4.0
            if i == 12:
                scaled.alpha = -1.0
            results.append(bits(step(tg.ones(1, 2) * i)))
        return results

    step = same_both_ways(run)
    assert len(step.programs) == 5


def test_numbers_in_arguments() -> None:
    def run(compiled: Any) -> Any:
        step = compiled(lambda x, scale, *, flip=False: (x * scale).flip(0) if flip else x * scale)
        return [bits(step(tg.ones(2) * i, scale, flip=flip)) for i in range(4) for scale in (1, 2.0) for flip in (0, 1)]

    same_both_ways(run)


def test_a_number_that_changes_in_each_call() -> None:
    factor = 0.0

    def step(x: Any) -> Any:
        return x * factor

    compiled = tg.compile(step)

    def run() -> None:
        nonlocal factor
        for i in range(12):
            factor = float(i)
            assert compiled(tg.ones(1)).item() == i

    with pytest.warns(UserWarning, match="variable factor keeps changing"):
        run()
    assert compiled.reason


def test_a_tensor_that_is_another_in_each_call() -> None:
    held = [tg.zeros(2)]

    def step() -> Any:
        return held[0] * 2

    compiled = tg.compile(step)

    def run() -> None:
        for i in range(12):
            held[0] = tg.ones(2) * i
            assert compiled().tolist() == [2 * i, 2 * i]

    with pytest.warns(UserWarning, match="keeps changing; pass what it holds as an argument"):
        run()


def test_an_iterator_that_goes_on() -> None:
    numbers = iter(range(100))
    compiled = tg.compile(lambda x: x * next(numbers))
    with pytest.warns(UserWarning, match="two calls did not do the same"):
        results = [compiled(tg.ones(1)).item() for _ in range(5)]
    assert results == [0, 1, 2, 3, 4]


def test_reading_the_rate_guards_it() -> None:
    def run(compiled: Any) -> Any:
        model = nn.Linear(2, 2)
        optimizer = optim.SGD(model.parameters(), lr=0.5)

        @compiled
        def step(x: Any) -> Any:
            return x * optimizer.param_groups[0]["lr"]

        results = []
        for i in range(6):
            optimizer.param_groups[0]["lr"] = 0.5 if i < 3 else 0.25
            results.append(bits(step(tg.ones(2))))
        return results

    same_both_ways(run)


def test_an_optimizer_of_the_users_own() -> None:
    class Signs(optim.Optimizer):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, {"lr": lr})
            self.taken = 0

        def step(self, closure: Any = None) -> Any:
            self.taken += 1
            with tg.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p -= p.grad.sign() * (group["lr"] / self.taken)

    def run(compiled: Any) -> Any:
        model = nn.Linear(2, 2)
        optimizer = Signs(model.parameters(), lr=0.5)

        @compiled
        def step(x: Any) -> Any:
            optimizer.zero_grad()
            loss = model(x).square().sum()
            loss.backward()
            optimizer.step()
            return loss

        results = []
        for i in range(6):
            optimizer.param_groups[0]["lr"] *= 0.9
            results.append(bits(step(tg.ones(3, 2) * i)))
        return results, everything(model), optimizer.taken

    same_both_ways(run)


def test_an_error_leaves_everything_usable() -> None:
    def run(compiled: Any) -> Any:
        model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 4))
        optimizer = optim.Adam(model.parameters())

        @compiled
        def step(x: Any, labels: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), labels)
            loss.backward()
            optimizer.step()
            return loss

        results: list[Any] = []
        for wrong in (True, False, False, False, True, False):
            labels = tg.tensor([0, 9 if wrong else 3])
            try:
                results.append(bits(step(tg.tensor([[1.0, 2, 3], [4, 5, 7]]), labels)))
            except IndexError as error:
                results.append(str(error))
        return results, everything(model, optimizer)

    same_both_ways(run)


def test_labels_to_ignore_go_another_way() -> None:
    model = nn.Linear(3, 4)

    @tg.compile
    def step(x: Any, labels: Any) -> Any:
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        return loss

    x, plain, ignoring = tg.ones(2, 3), tg.tensor([0, 3]), tg.tensor([-100, 3])
    for _ in range(4):
        step(x, plain)
    assert len(step.programs) == 1
    with pytest.warns(UserWarning, match="weights of these labels"):
        got = step(x, ignoring)
    assert got.item() == F.cross_entropy(model(x), ignoring).item()


def test_a_compiled_module() -> None:
    def run(compiled: Any) -> Any:
        model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)).eval()
        quick = tg.compile(model, fullgraph=True) if compiled else model
        with tg.no_grad():
            return [bits(quick(tg.ones(2, 3) * i)) for i in range(5)]

    tg.manual_seed(0)
    eager = run(False)
    tg.manual_seed(0)
    assert run(True) == eager
    model = nn.Linear(2, 3)
    compiled = tg.compile(model)
    assert compiled.in_features == 2
    assert [name for name, _ in compiled.named_parameters()] == ["_orig_mod.weight", "_orig_mod.bias"]
    assert not compiled.eval()._orig_mod.training


def test_options() -> None:
    def double(x: Any) -> Any:
        """Twice x."""
        return x * 2

    assert tg.compile(double, disable=True) is double
    compiled = tg.compile(mode="reduce-overhead", dynamic=False, backend="inductor")(double)
    assert compiled.__name__ == "double"
    assert compiled.__doc__ == "Twice x."
    with pytest.raises(TypeError, match="compile: expected a function or a module; got int"):
        tg.compile(3)

    class Trainer:
        shift = 1

        @tg.compile
        def step(self, x: Any) -> Any:
            return x + self.shift

    trainer = Trainer()
    assert [trainer.step(tg.ones(1) * i).item() for i in range(4)] == [1, 2, 3, 4]
    trainer.shift = 5
    assert trainer.step(tg.ones(1)).item() == 6


def test_the_program_can_be_read() -> None:
    @tg.compile
    def step(x: Any, y: Any) -> Any:
        return (x * y).sum()

    for i in range(3):
        step(tg.ones(2) * i, tg.ones(2))
    (program,) = step.programs
    assert program == (
        "def replay(x0, x1):\n"
        "    v1 = mul(backend, x0.array, x1.array)\n"
        "    v2 = asarray(sum(backend, v1, dim=(0,), keepdim=False))\n"
        "    del v1\n"
        "    return finished(v2, Storage, False, None)\n"
    )


def test_the_garbage_collector_may_call_at_any_time() -> None:
    def told(phase: str, info: dict[str, int]) -> None:
        time.perf_counter()

    @tg.compile(fullgraph=True)
    def step(x: tg.Tensor) -> tg.Tensor:
        gc.collect()
        return x * 2

    gc.callbacks.append(told)
    try:
        for _ in range(4):
            assert step(tg.ones(2)).tolist() == [2, 2]
    finally:
        gc.callbacks.remove(told)


def test_one_tensor_for_two_arguments():
    add = tg.compile(lambda x, y: x + y)
    x = tg.ones(2)
    with pytest.warns(UserWarning, match="two arguments hold the same array"):
        assert add(x, x).tolist() == [2, 2]
    assert [add(x, x).tolist() for _ in range(2)] == [[2, 2]] * 2
