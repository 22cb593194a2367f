"""Two runs of one program, eager and compiled, that must leave the same bits behind."""

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_cnn as tg

Step = Callable[..., Any]


def bits(value: Any) -> Any:
    """A value as something that can be compared: tensors as bytes, with shape and dtype."""
    if isinstance(value, tg.Tensor):
        array = value.numpy(force=True)
        return array.shape, str(array.dtype), np.ascontiguousarray(array).tobytes(), value.requires_grad
    if isinstance(value, dict):
        return {name: bits(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [bits(part) for part in value]
    return value


def everything(model: Any, optimizer: Any = None) -> Any:
    """All that a training step may change."""
    return {
        "state": bits(model.state_dict()),
        "gradients": bits([parameter.grad for parameter in model.parameters()]),
        "versions": [parameter.storage.version for parameter in model.parameters()],
        "optimizer": None if optimizer is None else bits(optimizer.state_dict()),
        "random": str(tg.get_rng_state()),
    }


def same_both_ways(run: Callable[[Callable[[Step], Any]], Any], *, replayed: bool = True) -> Any:
    """Run a program eagerly and compiled from the same seed; its results must be equal in every bit.

    Args:
        run: is given what to apply to a step, and returns what is to be compared.
        replayed: whether at least one of the steps must have been replayed.
    """
    compiled: list[Any] = []

    def compile_it(step: Step) -> Any:
        compiled.append(tg.compile(step, fullgraph=True))
        return compiled[-1]

    tg.manual_seed(3)
    eager = run(lambda step: step)
    tg.manual_seed(3)
    assert run(compile_it) == eager
    assert not replayed or sum(r.replayed for step in compiled for r in step._recordings) > 0
    return compiled[0]
