"""no_grad and its relatives: nested, as decorators, in generators, threads and tasks."""

import asyncio
import threading
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.autograd.modes import current_scope, in_scope, module_scope
from tinygrad_cnn.errors import GraphError


def state() -> tuple[bool, bool]:
    return tg.is_grad_enabled(), tg.is_inference_mode_enabled()


ON, OFF, INFERENCE = (True, False), (False, False), (False, True)


def test_nested_blocks_restore_what_was_outside() -> None:
    assert state() == ON
    with tg.no_grad():
        assert state() == OFF
        with tg.enable_grad():
            assert state() == ON
            with tg.inference_mode():
                assert state() == INFERENCE
                with tg.inference_mode(False):
                    assert state() == ON
                assert state() == INFERENCE
            assert state() == ON
        assert state() == OFF
        with tg.set_grad_enabled(True):
            assert state() == ON
        assert state() == OFF
    assert state() == ON


def test_an_exception_restores_too() -> None:
    with pytest.raises(ZeroDivisionError), tg.no_grad():
        raise ZeroDivisionError
    assert state() == ON


def test_one_object_may_be_entered_again_inside_itself() -> None:
    off = tg.no_grad()
    with off:
        with off:
            assert state() == OFF
        assert state() == OFF
    assert state() == ON


def test_results_do_not_require_gradients() -> None:
    x = tg.ones(2, requires_grad=True)
    with tg.no_grad():
        y = x * 2
        assert not y.requires_grad
        assert tg.ones(2, requires_grad=True).requires_grad
        with tg.enable_grad():
            assert (x * 2).requires_grad


def test_set_grad_enabled_as_a_function() -> None:
    try:
        tg.set_grad_enabled(False)
        assert state() == OFF
    finally:
        tg.set_grad_enabled(True)
    assert state() == ON


def test_decorators() -> None:
    @tg.no_grad()
    def off(depth: int) -> tuple[bool, bool]:
        return off(depth - 1) if depth else state()

    @tg.set_grad_enabled(False)
    def switched() -> tuple[bool, bool]:
        return state()

    @tg.inference_mode()
    def inference() -> tuple[bool, bool]:
        return state()

    assert state() == ON  # decorating alone changes nothing
    assert (off(3), switched(), inference(), state()) == (OFF, OFF, INFERENCE, ON)


def test_decorators_without_parentheses() -> None:
    @tg.no_grad
    def off() -> tuple[bool, bool]:
        """Says."""
        return state()

    @tg.inference_mode
    def inference() -> tuple[bool, bool]:
        return state()

    @tg.no_grad
    def numbers() -> Iterator[Any]:
        yield state()

    with tg.no_grad():

        @tg.enable_grad
        def on() -> tuple[bool, bool]:
            return state()

        assert on() == ON
    assert (off(), inference(), list(numbers()), state()) == (OFF, INFERENCE, [OFF], ON)
    assert (off.__name__, off.__doc__) == ("off", "Says.")
    with pytest.raises(TypeError, match="no_grad: it takes nothing, or a function to decorate; got 3"):
        tg.no_grad(3)  # type: ignore[call-overload]


def test_no_grad_does_not_end_inference_mode() -> None:
    with tg.inference_mode():
        with tg.no_grad():
            assert state() == INFERENCE
        assert state() == INFERENCE


def test_decorated_generators() -> None:
    """The mode holds in the generator's own code, not in the code that it hands its values to."""

    @tg.no_grad()
    def numbers() -> Iterator[Any]:
        got = yield state()
        try:
            yield state(), got
        finally:
            closed.append(state())

    closed: list[tuple[bool, bool]] = []
    generator = numbers()
    assert next(generator) == OFF
    assert state() == ON
    assert generator.send("sent") == (OFF, "sent")  # type: ignore[attr-defined]
    generator.close()  # type: ignore[attr-defined]
    assert closed == [OFF]
    assert state() == ON


def test_decorated_generators_return_and_catch() -> None:
    @tg.no_grad()
    def inner() -> Any:
        try:
            yield 1
        except KeyError:
            yield 2
        return 3

    def outer() -> Any:
        result.append((yield from inner()))

    result: list[int] = []
    generator = outer()
    assert next(generator) == 1
    assert generator.throw(KeyError()) == 2
    assert list(generator) == []
    assert result == [3]


@pytest.mark.parametrize("mode", [tg.no_grad, tg.inference_mode, lambda: tg.set_grad_enabled(False)])
def test_decorated_coroutines(mode: Any) -> None:
    @mode()
    async def inside() -> list[bool]:
        seen = [tg.is_grad_enabled()]
        await asyncio.sleep(0)
        return [*seen, tg.is_grad_enabled()]

    @mode()
    async def numbers() -> Any:
        try:
            for i in range(3):
                got = yield i, tg.is_grad_enabled()
                assert got is None
        except ValueError:
            yield "caught", tg.is_grad_enabled()
        finally:
            ended.append(tg.is_grad_enabled())

    async def outside() -> Any:
        task = asyncio.ensure_future(inside())
        seen = [tg.is_grad_enabled(), await inside(), tg.is_grad_enabled(), await task]
        async for i, enabled in numbers():
            seen += [(i, enabled), tg.is_grad_enabled()]
        generator = numbers()
        await generator.__anext__()
        seen += [await generator.athrow(ValueError()), tg.is_grad_enabled()]
        await generator.aclose()
        return seen

    ended: list[bool] = []
    quiet = [False, False]
    steps = [value for i in range(3) for value in ((i, False), True)]
    assert asyncio.run(outside()) == [True, quiet, True, quiet, *steps, ("caught", False), True]
    assert ended == [False, False]
    assert tg.is_grad_enabled()


@pytest.mark.parametrize("mode", [tg.no_grad(), tg.enable_grad(), tg.inference_mode(), tg.no_grad])
def test_classes_are_refused(mode: Any) -> None:
    with pytest.raises(RuntimeError, match=r": a class can't be decorated, .*; decorate methods of Thing"):

        @mode
        class Thing:
            pass


def test_threads_have_a_state_of_their_own() -> None:
    seen: list[Any] = []
    with tg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(state()))
        thread.start()
        thread.join()
    assert seen == [ON]


def test_a_decorated_function_in_several_threads_at_once() -> None:
    together = threading.Barrier(4)
    seen: list[Any] = []

    @tg.no_grad()
    def work() -> None:
        together.wait()
        seen.append(state())
        together.wait()

    def run() -> None:
        work()
        seen.append(state())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [OFF] * 4 + [ON] * 4


def test_tasks_have_a_state_of_their_own() -> None:
    async def quiet(turn: asyncio.Event, other: asyncio.Event) -> Any:
        with tg.no_grad(), module_scope("quiet"):
            other.set()
            await turn.wait()
            return state(), current_scope()

    async def loud(turn: asyncio.Event, other: asyncio.Event) -> Any:
        await turn.wait()
        found = state(), current_scope()
        other.set()
        return found

    async def both() -> Any:
        first, second = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(quiet(first, second), loud(second, first))

    assert asyncio.run(both()) == [(OFF, "quiet"), (ON, "")]


def test_a_copied_context_keeps_the_state() -> None:
    with tg.no_grad():
        context = copy_context()
    assert context.run(state) == OFF


def test_module_scopes() -> None:
    assert in_scope() == ""
    with module_scope("net"):
        with module_scope("net.conv1"):
            assert in_scope() == " [in net.conv1]"
        assert current_scope() == "net"
    assert current_scope() == ""


def test_tensors_of_inference_mode_stay_out_of_graphs() -> None:
    w = tg.ones(2, requires_grad=True)
    with tg.inference_mode():
        x = tg.ones(2) * 3
    assert not x.requires_grad
    assert (x * 2).tolist() == [6, 6]
    assert (w + x).requires_grad  # nothing of x is saved
    with pytest.raises(GraphError, match=r"inference_mode: .* cannot be saved for backward; use no_grad\(\)"):
        w * x
    (w * x.clone()).sum().backward()
    assert w.grad.tolist() == [3, 3]


@pytest.mark.parametrize(
    "make",
    [
        lambda: tg.ones(2),
        lambda: tg.tensor([1.0, 2.0]),
        lambda: tg.as_tensor([1.0, 2.0]),
        lambda: tg.rand(2),
        lambda: tg.ones(2)[:],
    ],
)
def test_tensors_created_in_inference_mode_too(make: Any) -> None:
    w = tg.ones(2, requires_grad=True)
    with tg.inference_mode():
        x = make()
    with pytest.raises(GraphError, match="inference_mode"):
        w * x


def test_views_of_outside_are_no_tensors_of_inference_mode() -> None:
    w, x = tg.ones(2, requires_grad=True), tg.ones(4)
    with tg.inference_mode():
        y, z = x[:2], x.detach()
    (w * y * z[2:]).sum().backward()
    assert w.grad.tolist() == [1, 1]


def test_inference_mode_allows_writing_and_views() -> None:
    with tg.inference_mode():
        x = tg.ones(2, 2) * 3
        x[0] = 1
        x.view(-1)[3] = 7
    assert x.tolist() == [[1, 1], [3, 7]]


def test_autograd_works_within_eval_code() -> None:
    """Only these blocks switch autograd off."""
    x = tg.ones(2, requires_grad=True)
    (tg.nn.functional.dropout(x, training=False) * 2).sum().backward()
    assert x.grad.tolist() == [2, 2]
