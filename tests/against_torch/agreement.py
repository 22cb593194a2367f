"""A second opinion: the same computation by PyTorch, compared in values, gradients and gradients of gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as tg_functional

torch = pytest.importorskip("torch")


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


def _values(x: Any) -> Any:
    return x.numpy(force=True)


def _all(found: Any) -> list[Any]:
    return [x for x in (found if isinstance(found, tuple | list) else (found,)) if hasattr(x, "requires_grad")]


def _derivatives(lib: Any, outputs: list[Any], inputs: list[Any], order: int) -> list[Any]:
    """Gradients of a weighted sum of the outputs, then of a weighted sum of these, and so on."""
    found = []
    for level in range(order):
        weighted = {i: out for i, out in enumerate(outputs) if out.requires_grad}
        if not weighted:
            break
        weights = [lib.tensor(normal(*out.shape, seed=level + i), dtype=out.dtype) for i, out in weighted.items()]
        outputs = list(
            lib.autograd.grad(
                list(weighted.values()),
                inputs,
                weights,
                create_graph=level + 1 < order,
                allow_unused=True,
                materialize_grads=True,
            )
        )
        found += outputs
    return found


def compute(lib: Any, functional: Any, f: Callable[..., Any], arrays: tuple[Any, ...], order: int) -> list[Any]:
    tensors = [
        lib.tensor(a, requires_grad=bool(order) and a.dtype.kind == "f")
        if isinstance(a, np.ndarray | np.generic)
        else a
        for a in arrays
    ]
    outputs = _all(f(lib, functional, *tensors))
    inputs = [x for x in tensors if getattr(x, "requires_grad", False)]
    return outputs + (_derivatives(lib, outputs, inputs, order) if inputs else [])


def agree(f: Callable[..., Any], *arrays: Any, order: int = 2, rtol: float = 1e-9, atol: float = 1e-10) -> None:
    """Check that `f(library, functional, *tensors)` and its derivatives are the same in both libraries."""
    ours = compute(tg, tg_functional, f, arrays, order)
    theirs = compute(torch, torch.nn.functional, f, arrays, order)
    assert ours
    for i, (our, their) in enumerate(zip(ours, theirs, strict=False)):
        assert tuple(our.shape) == tuple(their.shape), f"result {i}"
        assert str(our.dtype) == str(their.dtype).removeprefix("torch."), f"result {i}"
        np.testing.assert_allclose(_values(our), _values(their), rtol=rtol, atol=atol, err_msg=f"result {i}")
    # Where one library sees that nothing depends on the input any more, the other may go on, with zeros.
    assert all((_values(x) == 0).all() for x in ours[len(theirs) :] + theirs[len(ours) :])
