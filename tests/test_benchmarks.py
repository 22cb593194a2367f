"""The benchmark runs, compares and prints; nothing here depends on how fast the machine is."""

import json

import pytest

import tinygrad_cnn as tg
from benchmarks import report
from benchmarks.__main__ import main
from benchmarks.cases import Case, all_cases
from benchmarks.measure import Options, deviations, exponent, measure, ratio, reference
from benchmarks.networks import NETWORKS, Training, draw_weights
from benchmarks.workers import CONTESTANTS, Worker, WorkerError

QUICK = Options(rounds=1, turn=0.0, least=1, quick=True)


def row(**times):
    return {name.replace("_", "-"): {"times": values} for name, values in times.items()}


def test_rows_have_names_of_their_own():
    cases = all_cases()
    assert len({(case.section, case.row) for case in cases}) == len(cases)


def test_ratio_is_taken_turn_by_turn_to_the_faster_layout():
    seen = row(numpy=[2.0, 20.0, 2.0], torch=[1.5, 15.0, 1.5], torch_nhwc=[1.0, 10.0, 1.0])
    assert reference(seen) == "torch-nhwc"
    assert ratio(seen, "numpy") == (2, 2, 2)
    assert ratio(row(numpy=[1.0]), "numpy") is None


def test_exponent_of_a_power_law():
    assert exponent([(n, 3 * n**2.0) for n in (1, 2, 4, 8)]) == pytest.approx(2)
    assert exponent([(1, 1.0)]) is None


def test_deviations_are_relative_to_pytorch():
    seen = {"numpy": {"check": [1.1, 2.0]}, "torch": {"check": [1.0, 2.0]}, "jax": {"error": "died"}}
    assert deviations(seen, "numpy") == pytest.approx([0.1, 0])
    assert deviations(seen, "torch") is None
    assert deviations(seen, "jax") is None


@pytest.mark.parametrize(("seconds", "text"), [(2.5, "2.50 s"), (0.0123, "12.3 ms"), (123e-6, "123 µs"), (None, "–")])
def test_duration_has_three_digits(seconds, text):
    assert report.duration(seconds) == text


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "vggbn32"])
def test_networks_train(name):
    run = Training(tg, NETWORKS[name], batch=4)
    losses = [float(run.step().item()) for _ in range(8)]
    assert min(losses[4:]) < losses[0]


def test_weights_are_the_same_for_everybody():
    first, second = (draw_weights([("0.weight", (3, 2)), ("0.bias", (3,))]) for _ in range(2))
    assert all((first[name] == second[name]).all() for name in first)


def test_loss_and_gradient_equal_pytorchs():
    torch = pytest.importorskip("torch")
    for name in NETWORKS:
        ours, theirs = (Training(lib, NETWORKS[name], batch=4).check() for lib in (tg, torch))
        assert ours == pytest.approx(theirs, rel=1e-4)


def test_a_failure_fills_its_cell_and_the_run_goes_on():
    wrong = Case("overhead", "no such row", lambda bench: None)
    right = next(case for case in all_cases(quick=True) if case.section == "overhead")
    sections = measure([wrong, right], ["numpy"], QUICK, lambda _: None)
    assert "KeyError" in sections["overhead"]["no such row"]["numpy"]["error"]
    assert sections["overhead"][right.row]["numpy"]["times"]


def test_a_dead_worker_is_an_error():
    worker = Worker("numpy", 1)
    worker.process.kill()
    worker.process.wait()
    with pytest.raises(WorkerError, match="code -9"):
        worker.ask(do="memory")
    worker.close()


def test_command_writes_json_and_compares(tmp_path, capsys):
    path = tmp_path / "now.json"
    few = [
        "--quick",
        "--contestants",
        "numpy",
        "--threads",
        "1",
        "--only",
        "digits64",
        "x + x",
        "--rounds",
        "1",
        "--turn",
        "0",
    ]
    assert main([*few, "--json", str(path)]) == 0
    found = json.loads(path.read_text())
    assert found["machine"]["threads"] == 1
    digits = found["sections"]["networks"]["digits64"]["numpy"]
    assert digits["memory"]["peak"] > digits["memory"]["grown"] >= 0
    printed = capsys.readouterr()
    assert CONTESTANTS["numpy"].title in printed.out
    assert "digits64" in printed.err
    assert main([*few, "--compare", str(path)]) == 0
    assert "Before: commit" in capsys.readouterr().out
