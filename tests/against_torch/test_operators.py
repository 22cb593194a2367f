"""PyTorch's own samples of some 270 operators: values, dtypes and gradients must be PyTorch's."""

from typing import Any

import pytest

from tests.against_torch.operators import entries, ours, tally, torch, wrong_errors

# Where the two differ and shall, by operator (or family of them); each says why.
KNOWN = {
    "as_strided/partial_views": "an offset counts from the owner of the memory; these samples have none of ours",
    "linalg.eigh": "the sign of an eigenvector is free",
    "linalg.eigvalsh": "the second derivative off the triangle that is read",
    "linalg.lstsq": "rank and singular values are always there, and residuals where A has full rank",
    "linalg.norm/subgradients_at_zero": "second derivatives at zero: ours are 0, PyTorch's NaN",
    "linalg.pinv/hermitian": "the gradient goes to the triangle that is read, PyTorch's to both",
    "linalg.pinv/singular": "its input is a product that PyTorch computes first",
    "linalg.slogdet": "the sign takes no part in a graph",
    "linalg.svd": "the sign of a singular vector is free",
    "svd": "the sign of a singular vector is free",
    "kthvalue": "which of equal values it is: ours is the first",
    "mode": "which of equal values it is: ours is always the last",
    "new_empty": "whatever is in memory",
    "nextafter": "our result takes no part in a graph, as it has no derivative",
    "nn.functional.batch_norm": "PyTorch takes an empty line for a batch",
    "nn.functional.linear_cross_entropy": "the chunked forms are steps of PyTorch's own memory",
    "nn.functional.local_response_norm": "of integers PyTorch rounds the mean of squares",
    "nn.functional.multi_head_attention_forward": "all its samples drop weights at random",
    "nn.functional.triplet_margin_with_distance_loss": "the samples pass functions of PyTorch's",
    "sort": "the order of equal booleans, unless it is asked to be stable; ours is always",
    "argsort": "the order of equal booleans, unless it is asked to be stable; ours is always",
    "topk": "which of equal integers it is: ours is the first",
    "zero_": "PyTorch's samples write to leaves that require grad",
}
CASES = [
    pytest.param(entry, function, id=label)
    for label, entry in entries()
    if (function := ours(entry)) is not None and not any(label.startswith(name) for name in KNOWN)
]


def test_most_of_the_surface_is_compared() -> None:
    assert len(CASES) > 260


@pytest.mark.parametrize(("entry", "function"), CASES)
def test_samples(entry: Any, function: Any) -> None:
    """Second gradients for a third of them: the table of operations checks those of every operation by differences."""
    order = 2 if len(entry.name) % 3 == 0 else 1
    for dtype, cap in ((torch.float64, 3), (torch.float32, 2), (torch.int64, 1)):
        if dtype in entry.dtypes:
            good, count, first = tally(entry, function, dtype, cap, order)
            assert good == count, first


REFUSED = [
    "gather",
    "scatter",
    "index_select",
    "cat",
    "stack",
    "diag",
    "diff",
    "median",
    "searchsorted",
    "tensor_split",
]


@pytest.mark.parametrize(("entry", "function"), [case for case in CASES if case.id in REFUSED])
def test_what_pytorch_refuses_is_refused(entry: Any, function: Any) -> None:
    assert wrong_errors(entry, function) == []
