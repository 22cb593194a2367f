"""Every public name of the places below has a docstring with an example.

Those of made functions, which no tool finds, are run here.
"""

import doctest
import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.io
import tinygrad_cnn.testing
import tinygrad_cnn.vision.datasets
import tinygrad_cnn.vision.models
import tinygrad_cnn.vision.ops
import tinygrad_cnn.vision.transforms
import tinygrad_cnn.vision.utils
from tinygrad_cnn.functions import copies, orthogonal

PLACES: tuple[Any, ...] = (
    tg,
    tg.Tensor,
    tg.amp,
    tg.autograd,
    tg.autograd.forward_ad,
    tg.autograd.functional,
    tg.autograd.graph,
    tg.cuda,
    tg.distributed,
    tg.distributions,
    tg.func,
    tg.hub,
    tg.linalg,
    tg.nn,
    tg.nn.Module,
    tg.nn.functional,
    tg.nn.init,
    tg.nn.utils,
    tg.nn.utils.parametrize,
    tg.nn.utils.prune,
    tg.nn.utils.rnn,
    tg.optim,
    tg.optim.lr_scheduler,
    tg.optim.swa_utils,
    tg.profiler,
    tg.random,
    tg.special,
    tinygrad_cnn.testing,
    tg.utils.checkpoint,
    tg.utils.data,
    tg.viz,
    tinygrad_cnn.io,
    tinygrad_cnn.vision.datasets,
    tinygrad_cnn.vision.models,
    tinygrad_cnn.vision.ops,
    tinygrad_cnn.vision.transforms,
    tinygrad_cnn.vision.utils,
)
# Steps between a tensor and the graph, which only the engine takes.
INNER = {"continue_from", "look_into", "record_write", "refresh"}


def documented() -> Iterator[tuple[str, Any]]:
    for place in PLACES:
        for name in getattr(place, "__all__", None) or dir(place):
            found = inspect.getattr_static(place, name, None)
            found = getattr(found, "__func__", None) or getattr(found, "fget", None) or found
            ours = getattr(found, "__module__", None) or ""
            if name.startswith("_") or name in INNER or not ours.startswith("tinygrad_cnn"):
                continue
            if inspect.isfunction(found) or inspect.isclass(found):
                yield f"{place.__name__}.{name}", found


def test_every_public_name_has_an_example() -> None:
    names = dict(documented())
    assert len(names) > 1500
    assert [name for name, found in names.items() if ">>> " not in (found.__doc__ or "")] == []


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module in (copies, orthogonal) for name in module.__all__]
)
def test_examples_of_made_functions(module: Any, name: str) -> None:
    function = getattr(module, name)
    names = {"tg": tg, "np": np, **vars(module)}
    test = doctest.DocTestParser().get_doctest(function.__doc__, names, name, None, 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
    assert not said
