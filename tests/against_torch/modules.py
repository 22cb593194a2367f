"""PyTorch's own samples of its modules, computed by both libraries with the same weights and compared.

`python -m tests.against_torch.modules [name …]` prints for each module how many samples agree, and the first that does
not.
"""

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.against_torch.operators import derivatives, moved, same, tensors
from tinygrad_cnn import nn

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="PyTorch's samples need it")
common_modules = pytest.importorskip("torch.testing._internal.common_modules")


def modules() -> Iterator[tuple[str, Any]]:
    """The entries of PyTorch's table, with their names."""
    for info in common_modules.module_db:
        yield info.name.removeprefix("nn."), info


def ours(name: str) -> Any:
    """Our class of a name in `torch.nn`, or None."""
    found = nn
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def as_ours(value: Any) -> Any:
    """An argument of PyTorch's as one of ours: tensors, modules of activations and functions too."""
    if isinstance(value, torch.nn.TransformerEncoderLayer):
        attention = value.self_attn
        made = nn.TransformerEncoderLayer(
            *(attention.embed_dim, attention.num_heads, value.linear1.out_features, value.dropout.p),
            *(as_ours(value.activation), value.norm1.eps, attention.batch_first, value.norm_first),
            attention.in_proj_bias is not None,
        )
        return made.to(str(attention.in_proj_weight.dtype)[6:])
    if isinstance(value, torch.nn.Module):
        made = ours(type(value).__name__)()
        made.load_state_dict({key: moved(part) for key, part in value.state_dict().items()})
        return made
    if isinstance(value, torch.nn.utils.rnn.PackedSequence):
        return nn.utils.rnn.PackedSequence(*(None if part is None else moved(part) for part in value))
    if callable(value) and getattr(value, "__module__", "").startswith("torch"):
        return getattr(nn.functional, value.__name__, None) or getattr(tg, value.__name__)
    if isinstance(value, tuple | list) and type(value) in (tuple, list):
        return type(value)(map(as_ours, value))
    if isinstance(value, dict):
        return {key: as_ours(part) for key, part in value.items()}
    return moved(value)


def clone(value: Any) -> Any:
    """Leaves of their own, so that no sample collects the gradient of another."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if type(value) in (tuple, list):
        return type(value)(map(clone, value))
    if isinstance(value, dict):
        return {key: clone(part) for key, part in value.items()}
    return value


def flat(value: Any, kind: type) -> list[Any]:
    packed = (torch.nn.utils.rnn.PackedSequence, getattr(getattr(nn.utils, "rnn", None), "PackedSequence", ()))
    if isinstance(value, packed):
        return [value.data]
    if isinstance(value, tuple | list):
        return [x for part in value for x in flat(part, kind)]
    return tensors(value, kind) if isinstance(value, kind | dict) else []


def compare(cls: Any, info: Any, sample: Any, dtype: Any, *, training: bool, order: int) -> None:
    """Compute a sample by both, with gradients of inputs and parameters; raises AssertionError where they differ."""
    tolerance = 1e-4 if dtype is torch.float32 else 1e-8
    made = sample.constructor_input
    their = info.module_cls(*made.args, **made.kwargs).to(dtype).train(training)
    our = cls(*as_ours(made.args), **as_ours(made.kwargs)).to(str(dtype)[6:]).train(training)
    arguments, params = clone(sample.forward_input.args), clone(sample.forward_input.kwargs)
    our_arguments, our_params = as_ours(arguments), as_ours(params)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if info.is_lazy:  # the first call makes the parameters
            with torch.no_grad():
                their(*arguments, **params)
            our(*our_arguments, **our_params)
            assert type(our).__name__ == type(their).__name__
        state = their.state_dict()
        assert list(our.state_dict()) == list(state), f"keys {list(our.state_dict())} instead of {list(state)}"
        our.load_state_dict({key: moved(value) for key, value in state.items()})
        its = their(*arguments, **params)
        mine = our(*our_arguments, **our_params)
    results = list(zip(flat(mine, tg.Tensor), flat(its, torch.Tensor), strict=True))
    for i, (a, b) in enumerate(results):
        same(a, b, f"output {i}", tolerance)
    for (name, a), (_, b) in zip(our.named_buffers(), their.named_buffers(), strict=True):
        same(a, b, f"buffer {name}", tolerance)
    pairs = [
        (a, b)
        for a, b in zip(
            [*flat([our_arguments, our_params], tg.Tensor), *our.parameters()],
            [*flat([arguments, params], torch.Tensor), *their.parameters()],
            strict=True,
        )
        if b.requires_grad
    ]
    results = [(a, b) for a, b in results if b.requires_grad]
    if not order or not pairs or not results:
        return None
    assert all(a.requires_grad for a, _ in results), "the result requires no gradient"
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            their_gradients = derivatives(torch, torch.Tensor, [b for _, b in results], [b for _, b in pairs], order)
        except RuntimeError as error:
            if order == 1 or "is not implemented" not in str(error):
                raise
            return compare(cls, info, sample, dtype, training=training, order=1)  # PyTorch has no second derivative
        our_gradients = derivatives(tg, tg.Tensor, [a for a, _ in results], [a for a, _ in pairs], order)
    for level, (found, expected) in enumerate(zip(our_gradients, their_gradients, strict=False)):
        same(found, [g.detach() for g in expected], f"derivative {level + 1}", tolerance * 10)
    return None


def samples(info: Any, dtype: Any, training: bool, cap: int | None) -> list[Any]:
    """PyTorch's samples of a module, spread over all it has when there is a cap."""
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - PyTorch's samples draw from it
    found = list(info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training))
    return found if cap is None or len(found) <= cap else found[:: -(-len(found) // cap)]


def tally(
    cls: Any, info: Any, dtype: Any, cap: int | None = None, order: int = 2, modes: tuple[bool, ...] = (True, False)
) -> tuple[int, int, str]:
    """How many samples agree, of how many, and the first that does not."""
    good, count, first = 0, 0, ""
    for training in modes if info.train_and_eval_differ else modes[-1:]:
        for sample in samples(info, dtype, training, cap):
            count += 1
            try:
                level = min(order, 2 if info.supports_gradgrad else 1)
                compare(cls, info, sample, dtype, training=training, order=level)
                good += 1
            except Exception as error:
                made = sample.constructor_input
                shown = f"{sample.desc} {made.args!s:.120} {made.kwargs!s:.120}".replace("\n", " ")
                said = " ".join(str(error).split())[:300]
                first = first or f"{shown}\n        {type(error).__name__}: {said}"
    return good, count, first


def wrong_errors(cls: Any, info: Any) -> list[str]:
    """The arguments that PyTorch refuses and we accept, or refuse with another kind of error."""
    found: list[str] = []
    if info.module_error_inputs_func is None:
        return found
    for training in (True, False) if info.train_and_eval_differ else (True,):
        every = info.module_error_inputs_func(
            info, device="cpu", dtype=torch.float32, requires_grad=False, training=training
        )
        for wrong in every:
            made, given = wrong.module_error_input.constructor_input, wrong.module_error_input.forward_input
            at_call = wrong.error_on is common_modules.ModuleErrorEnum.FORWARD_ERROR
            got = "nothing"
            try:
                module = cls(*as_ours(made.args), **as_ours(made.kwargs))
                if at_call:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        module(*as_ours(given.args), **as_ours(given.kwargs))
            except wrong.error_type:
                continue
            except Exception as error:
                got = repr(error)[:200]
            found.append(f"{made.args!s:.80} {made.kwargs!s:.80}: {wrong.error_type.__name__}, got {got}")
    return found


def report(names: list[str]) -> None:
    warnings.simplefilter("ignore")
    passed = total = present = errors = 0
    for name, info in modules():
        if names and not any(name.startswith(wanted) for wanted in names):
            continue
        cls = ours(name)
        if cls is None:
            print(f"   absent {name}")
            continue
        present += 1
        lines = []
        for dtype in (torch.float64, torch.float32):
            if dtype in info.dtypes:
                good, count, first = tally(cls, info, dtype)
                passed, total = passed + good, total + count
                if first:
                    lines.append(f"    {str(dtype)[6:]} {good}/{count}: {first}")
        wrong = wrong_errors(cls, info)
        errors += len(wrong)
        lines += [f"    error {line}" for line in wrong[:4]]
        if lines:
            print("\n".join([name, *lines]))
    print(f"{present} modules, {passed} of {total} samples agree; {errors} other errors")


if __name__ == "__main__":
    report(sys.argv[1:])
