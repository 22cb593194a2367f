"""PyTorch's own samples of some 480 operators: values, dtypes and gradients must be PyTorch's."""

from typing import Any

import pytest

from tests.against_torch.operators import entries, ours, tally, torch, wrong_errors

# Where the two differ and shall, by operator (or family of them); each says why.
KNOWN = {
    "as_strided_scatter": "PyTorch gives the place that is written over a gradient, and nothing sure to the rest",
    "as_strided/partial_views": "of a leaf that is a part of some memory the rest can't be reached",
    "kthvalue": "which of equal values it is: ours is the first",
    "linalg.eig": "complex numbers, which tensors do not hold",
    "linalg.norm/subgradients_at_zero": "second derivatives at zero: ours are 0, PyTorch's NaN",
    "mode": "which of equal values it is: ours is always the last",
    "nn.functional.local_response_norm": "of integers PyTorch rounds the mean of squares",
    "sort": "the order of equal booleans, unless it is asked to be stable; ours is always",
    "argsort": "the order of equal booleans, unless it is asked to be stable; ours is always",
    "svd_lowrank": "where the rank is more than q, which it is with M, the result depends on a random basis",
    "to_sparse": "tensors are dense here",
    "topk": "which of equal integers it is: ours is the first",
}
CASES = [
    pytest.param(entry, function, id=label)
    for label, entry in entries()
    if (function := ours(entry)) is not None and not any(label.startswith(name) for name in KNOWN)
]


def test_most_of_the_surface_is_compared() -> None:
    assert len(CASES) > 480


@pytest.mark.filterwarnings("ignore:torch.qr is deprecated")  # PyTorch makes some samples by it
@pytest.mark.parametrize(("entry", "function"), CASES)
def test_samples(entry: Any, function: Any) -> None:
    """Second gradients for a third of them: the table of operations checks those of every operation by differences."""
    order = 2 if len(entry.name) % 3 == 0 else 1
    for dtype, cap in ((torch.float64, 3), (torch.float32, 2), (torch.int64, 1)):
        if dtype in entry.dtypes:
            good, count, first = tally(entry, function, dtype, cap, order)
            assert good == count, first


# Which of these inputs are refused with another kind of error, or not at all; each says why.
TAKEN = {
    "clamp_max": "numbers are bounds as well as tensors, in PyTorch too",
    "clamp_min": "numbers are bounds as well as tensors, in PyTorch too",
    "gather": "an output that would reach over the index once it is resized gets memory of its own",
    "narrow_copy": "a dimension out of range is an IndexError everywhere",
}


@pytest.mark.parametrize(
    ("entry", "function"), [case for case in CASES if case.values[0].error_inputs_func and case.id not in TAKEN]
)
def test_what_pytorch_refuses_is_refused(entry: Any, function: Any) -> None:
    assert wrong_errors(entry, function) == []
