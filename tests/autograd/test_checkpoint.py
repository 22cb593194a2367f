"""Checkpoints, packed saved values, and what a graph keeps."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.autograd import grad, gradcheck, gradgradcheck, graph_summary
from tinygrad_cnn.autograd.graph import (
    disable_saved_tensors_hooks,
    increment_version,
    save_on_cpu,
    saved_tensors_hooks,
)
from tinygrad_cnn.errors import GraphError
from tinygrad_cnn.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


def leaf(*values: float) -> tg.Tensor:
    return tg.tensor(values, dtype=tg.float64, requires_grad=True)


def block(x: Any) -> Any:
    return (x.exp() * x).sin().relu() * x


def results(f: Any, *leaves: tg.Tensor) -> list[Any]:
    out = f(*leaves)
    first = grad(out.sum(), leaves, create_graph=True)
    second = grad((first[0] ** 2).sum(), leaves)
    return [x.tolist() for x in (out, *first, *second)]


def test_values_and_derivatives_are_the_same() -> None:
    x, w = leaf(0.3, -1, 2), leaf(1, 2, 3)

    def f(x: Any, w: Any) -> Any:
        return block(x * w) + w

    plain = results(f, x, w)
    assert results(lambda x, w: checkpoint(f, x, w, use_reentrant=False), x, w) == plain
    assert results(lambda x, w: checkpoint(lambda x: f(x, w), x), x, w) == plain  # w merely used
    assert results(lambda x, w: checkpoint(lambda x, w: checkpoint(f, x, w) * 1, x, w=w), x, w) == plain
    assert gradcheck(lambda x: checkpoint(block, x), leaf(0.3, 2))
    assert gradgradcheck(lambda x: checkpoint(block, checkpoint(block, x)), leaf(0.3, 0.2))


def test_nothing_is_kept_but_the_arguments() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        inner = x.exp()
        kept.append(weakref.ref(inner.array))
        return inner.sin()

    x = leaf(1, 2)
    y = checkpoint(f, x)
    assert kept[0]() is None
    assert graph_summary(y).saved_bytes == 0
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), (x.exp().cos() * x.exp()).detach().numpy())
    assert [ref() for ref in kept] == [None, None]
    with pytest.raises(GraphError, match="freed by an earlier backward"):
        y.sum().backward()


def test_how_often_the_function_runs() -> None:
    runs = []

    def f(x: Any) -> Any:
        runs.append(tg.is_grad_enabled())
        return block(x)

    x = leaf(1, 2)
    y = checkpoint(f, x).sum()
    y.backward(retain_graph=True)
    assert runs == [True, True]
    y.backward()
    assert runs == [True, True, True]
    with tg.no_grad():
        checkpoint(f, x)
    assert runs[3:] == [False]


def test_random_numbers() -> None:
    x = tg.ones(1000, requires_grad=True)
    y = checkpoint(nn.functional.dropout, x)
    state = tg.get_rng_state()
    y.sum().backward()
    assert (x.grad == y).all()
    after = tg.rand(3)
    tg.set_rng_state(state)
    assert (tg.rand(3) == after).all()  # the second run took none
    x.grad = None
    y = checkpoint(nn.functional.dropout, x, preserve_rng_state=False)
    y.sum().backward()
    assert (x.grad != y).any()


def test_layers_in_place() -> None:
    net = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 3), nn.ReLU(inplace=True)).double()
    x = leaf(1, -2, 3)
    out = checkpoint(net, x * 1, use_reentrant=True)
    out.sum().backward()
    found = [x.grad, *(p.grad for p in net.parameters())]
    x.grad = None
    net.zero_grad()
    net(x * 1).sum().backward()
    expected = [x.grad, *(p.grad for p in net.parameters())]
    assert [g.tolist() for g in found] == [g.tolist() for g in expected]


def test_an_argument_changed_in_place() -> None:
    x = leaf(1, 2)
    argument = x * 1
    view = argument[:1]
    y = checkpoint(block, argument)
    view.mul_(2)
    with pytest.raises(GraphError, match=r"mul_ changed it in place|changed in place by mul_"):
        y.sum().backward()


def test_another_second_run() -> None:
    counts = iter([1, 2, 3, 3])

    def more(x: Any) -> Any:
        for _ in range(next(counts)):
            x = x.exp()
        return x

    with pytest.raises(CheckpointError, match="checkpoint: 1 tensors were saved when the function ran first, 2 when"):
        checkpoint(more, leaf(0.1)).sum().backward()

    shapes = iter([1, 2])
    with pytest.raises(CheckpointError, match=r"saved tensor 0 had shape \(1,\) and dtype float64 .* \(2,\)"):
        checkpoint(lambda x: x.expand(next(shapes)).exp(), leaf(0.1)).sum().backward()
    with pytest.raises(ValueError, match="determinism_check must be"):
        checkpoint(block, leaf(1), determinism_check="other")


def test_contexts() -> None:
    from contextlib import contextmanager

    seen = []

    @contextmanager
    def note(name: str) -> Any:
        seen.append(name)
        yield

    checkpoint(block, leaf(1), context_fn=lambda: (note("first"), note("second"))).sum().backward()
    assert seen == ["first", "second"]


def test_no_cycle() -> None:
    gc.collect()
    gc.disable()
    try:
        y = checkpoint(block, leaf(1, 2))
        y.sum().backward()
        gone = [weakref.ref(y), weakref.ref(y.node)]
        del y
        assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize("segments", [1, 2, 3, 5])
def test_in_segments(segments: int) -> None:
    net = nn.Sequential(*(nn.Linear(3, 3) for _ in range(5))).double()
    x = leaf(1, 2, 3)
    expected = net(x)
    found = checkpoint_sequential(net, segments, x)
    assert found.tolist() == expected.tolist()
    np.testing.assert_allclose(
        [g.sum().item() for g in grad(found.sum(), list(net.parameters()))],
        [g.sum().item() for g in grad(expected.sum(), list(net.parameters()))],
    )


def test_segments_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match="segments must be between 1 and 2; got 3"):
        checkpoint_sequential([block, block], 3, leaf(1))


# saved_tensors_hooks --------------------------------------------------------------------------------------------------


def test_hooks_see_what_is_saved() -> None:
    packed, unpacked = [], []

    def pack(x: Any) -> Any:
        packed.append(x.tolist())
        assert not x.requires_grad
        return x.tolist()

    def unpack(values: Any) -> Any:
        unpacked.append(values)
        return tg.tensor(values, dtype=tg.float64)

    x = leaf(1, 2)
    with saved_tensors_hooks(pack, unpack):
        y = x * x
        z = y.sum()
    assert packed == [[1, 2], [1, 2]]
    assert graph_summary(z).saved_bytes == 0
    z.backward(retain_graph=True)
    z.backward()
    assert unpacked == [[1, 2]] * 4
    assert x.grad.tolist() == [4, 8]
    with pytest.raises(GraphError, match="freed"):
        y.sum().backward()


def test_hooks_and_higher_derivatives() -> None:
    def f(x: Any) -> Any:
        with saved_tensors_hooks(lambda x: x.numpy().tobytes(), lambda data: tg.from_numpy(np.frombuffer(data).copy())):
            return block(x)

    assert gradgradcheck(f, leaf(0.3, 0.2))
    x, w = leaf(0.3, 0.2), leaf(0.3, 0.2)
    assert results(f, x) == results(block, w)


def test_nested_hooks() -> None:
    seen = []
    x = leaf(1)
    with saved_tensors_hooks(lambda x: seen.append("outer") or x, lambda x: x):
        with saved_tensors_hooks(lambda x: seen.append("inner") or x, lambda x: x):
            y = x.exp()
        y.sin()
    assert seen == ["inner", "outer"]


def test_hooks_of_functions() -> None:
    class Square(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2 * ctx.saved_tensors[0]

    x = leaf(3)
    with saved_tensors_hooks(lambda x: x, lambda x: x * 10):
        y = Square.apply(x)
    y.backward()
    assert x.grad.tolist() == [60]
    assert gradgradcheck(lambda x: checkpoint(Square.apply, x), leaf(1, 2))


def test_a_hook_that_gives_no_tensor() -> None:
    with saved_tensors_hooks(lambda x: x, lambda x: 3):
        y = leaf(1).exp()
    with pytest.raises(TypeError, match="unpack_hook must give a tensor; got int"):
        y.backward()


def test_written_to_in_between() -> None:
    x = leaf(1, 2)
    y = x * 1
    with save_on_cpu():
        out = y.sin()
    y.mul_(2)
    with pytest.raises(GraphError, match="mul_ changed it in place"):
        out.sum().backward()


def test_hooks_can_be_forbidden() -> None:
    with disable_saved_tensors_hooks("not now"):
        with pytest.raises(GraphError, match="not now"), save_on_cpu():
            pass
        with pytest.raises(GraphError, match="not now"), saved_tensors_hooks(lambda x: x, lambda x: x):
            pass
        assert leaf(1).exp().requires_grad
    with save_on_cpu():
        pass


def test_increment_version() -> None:
    x = leaf(1, 2)
    y = x * 2
    z = y.sin()
    increment_version([y])
    assert y._version == 1
    with pytest.raises(GraphError, match="increment_version changed it in place"):
        z.sum().backward()


# graph_summary --------------------------------------------------------------------------------------------------------


def test_summary() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2))
    x = tg.ones(16, 4, requires_grad=True)
    loss = net(x).sum()
    summary = graph_summary(loss)
    rows = {row.module: (dict(row.operations), row.saved_bytes) for row in summary.modules}
    assert rows["1"] == ({"tanh": 1}, 16 * 4 * 4)
    assert rows["2"][1] == 0  # its input is what tanh has saved
    assert rows[""] == ({"sum": 1}, 0)
    assert summary.saved_bytes == 16 * 4 * 4
    assert summary.leaf_bytes == (16 * 4 + 4 * 4 + 2 * 4) * 4
    assert summary.operations["linear"] == 2
    assert str(summary).splitlines()[-1] == "leaves needed for backward: 352 B"
    assert "linear × 2" in str(summary)
    loss.backward()
    assert graph_summary(loss).saved_bytes == 0


@pytest.mark.parametrize("cache", [True, False])
def test_the_second_run_has_the_precision_of_the_first(cache: bool) -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2))
    x = tg.randn(3, 4)
    gradients = []
    for function in (net, lambda x: checkpoint(net, x), lambda x: checkpoint_sequential(net, 2, x)):
        net.zero_grad()
        with tg.autocast("cpu", dtype=tg.float16, cache_enabled=cache):
            loss = function(x).float().sum()
        loss.backward()  # where autocast is off
        gradients.append([p.grad.tolist() for p in net.parameters()])
    assert gradients[0] == gradients[1] == gradients[2]


def test_summary_of_many() -> None:
    x = leaf(*range(200))
    summary = graph_summary([x.exp(), x.sin().cos().tanh().exp() * x])
    assert summary.saved_bytes == 8 * 200 * 4  # x itself is a leaf
    assert "…" in str(summary)
    assert "6.2 KiB" in str(summary)


def test_summary_needs_a_graph() -> None:
    with pytest.raises(GraphError, match=r"graph_summary: the tensor of shape \(2,\) has no graph"):
        graph_summary(tg.ones(2))
    with pytest.raises(TypeError, match="graph_summary: expected tensors; got int"):
        graph_summary([3])  # type: ignore[list-item]
