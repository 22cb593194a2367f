"""PyTorch's own samples of its operators, computed by both libraries and compared.

`python -m tests.against_torch.operators [name …]` prints for each operator how many samples agree, and the first that
does not.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.autograd import grad

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="PyTorch's samples need it")
database = pytest.importorskip("torch.testing._internal.common_methods_invocations").op_db

# Of these only shapes and dtypes can be compared.
RANDOM = {
    "bernoulli",
    "cauchy",
    "empty",
    "empty_like",
    "empty_permuted",
    "empty_strided",
    "exponential",
    "geometric",
    "log_normal",
    "multinomial",
    "new_empty",
    "new_empty_strided",
    "normal",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "uniform",
    "nn.functional.dropout",
    "nn.functional.dropout2d",
    "nn.functional.dropout3d",
    "nn.functional.alpha_dropout",
    "nn.functional.feature_alpha_dropout",
    "nn.functional.rrelu",
    "nn.functional.fractional_max_pool2d",
    "nn.functional.fractional_max_pool3d",
}
CASTS = {"bfloat16", "bool", "double", "float", "half", "int", "long", "short"}  # dtypes at the top, methods of tensors
FILLS = {"cauchy", "exponential", "geometric", "log_normal", "uniform"}
# Where the values that are dropped at random are none if this argument is 0; and its place, if it has one.
DROPS = {"nn.functional.multi_head_attention_forward": 9, "nn.functional.scaled_dot_product_attention": None}
# PyTorch's own errors, where they are large: ours agree with SciPy to 1e-12.
LOOSE = {
    ("matrix_exp", torch.float32): 5e-3,
    **{(f"special.bessel_{kind}", torch.float64): 1e-5 for kind in ("j0", "j1", "y0", "y1")},
}


def ours(entry: Any) -> Callable[..., Any] | None:
    """Our function of an entry of PyTorch's table, or None if there is none."""
    name = entry.name
    if name in CASTS or name in ("where", "polygamma", "special.polygamma"):
        return getattr(tg.Tensor, name.removeprefix("special."))  # type: ignore[no-any-return]
    if f"{name}/{entry.variant_test_name}" == "normal/in_place" or name in FILLS:
        return getattr(tg.Tensor, f"{name}_")  # type: ignore[no-any-return]
    if name == "slice":
        return tg.slice_copy
    if name in ("mT", "mH"):
        return lambda x: getattr(x, name)
    if name == "zero_":  # PyTorch's samples are leaves
        return lambda x: x.clone().zero_()
    place: Any = tg
    for part in name.split("."):
        place = getattr(place, part, None)
    if place is None and "." not in name:
        place = getattr(tg.Tensor, name, None)
    if not callable(place) or isinstance(place, type):
        return None
    label = f"{name}/{entry.variant_test_name}"
    if label == "linalg.pinv/singular":
        return lambda a, b: tg.linalg.pinv(a @ b.mT)
    if name in ("pca_lowrank", "svd_lowrank"):
        return lambda a, b, **params: place(a @ b.mT, **params)
    if label == "linalg.lstsq/grad_oriented":
        return lambda a, b, driver: tg.linalg.lstsq(a, b, driver=driver)[:2]
    if isinstance(entry.op, partial):
        return partial(place, *entry.op.args, **entry.op.keywords)
    if name == "einsum":
        return lambda tensors, equation: tg.einsum(equation, tensors)
    if name in ("nn.functional.embedding", "nn.functional.embedding_bag"):
        return lambda weight, numbers, *args, **kwargs: place(numbers, weight, *args, **kwargs)
    if entry.name == "div" and entry.variant_test_name != "no_rounding_mode":
        return partial(place, rounding_mode=entry.variant_test_name.split("_")[0])
    return place  # type: ignore[no-any-return]


# The sign of a singular vector or an eigenvector is free, and vectors beyond the rank are any that fit.
SIGNS_ARE_FREE = {
    "svd": lambda u, s, v: (abs(u[..., : s.shape[-1]]), s, abs(v[..., : s.shape[-1]])),
    "linalg.svd": lambda u, s, vh: (abs(u[..., : s.shape[-1]]), s, abs(vh[..., : s.shape[-1], :])),
    "linalg.eigh": lambda values, vectors: (values, abs(vectors)),
    "pca_lowrank": lambda u, s, v: (abs(u), s, abs(v)),
    "svd_lowrank": lambda u, s, v: (abs(u), s, abs(v)),
}


def moved(value: Any, known: dict[int, Any] | None = None) -> Any:
    """An argument of PyTorch as one of ours; parts of one memory stay parts of one, and one tensor stays one."""
    known = {} if known is None else known
    if isinstance(value, torch.Tensor):
        if id(value) not in known:
            known[id(value)] = moved_tensor(value, known)
        return known[id(value)]
    if isinstance(value, torch.dtype):
        return getattr(tg, str(value).removeprefix("torch."), None)
    if isinstance(value, torch.nn.Module):
        return getattr(tg.nn, type(value).__name__)()
    if isinstance(value, tuple | list):
        parts = [moved(part, known) for part in value]
        return parts if type(value) is list else tuple(parts)
    if isinstance(value, dict):
        return {key: moved(part, known) for key, part in value.items()}
    if isinstance(value, torch.device):
        return str(value)
    return value


def moved_tensor(value: Any, known: dict[int, Any]) -> Any:
    if value.is_complex():
        raise TypeError("tensors hold real numbers")
    memory = value.untyped_storage()
    if not value.requires_grad and value.layout is torch.strided and memory.data_ptr():
        if (key := memory.data_ptr()) not in known:
            whole = torch.empty(0, dtype=value.dtype).set_(memory)
            known[key] = (value.dtype, tg.Tensor.from_array(whole.numpy().copy()))
        dtype, owner = known[key]
        if dtype == value.dtype:
            return owner.as_strided(tuple(value.shape), value.stride(), value.storage_offset())
    array = value.detach().numpy()
    made = tg.Tensor.from_array(array.copy(order="K") if array.flags.c_contiguous else array)
    made.storage.shared = True
    return made.requires_grad_() if value.requires_grad else made


def tensors(value: Any, kind: type) -> list[Any]:
    if isinstance(value, kind):
        return [value]
    if isinstance(value, dict):
        value = tuple(value.values())
    return [x for part in value for x in tensors(part, kind)] if isinstance(value, tuple | list) else []


def same(our: Any, their: Any, what: str, tolerance: float) -> None:
    if isinstance(their, torch.Tensor):
        assert isinstance(our, tg.Tensor), f"{what}: {type(our).__name__} instead of a tensor"
        assert tuple(our.shape) == tuple(their.shape), f"{what}: shape {our.shape} instead of {tuple(their.shape)}"
        assert str(our.dtype) == str(their.dtype)[6:], f"{what}: dtype {our.dtype} instead of {their.dtype}"
        if their.dtype is torch.bfloat16:
            our, their, tolerance = our.float(), their.float(), 1e-2
        expected = their.detach().numpy(force=True)
        tolerance = max(tolerance, 2e-5) if expected.dtype == "float32" else tolerance
        kind = {"rtol": tolerance, "atol": tolerance} if expected.dtype.kind == "f" else {"rtol": 0, "atol": 0}
        np.testing.assert_allclose(our.detach().array, expected, **kind, err_msg=what)
    elif isinstance(their, tuple | list):
        assert isinstance(our, tuple | list), f"{what}: {type(our).__name__} instead of {type(their).__name__}"
        assert len(our) == len(their), f"{what}: {len(our)} results instead of {len(their)}"
        for i, (a, b) in enumerate(zip(our, their, strict=True)):
            same(a, b, f"{what}[{i}]", tolerance)
    else:
        assert our == their, f"{what}: {our} instead of {their}"


def same_kind(our: Any, their: Any) -> None:
    for a, b in zip(tensors(our, tg.Tensor), tensors(their, torch.Tensor), strict=True):
        assert tuple(a.shape) == tuple(b.shape), f"shape {a.shape} instead of {tuple(b.shape)}"
        assert str(a.dtype) == str(b.dtype)[6:], f"dtype {a.dtype} instead of {b.dtype}"


def derivatives(lib: Any, kind: type, outputs: list[Any], inputs: list[Any], order: int) -> list[list[Any]]:
    found = []
    for level in range(order):
        wanted = [(i, out) for i, out in enumerate(outputs) if out.requires_grad]
        if not wanted:
            break
        weights = [
            lib.tensor(np.random.default_rng(level + i).standard_normal(tuple(out.shape)), dtype=out.dtype)
            for i, out in wanted
        ]
        differentiate = grad if lib is tg else torch.autograd.grad
        outputs = list(
            differentiate(
                [out for _, out in wanted],
                inputs,
                weights,
                create_graph=level + 1 < order,
                allow_unused=True,
                materialize_grads=True,
            )
        )
        found.append(outputs)
    return found


def compare(entry: Any, function: Callable[..., Any], sample: Any, order: int, tolerance: float) -> None:
    """Compute a sample by both, with derivatives up to an order; raises AssertionError where they differ."""
    arguments = (sample.input, *sample.args)
    if entry.name in DROPS:
        place = DROPS[entry.name]
        arguments = arguments if place is None else (*arguments[: place + 1], 0.0, *arguments[place + 2 :])
        sample.kwargs = sample.kwargs if place is not None else {**sample.kwargs, "dropout_p": 0.0}
    our_arguments, our_params = moved((arguments, sample.kwargs))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        their = entry.op(*arguments, **sample.kwargs)
        our = function(*our_arguments, **our_params)
        if entry.name in SIGNS_ARE_FREE:
            their, our = (SIGNS_ARE_FREE[entry.name](*found) for found in (their, our))
    if entry.name in RANDOM:
        return same_kind(our, their)
    same(our, their, "value", tolerance)
    pairs = [
        (a, b)
        for a, b in zip(
            tensors([our_arguments, our_params], tg.Tensor),
            tensors([arguments, sample.kwargs], torch.Tensor),
            strict=True,
        )
        if b.requires_grad
    ]
    results = list(zip(tensors(our, tg.Tensor), tensors(their, torch.Tensor), strict=True))
    results = [(a, b) for a, b in results if b.requires_grad]
    if not order or not pairs or not results:
        return None
    assert all(a.requires_grad for a, _ in results), "the result requires no gradient"
    if any(b.dtype.is_complex for _, b in results):
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            their_gradients = derivatives(torch, torch.Tensor, [b for _, b in results], [b for _, b in pairs], order)
        except RuntimeError as error:
            if order == 1 or "is not implemented" not in str(error):
                raise
            return compare(entry, function, sample, 1, tolerance)  # PyTorch has no second derivative
        our_gradients = derivatives(tg, tg.Tensor, [a for a, _ in results], [a for a, _ in pairs], order)
    for level, (mine, its) in enumerate(zip(our_gradients, their_gradients, strict=False)):
        same(mine, [g.detach() for g in its], f"derivative {level + 1}", tolerance * 10)
    return None


def samples(entry: Any, dtype: Any, cap: int | None, *, gradients: bool) -> Iterator[Any]:
    """PyTorch's samples of an operator, spread over all it has when there is a cap."""
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - PyTorch's samples draw from it
    every = entry.sample_inputs("cpu", dtype, requires_grad=gradients)
    found = list(islice(every, 400 if cap is None else 4 * cap))
    yield from found if cap is None or len(found) <= cap else found[:: -(-len(found) // cap)]


def described(sample: Any) -> str:
    """A sample in one line: shapes and dtypes instead of values."""
    parts = (sample.input, *sample.args)
    shown = tuple((tuple(x.shape), str(x.dtype)[6:]) if isinstance(x, torch.Tensor) else x for x in parts)
    return " ".join(f"{shown} {sample.kwargs}".split())[:300]


def tally(
    entry: Any, function: Callable[..., Any], dtype: Any, cap: int | None = None, order: int = 2
) -> tuple[int, int, str]:
    """How many samples agree, of how many, and the first that does not."""
    gradients = dtype is torch.float64 and entry.supports_autograd
    order = min(order, 2 if entry.supports_gradgrad else 1) if gradients else 0
    good, count, first = 0, 0, ""
    for sample in samples(entry, dtype, cap, gradients=gradients):
        count += 1
        try:
            tolerance = LOOSE.get((entry.name, dtype), 1e-4 if dtype is torch.float32 else 1e-8)
            compare(entry, function, sample, order, tolerance)
            good += 1
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            first = first or f"{described(sample)}\n        {type(error).__name__}: {said}"
    return good, count, first


def wrong_errors(entry: Any, function: Callable[..., Any]) -> list[str]:
    """The inputs that PyTorch refuses and we accept, or refuse with another kind of error."""
    found: list[str] = []
    for wrong in entry.error_inputs("cpu") if entry.error_inputs_func is not None else ():
        sample = wrong.sample_input
        try:
            args, kwargs = moved(((sample.input, *sample.args), sample.kwargs))
        except (TypeError, RuntimeError, ValueError):
            continue
        try:
            with np.errstate(all="ignore"):
                function(*args, **kwargs)
            got = "nothing"
        except wrong.error_type:
            continue
        except Exception as error:
            got = repr(error)[:150]
        found.append(f"{described(sample)}: {wrong.error_type.__name__}, got {got}")
    return found


def entries() -> Iterator[tuple[str, Any]]:
    """The entries of PyTorch's table that name an operator of the public surface, with their names."""
    for entry in sorted(database, key=lambda e: e.name):
        if not entry.name.startswith(("_", "fft", "signal", "sparse", "torch.", "jiterator", "masked.")):
            yield entry.name + ("/" + entry.variant_test_name if entry.variant_test_name else ""), entry


def report(names: list[str]) -> None:
    passed = total = present = 0
    for label, entry in entries():
        if names and not any(label.startswith(name) for name in names):
            continue
        function = ours(entry)
        if function is None:
            print(f"   absent {label}")
            continue
        present += 1
        lines = []
        for dtype in (torch.float64, torch.float32, torch.int64, torch.bool):
            if dtype in entry.dtypes:
                try:
                    good, count, first = tally(entry, function, dtype)
                except Exception as error:  # some samples can't be made on this machine
                    good, count, first = 0, 0, repr(error)[:200]
                passed, total = passed + good, total + count
                if first:
                    lines.append(f"    {str(dtype)[6:]} {good}/{count}: {first}")
        lines += [f"    error {line}" for line in wrong_errors(entry, function)[:3]]
        if lines:
            print("\n".join([label, *lines]))
    print(f"{present} operators, {passed} of {total} samples agree")


if __name__ == "__main__":
    report(sys.argv[1:])
