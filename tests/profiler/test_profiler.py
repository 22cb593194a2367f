"""The profiler: what it counts, that rows add up, nesting, threads, schedules, traces; and that it leaves nothing."""

import gzip
import json
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim, profiler
from tinygrad_cnn.autograd import Function, Node, Op
from tinygrad_cnn.autograd.graph import Node as GraphNode
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.profiler import ProfilerAction, profile, record_function, schedule
from tinygrad_cnn.tensor import TensorBase
from tinygrad_cnn.utils.data import DataLoader, TensorDataset


class Training:
    """A small network and its steps."""

    def __init__(self) -> None:
        self.model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3))
        self.optimizer = optim.Adam(self.model.parameters())
        self.batch = tg.randn(5, 1, 8, 8), tg.tensor([0, 1, 2, 0, 1])

    def step(self) -> float:
        images, labels = self.batch
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return float(loss.item())


def rows(p: profile, **grouping: Any) -> dict[str, Any]:
    """The rows of the profiled thread by name (and module, if grouped by it)."""
    listed = [row for row in p.key_averages(**grouping) if not row.thread and row.direction != "backward"]
    listed += [row for row in p.key_averages(**grouping) if not row.thread and row.direction == "backward"]
    return {row.key: row for row in listed}


def replaced() -> list[Any]:
    """What a profile replaces."""
    functions = [TensorBase.__apply_op__, tg.Tensor.backward, GraphNode.input_gradients, nn.Module._run]
    return [*functions, vars(Op).get("forward"), optim.Adam.step, optim.Optimizer.zero_grad]


def test_a_training_step_is_counted_by_operation() -> None:
    training = Training()
    with profile(record_shapes=True, profile_memory=True) as p:
        for _ in range(3):
            training.step()
    found = rows(p, group_by_input_shape=True)
    assert found["conv2d"].count == 3
    assert found["conv2d"].direction == "forward"
    assert found["conv2d"].input_shapes[:2] == ((5, 1, 8, 8), (4, 1, 3, 3))
    assert found["conv2d"].self_cpu_memory_usage == 3 * 5 * 4 * 36 * 4
    assert found["conv2d_weight_grad"].direction == "backward"
    assert found["conv2d backward"].cpu_time_total >= found["conv2d_weight_grad"].cpu_time_total > 0
    assert found["relu backward"].count == 3
    assert "conv2d_input_grad" not in found  # the images want no gradient
    for name in ("Optimizer.step#Adam.step", "Optimizer.zero_grad#Adam.zero_grad", "[engine: backward]"):
        assert found[name].count == 3
    assert found["[engine: forward]"].count >= 12


def test_rows_add_up_to_the_time_of_the_region() -> None:
    training = Training()
    with profile(with_modules=True) as p, record_function("everything"):
        training.step()
    averages = p.key_averages()
    assert sum(row.self_cpu_time_total for row in averages) == pytest.approx(averages.total)
    assert all(row.self_cpu_time_total >= 0 for row in averages)
    found = {row.key: row for row in averages}
    assert found["[python]"].cpu_time_total == averages.total
    assert found["everything"].cpu_time_total <= averages.total
    assert found["everything"].cpu_time_total > found["nn.Module: Sequential"].cpu_time_total


def test_layers_are_named_forward_and_backward() -> None:
    training = Training()
    with profile(with_modules=True) as p:
        training.step()
    by_layer = {(row.key, row.direction, row.module) for row in p.key_averages(group_by_module=True)}
    for expected in (
        ("conv2d", "forward", "0"),
        ("conv2d_weight_grad", "backward", "0"),
        ("relu backward", "backward", "1"),
        ("linear", "forward", "3"),
        ("nn.Module: Linear", "", "3"),
    ):
        assert expected in by_layer


def test_views_have_no_memory() -> None:
    with profile(profile_memory=True) as p:
        tg.ones(4, 4).view(16)
        tg.ones(4, 4).t().reshape(16)  # must copy
    events = {event.name: event.nbytes for event in p.events() if event.kind == "operation"}
    assert sorted(event.nbytes for event in p.events() if event.name == "reshape") == [0, 64], events
    assert "CPU Mem" in p.key_averages().table()


def test_waiting_for_batches_has_a_row() -> None:
    loader = DataLoader(TensorDataset(tg.arange(6)), batch_size=2)
    with profile() as p:
        list(loader)
    assert rows(p)["DataLoader: waiting for a batch"].count == 4  # the last finds the end


def test_threads_are_told_apart() -> None:
    x = tg.ones(3)
    with profile() as p:
        thread = threading.Thread(target=lambda: [x * 2 for _ in range(5)], name="helper")
        thread.start()
        thread.join()
        x * 3
    counts = {row.thread: row.count for row in p.key_averages() if row.key == "mul"}
    assert counts == {"": 1, "helper": 5}
    averages = p.key_averages()
    assert sum(row.self_cpu_time_total for row in averages if not row.thread) == pytest.approx(averages.total)
    assert "helper" in averages.table()
    assert "Wall time of the profiled thread" in averages.table()


def nested(entries: list[dict[str, Any]]) -> None:
    """Every two events of a thread lie apart, or one inside the other."""
    slack = 1e-6  # µs; times are decimal fractions
    open_until: list[float] = []
    for entry in entries:  # by their beginnings
        while open_until and open_until[-1] <= entry["ts"] + slack:
            open_until.pop()
        assert not open_until or entry["ts"] + entry["dur"] <= open_until[-1] + slack
        open_until.append(entry["ts"] + entry["dur"])


@pytest.mark.parametrize("name", ["trace.json", "trace.json.gz"])
def test_chrome_trace(tmp_path: Any, name: str) -> None:
    training = Training()
    with profile(record_shapes=True, profile_memory=True, with_modules=True) as p:
        training.step()
        thread = threading.Thread(target=training.step, name="other")
        thread.start()
        thread.join()
    p.add_metadata("purpose", "test")
    p.export_chrome_trace(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    trace = json.loads(gzip.decompress(content) if name.endswith("gz") else content)
    assert trace["purpose"] == "test"
    complete = [entry for entry in trace["traceEvents"] if entry["ph"] == "X"]
    assert len(complete) == len(p.events())
    names = {entry["tid"]: entry["args"]["name"] for entry in trace["traceEvents"] if entry["ph"] == "M"}
    assert set(names.values()) == {threading.current_thread().name, "other"}
    for thread_number in names:
        own = [entry for entry in complete if entry["tid"] == thread_number]
        assert own == sorted(own, key=lambda entry: (entry["ts"], -entry["dur"]))
        nested(own)
        assert all(entry["ts"] >= 0 and entry["dur"] >= 0 for entry in own)
    (inside,) = [entry for entry in complete if entry["name"] == "conv2d" and names[entry["tid"]] == "other"]
    assert inside["args"]["module"] == "0"
    assert inside["args"]["input shapes"][1] == [4, 1, 3, 3]
    assert inside["args"]["bytes"] == 5 * 4 * 36 * 4


def test_record_function_as_block_and_decorator() -> None:
    @record_function("square")
    def square(x: Any, depth: int = 1) -> Any:
        return square(x * x, depth - 1) if depth else x

    square(tg.ones(2))  # nobody watches
    with profile() as p, record_function("outer", "note"):
        square(tg.ones(2))
    found = rows(p)
    assert found["square"].count == 2
    outer = found["outer: note"]
    assert outer.cpu_time_total >= found["square"].cpu_time_total >= found["mul"].cpu_time_total
    assert found["square"].cpu_time_total >= found["square"].self_cpu_time_total  # the inner call counts once


def test_a_profile_leaves_nothing_behind() -> None:
    before = replaced()
    training = Training()
    with profile(with_modules=True):
        assert all(now is not then for now, then in zip(replaced(), before, strict=True))
        training.step()
    assert replaced() == before
    with pytest.raises(KeyError), profile(with_modules=True):
        raise KeyError
    assert replaced() == before


def test_results_and_errors_are_those_without() -> None:
    def outcome() -> tuple[float, Any]:
        tg.manual_seed(3)
        training = Training()
        losses = [training.step() for _ in range(2)][-1], training.model[0].weight.detach().numpy().copy()
        with pytest.raises(ValueError, match=r"conv2d: weight .* expects 1 input channels, but x .* has 2") as caught:
            training.model(tg.ones(1, 2, 8, 8))
        assert caught.value.__cause__ is None or "profiler" not in str(caught.value)
        with tg.autograd.detect_anomaly(), pytest.raises(RuntimeError, match=r"detect_anomaly: log at .*test_profiler"):
            tg.zeros(2).log()
        return losses

    loss, weight = outcome()
    with profile() as p:
        profiled_loss, profiled_weight = outcome()
    assert profiled_loss == loss
    np.testing.assert_array_equal(profiled_weight, weight)
    assert all(event.end >= event.start > 0 for event in p.events())


def test_second_derivatives_and_functions_of_ones_own() -> None:
    class Cube(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * 3 * x * x

    x = tg.tensor(2.0, requires_grad=True)
    with profile() as p:
        (first,) = tg.autograd.grad(Cube.apply(x), x, create_graph=True)
        (second,) = tg.autograd.grad(first, x)
    assert (first.item(), second.item()) == (12, 12)
    found = {(row.key, row.direction): row for row in p.key_averages()}
    assert found["Cube backward", "backward"].count == 1
    assert found["mul", "forward"].count == 2
    assert found["mul", "backward"].count == 3
    assert found["[engine: backward]", "backward"].count == 2


def test_schedule() -> None:
    ready, actions = [], []
    plan = schedule(wait=1, warmup=1, active=2, repeat=2, skip_first=1)

    def keep(p: profile) -> None:
        ready.append({row.key: row.count for row in p.key_averages()})

    x = tg.ones(2)
    with profile(schedule=plan, on_trace_ready=keep) as p:
        for step in range(12):
            actions.append(p.current_action)
            for _ in range(step):
                x * 2
            p.step()
    assert actions == [plan(step) for step in range(12)]
    assert actions[4] is ProfilerAction.RECORD_AND_SAVE
    assert [seen["mul"] for seen in ready] == [3 + 4, 7 + 8]
    assert [name for name in ready[0] if name.startswith("ProfilerStep")] == ["ProfilerStep#3", "ProfilerStep#4"]


def test_without_a_schedule_all_is_one_recording() -> None:
    ready: list[Any] = []
    with profile(on_trace_ready=ready.append) as p:
        for _ in range(3):
            tg.ones(2) * 2
            p.step()
    assert ready == [p]
    assert rows(p)["mul"].count == 3


def test_trace_handler_writes_a_file_per_recording(tmp_path: Any) -> None:
    handler = profiler.tensorboard_trace_handler(tmp_path / "traces", "me", use_gzip=True)
    with profile(on_trace_ready=handler):
        tg.ones(2) * 2
    (file,) = (tmp_path / "traces").iterdir()
    assert file.name.startswith("me.")
    assert json.loads(gzip.decompress(file.read_bytes()))["traceEvents"]


def test_table() -> None:
    training = Training()
    with profile() as p:
        training.step()
    averages = p.key_averages()
    table = averages.table(sort_by="self_cpu_time_total", row_limit=2, header="mine")
    lines = table.splitlines()
    assert lines[0] == "mine"
    assert lines[2].split()[:2] == ["Name", "Direction"]
    assert "Input Shapes" not in table
    assert "CPU Mem" not in table
    assert f"{len(averages) - 2} more rows" in table
    ordered = [row.key for row in sorted(averages, key=lambda row: -row.count)]
    assert averages.table(sort_by="count").splitlines()[3].startswith(ordered[0])
    assert "conv2…" in averages.table(max_name_column_width=6)
    assert averages.total_average().self_cpu_time_total == pytest.approx(averages.total)
    with pytest.raises(ValueError, match=r"sort_by must be one of .*got 'speed'"):
        averages.table(sort_by="speed")


def start_inside_another() -> None:
    with profile(), profile():
        pass


def ask_while_it_runs() -> None:
    with profile() as p:
        p.key_averages()


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        (start_inside_another, RuntimeError, "another profile is running"),
        (ask_while_it_runs, RuntimeError, "recorded nothing yet"),
        (lambda: profile().export_chrome_trace("x"), RuntimeError, "export_chrome_trace: the profile has recorded"),
        (lambda: profile(activities=["cpu"]), TypeError, "activities must be ProfilerActivity values; got 'cpu'"),
        (lambda: record_function(3), TypeError, "expected a name; got 3"),
        (lambda: schedule(wait=-1, warmup=0, active=1), ValueError, "wait must be at least 0; got wait=-1"),
        (lambda: schedule(wait=0, warmup=0, active=0), ValueError, "active must be at least 1; got active=0"),
        (lambda: schedule(wait=0, warmup=0, active=1)(-1), ValueError, "must not be negative; got -1"),
    ],
)
def test_errors(wrong: Callable[[], Any], kind: type[Exception], message: str) -> None:
    before = replaced()
    with pytest.raises(kind, match=message):
        wrong()
    assert replaced() == before


def test_pytorchs_other_name() -> None:
    assert issubclass(tg.autograd.profiler.profile, profile)
    assert profiler.ProfilerActivity.CPU in profiler.supported_activities()
    assert Node is GraphNode


def test_what_older_programs_ask_of_a_profile():
    with tg.autograd.profiler.profile() as old:
        tg.ones(3).exp()
    assert old.self_cpu_time_total == old.total_average().self_cpu_time_total > 0
    assert "exp" in old.table(sort_by="cpu_time_total", row_limit=5)
