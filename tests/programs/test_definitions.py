"""Public kinds of networks with the same weights: the same keys, outputs and gradients as under PyTorch."""

from functools import lru_cache

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.programs.sources import HERE, loaded

torch = pytest.importorskip("torch")

FILES = ("classifiers", "mobile", "images", "of_2016", "blocks", "adversaries", "likelihoods", "seeing", "reading")


@lru_cache
def definitions(file):
    path = HERE / "definitions" / f"{file}.py"
    return loaded(path, ours=True).MODELS, loaded(path, ours=False).MODELS


CASES = [(file, name) for file in FILES for name in definitions(file)[1]]


def values(shape):
    """An input as an array: normal numbers, or after a word what that says."""
    rng = np.random.default_rng(0)
    kind, *more = shape if isinstance(shape[0], str) else ("normal", shape)
    if kind == "long":
        return rng.integers(0, more[0], more[1])
    if kind == "bool":
        return rng.random(more[0]) < 0.5
    return (rng.random if kind == "rand" else rng.standard_normal)(more[0]).astype(np.float32)


def flat(outputs):
    if isinstance(outputs, tuple | list):
        return [x for output in outputs for x in flat(output)]
    return [outputs] if hasattr(outputs, "detach") else []


def assert_near(ours, theirs, what):
    scale = max(np.abs(theirs).max(), 1e-3)
    assert np.abs(ours - theirs).max() <= 1e-3 * scale, what


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("file", "name"), CASES)
def test_a_definition(file, name, tmp_path):
    ours, theirs = definitions(file)
    assert list(ours) == list(theirs)
    (make, shapes), (make_theirs, _) = ours[name], theirs[name]
    torch.manual_seed(0)
    mine, other = make(), make_theirs()
    assert repr(mine) == repr(other)
    torch.save(other.state_dict(), tmp_path / "weights.pt")
    state = tg.load(tmp_path / "weights.pt")
    assert list(mine.state_dict()) == list(state)
    mine.load_state_dict(state)
    for module in (*mine.modules(), *other.modules()):
        if "Dropout" in type(module).__name__:
            module.p = 0.0
    inputs = [values(shape) for shape in (shapes if isinstance(shapes, list) else [shapes])]
    for mode in (False, True):
        outputs = [
            flat(model.train(mode)(*(lib.tensor(x) for x in inputs))) for lib, model in ((tg, mine), (torch, other))
        ]
        for i, (a, b) in enumerate(zip(*outputs, strict=True)):
            assert str(a.dtype) == str(b.dtype).removeprefix("torch.")
            assert_near(a.detach().numpy(), b.detach().numpy(), f"output {i} in {'training' if mode else 'evaluation'}")
    weights = np.random.default_rng(1)
    totals = [0, 0]
    for a, b in zip(*outputs, strict=True):
        if b.requires_grad:
            w = weights.standard_normal(a.shape).astype(np.float32)
            totals[0], totals[1] = totals[0] + (a * tg.tensor(w)).sum(), totals[1] + (b * torch.tensor(w)).sum()
    for total in totals:
        total.backward()
    largest = max(p.grad.abs().max().item() for p in other.parameters() if p.grad is not None)
    for (key, p), q in zip(mine.named_parameters(), other.parameters(), strict=True):
        assert (p.requires_grad, p.grad is None) == (q.requires_grad, q.grad is None), key
        if q.grad is not None:
            # A gradient that is 0 but for rounding (of a bias before a batch norm) is near in terms of the others.
            error = np.abs(p.grad.numpy() - q.grad.numpy()).max()
            assert error <= 1e-3 * q.grad.abs().max().item() + 1e-5 * largest, f"gradient of {key}"
    for (key, p), q in zip(mine.named_buffers(), other.buffers(), strict=True):
        assert_near(p.numpy(), q.numpy(), key)
