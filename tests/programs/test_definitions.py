"""Public kinds of networks with the same weights: the same keys, outputs and gradients as under PyTorch."""

from functools import lru_cache

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.programs.sources import HERE, loaded

torch = pytest.importorskip("torch")

FILES = {
    "classifiers": ("vgg", "resnet", "senet", "densenet", "googlenet"),
    "mobile": ("mobilenet", "shufflenet", "efficientnet", "dpn"),
    "images": (
        *("unet", "unet transposed", "generator", "super resolution", "vae", "capsules", "siamese"),
        "gram",
    ),
}


@lru_cache
def definitions(file):
    path = HERE / "definitions" / f"{file}.py"
    return loaded(path, ours=True).MODELS, loaded(path, ours=False).MODELS


def flat(outputs):
    return [output for output in (outputs if isinstance(outputs, tuple) else (outputs,)) if output is not None]


def assert_near(ours, theirs, what):
    scale = max(np.abs(theirs).max(), 1e-3)
    assert np.abs(ours - theirs).max() <= 1e-3 * scale, what


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in FILES.items() for name in names])
def test_a_definition(file, name):
    ours, theirs = definitions(file)
    assert ours.keys() == set(FILES[file])
    (make, shape), (make_theirs, _) = ours[name], theirs[name]
    torch.manual_seed(0)
    mine, other = make(), make_theirs()
    state = other.state_dict()
    assert list(mine.state_dict()) == list(state)
    mine.load_state_dict({key: tg.tensor(value.numpy()) for key, value in state.items()})
    images = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    for mode in (False, True):
        outputs = [flat(lib.train(mode)(x)) for lib, x in ((mine, tg.tensor(images)), (other, torch.tensor(images)))]
        for i, (a, b) in enumerate(zip(*outputs, strict=True)):
            assert a.dtype == tg.float32
            assert_near(a.detach().numpy(), b.detach().numpy(), f"output {i} in {'training' if mode else 'evaluation'}")
    weights = np.random.default_rng(1)
    totals = [0, 0]
    for a, b in zip(*outputs, strict=True):
        w = weights.standard_normal(a.shape).astype(np.float32)
        totals[0], totals[1] = totals[0] + (a * tg.tensor(w)).sum(), totals[1] + (b * torch.tensor(w)).sum()
    for total in totals:
        total.backward()
    largest = max(p.grad.abs().max().item() for p in other.parameters())
    for (key, p), q in zip(mine.named_parameters(), other.parameters(), strict=True):
        # A gradient that is 0 but for rounding (of a bias before a batch norm) is near in terms of the others.
        error = np.abs(p.grad.numpy() - q.grad.numpy()).max()
        assert error <= 1e-3 * q.grad.abs().max().item() + 1e-5 * largest, f"gradient of {key}"
    for (key, p), q in zip(mine.named_buffers(), other.buffers(), strict=True):
        assert_near(p.numpy(), q.numpy(), key)
