"""Old names, NumPy's functions on tensors, shared memory, text: beside PyTorch."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.against_torch.test_autograd_surface import plain

torch = pytest.importorskip("torch")

# PyTorch's own way with NumPy is deprecated by NumPy.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def kind(x: Any) -> Any:
    return (str(x.dtype).removeprefix("torch."), tuple(x.shape)) if hasattr(x, "dtype") else type(x).__name__


def same(program: Any) -> None:
    ours, theirs = program(tg), program(torch)
    assert plain(ours) == plain(theirs)
    assert kind(ours) == kind(theirs)


TYPES = [
    *("BoolTensor", "ByteTensor", "CharTensor", "ShortTensor", "IntTensor", "LongTensor"),
    *("HalfTensor", "FloatTensor", "DoubleTensor"),
]


@pytest.mark.parametrize("name", TYPES)
def test_types_of_old_programs(name: str) -> None:
    same(lambda lib: getattr(lib, name)([[1, 0], [1, 1]]))
    same(lambda lib: getattr(lib, name)(2, 3).shape)
    same(lambda lib: getattr(lib, name)(lib.ones(2, 3).shape).shape)
    same(lambda lib: getattr(lib, name)())
    same(lambda lib: lib.ones(2).type(getattr(lib, name)))
    same(lambda lib: lib.ones(2).type(f"torch.{name}").type())
    same(lambda lib: lib.ones(2, dtype=lib.ones(1).type(getattr(lib, name)).dtype).type())
    same(lambda lib: [isinstance(lib.ones(1).type(getattr(lib, other)), getattr(lib, name)) for other in TYPES])
    same(lambda lib: isinstance(3, getattr(lib, name)))


def test_values_are_cast() -> None:
    assert tg.LongTensor(np.array([1.5])).tolist() == [1]
    array = np.ones(2, dtype=np.float32)
    assert not np.shares_memory(tg.FloatTensor(array).numpy(), array)
    with pytest.raises(TypeError, match="FloatTensor: expected sizes, or one array or list of values; got 2 arguments"):
        tg.FloatTensor([1.0], [2.0])


def test_types_on_cuda() -> None:
    kind = tg.cuda.FloatTensor
    assert not isinstance(tg.ones(1), kind)
    assert repr(kind) == "<class 'cuda.FloatTensor'>"
    if not tg.cuda.is_available():
        for use in (lambda: kind(2), lambda: tg.ones(1).type(kind), lambda: tg.ones(1).type("torch.cuda.FloatTensor")):
            with pytest.raises(RuntimeError, match="device 'cuda' is not available"):
                use()
        with pytest.raises(RuntimeError, match="device 'cuda' is not available"):
            tg.set_default_tensor_type(kind)


def test_the_default_type() -> None:
    before = tg.get_default_dtype()
    try:
        tg.set_default_tensor_type(tg.DoubleTensor)
        assert tg.ones(1).type() == "torch.DoubleTensor"
        assert tg.Tensor([1]).dtype == tg.Tensor(1).dtype == tg.float64
        assert tg.finfo().bits == 64
        with pytest.raises(TypeError):
            tg.set_default_tensor_type("torch.LongTensor")
    finally:
        tg.set_default_dtype(before)


@pytest.mark.filterwarnings("ignore:volatile was removed:UserWarning")
def test_variables() -> None:
    def program(lib: Any) -> Any:
        variable = lib.autograd.Variable
        base = lib.ones(2)
        x = variable(base, requires_grad=True)
        cut = variable(x * 2)
        base.mul_(3)
        return (
            *(isinstance(x, variable), isinstance(3, variable), x, x.requires_grad, x.is_leaf),
            *(cut.requires_grad, variable().shape, variable(base, volatile=True).requires_grad),
        )

    same(program)
    with pytest.raises(TypeError, match="Variable: expected a tensor; got int"):
        tg.autograd.Variable(3)


def test_names() -> None:
    same(lambda lib: [lib.typename(x) for x in (lib.ones(1), lib.ones(1).long(), 3, "a", [1])])


def test_sizes() -> None:
    def program(lib: Any) -> Any:
        size = lib.ones(2, 3, 4).shape
        other = lib.ones(2, 3, 4).size()
        parts = (size[1:], size + (1,), size * 2, 2 * size, lib.Size([5, 6]))  # noqa: RUF005 - the sum is what is tested
        return (
            *(
                size == other,
                size == (2, 3, 4),
                size.numel(),
                size[1],
                size[-1],
                list(size),
                hash(size) == hash((2, 3, 4)),
            ),
            *((tuple(part), part.numel(), isinstance(part, lib.Size)) for part in parts),
            *(len(size), lib.ones(size).shape, lib.ones(()).shape.numel(), lib.zeros(*size[:2]).shape, 3 in size),
        )

    same(program)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_limits_of_floats(dtype: str) -> None:
    names = ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype")
    same(lambda lib: [getattr(lib.finfo(getattr(lib, dtype)), name) for name in names])
    assert repr(tg.finfo(getattr(tg, dtype))) == repr(torch.finfo(getattr(torch, dtype)))
    with pytest.raises(TypeError, match="iinfo: expected an integer dtype; got float"):
        tg.iinfo(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64"])
def test_limits_of_integers(dtype: str) -> None:
    same(lambda lib: [getattr(lib.iinfo(getattr(lib, dtype)), name) for name in ("bits", "max", "min", "dtype")])
    assert repr(tg.iinfo(getattr(tg, dtype))) == repr(torch.iinfo(getattr(torch, dtype)))
    with pytest.raises(TypeError, match=r"finfo: expected a floating-point dtype; got u?int"):
        tg.finfo(dtype)


# NumPy ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        lambda x: np.sin(x),
        lambda x: np.negative(x) + 1,
        lambda x: np.maximum(x, 0.5),
        lambda x: np.multiply(np.array([2.0, 3.0]), x),
        lambda x: np.float64(2) * x,
        lambda x: np.float32(2) / x,
        lambda x: np.array(2.0) - x,
        lambda x: np.array([2.0, 3.0]) * x,
        lambda x: np.array([2.0, 3.0]) - x,
        lambda x: np.array([2.0, 3.0]) ** x,
        lambda x: np.array([[2.0, 3.0], [4.0, 5.0]]) @ x,
        lambda x: x * np.array([2.0, 3.0]),
        lambda x: np.arctan(np.absolute(x)),
        lambda x: np.power(x, 3),
        lambda x: np.power(2.0, x),
        lambda x: np.tanh(np.exp(x) / np.sqrt(x)),
    ],
)
def test_numpys_functions_keep_gradients(program: Any) -> None:
    values = np.array([0.3, 1.7])
    x = tg.tensor(values, requires_grad=True)
    out = program(x)
    assert type(out) is tg.Tensor
    assert out.dtype == tg.float64
    np.testing.assert_allclose(out.numpy(force=True), program(values))
    assert tg.autograd.gradcheck(program, x)
    plain = program(tg.tensor(values))
    assert not plain.requires_grad
    assert plain.tolist() == out.tolist()


def test_numpys_comparisons() -> None:
    x, array = tg.tensor([1.0, 2.0]), np.array([2.0, 2.0])
    assert (array == x).tolist() == [False, True]
    assert (array > x).tolist() == [True, False]
    assert (array >= x).dtype == tg.bool
    assert np.isnan(x).dtype == tg.bool
    assert np.logical_and(x > 0, x > 1).tolist() == [False, True]


def test_numpys_other_functions() -> None:
    x = tg.tensor([1.0, 2.0])
    assert np.spacing(x).tolist() == np.spacing(x.numpy()).tolist()
    whole, _ = np.divmod(x, x)
    assert type(whole) is tg.Tensor
    assert np.add.reduce(x).item() == 3
    array = np.ones(2, dtype=np.float32)
    array += x
    assert type(array) is np.ndarray
    assert array.tolist() == [2, 3]
    np.add(x, 1, out=array)
    assert array.tolist() == [2, 3]


def test_a_gradient_is_never_lost() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    array = np.ones(2)
    with pytest.raises(TypeError, match=r"numpy.spacing on tensors: one of the tensors requires grad, which would be"):
        np.spacing(x)
    with pytest.raises(TypeError, match=r"numpy.add by its method reduce: one of the tensors requires grad"):
        np.add.reduce(x)
    with pytest.raises(TypeError, match=r"numpy.add into an array: one of the tensors requires grad"):
        array += x
    for lose in (np.asarray, np.concatenate, np.array, np.linalg.norm):
        with pytest.raises(RuntimeError, match=r"requires grad.*use \.detach\(\)\.numpy\(\)"):
            lose([x, x] if lose is np.concatenate else x)


@pytest.mark.parametrize(
    "program",
    [
        np.sum,
        lambda x: np.sum(x, axis=1),
        lambda x: np.mean(x, 0, keepdims=True),
        lambda x: np.max(x, axis=(0, 1)),
        lambda x: np.amin(x, axis=-1),
        lambda x: np.prod(x, axis=0),
        np.prod,
        np.std,
        lambda x: np.var(x, axis=1, ddof=1),
        lambda x: np.mean(x, keepdims=True, axis=(0, 1)),
    ],
)
def test_numpys_reductions_keep_gradients(program: Any) -> None:
    values = np.array([[0.3, 1.7, -1.0], [2.0, 0.5, 0.1]])
    x = tg.tensor(values, requires_grad=True)
    out = program(x)
    np.testing.assert_allclose(out.numpy(force=True), program(values))
    assert out.shape == program(values).shape
    assert tg.autograd.gradcheck(program, x)


def test_numpys_functions_of_arrays() -> None:
    x = tg.tensor([[1.0, 2.0], [4.0, 3.0]], requires_grad=True)
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((2, 2), 2, 4)
    plain = x.detach()
    assert type(np.sort(plain)) is np.ndarray
    assert np.stack([plain, plain]).shape == (2, 2, 2)
    assert np.sum(plain, dtype=np.float64) == 10
    assert np.prod(plain, axis=(0, 1)) == 24
    assert np.allclose(plain, [[1, 2], [4, 3]])
    assert np.where(plain > 2, plain, 0).tolist() == [[0, 0], [4, 3]]
    for lose in (np.sort, np.cumsum, lambda x: np.sum(x, dtype=np.float64), lambda x: np.stack([x, x])):
        with pytest.raises(RuntimeError, match=r"requires grad.*use \.detach\(\)\.numpy\(\)"):
            lose(x)


def test_as_an_array() -> None:
    same(lambda lib: np.asarray(lib.ones(2)).dtype.name)
    same(lambda lib: np.array(lib.ones(2), dtype=int).tolist())
    same(lambda lib: np.concatenate([lib.ones(2), np.ones(2)]).tolist())
    x = tg.ones(2)
    np.asarray(x)[0] = 5
    assert x.tolist() == [5, 1]


# DLPack ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int8", "int32", "int64", "bool"])
def test_memory_is_shared(dtype: str) -> None:
    array = np.zeros((2, 3), dtype=dtype)
    theirs = torch.zeros(2, 3, dtype=getattr(torch, dtype))
    for other in (array, theirs, array[:, ::2], theirs.t()):
        x = tg.from_dlpack(other)
        assert tuple(x.shape) == tuple(other.shape)
        assert str(x.dtype) == dtype
        x[0, 1] = 1
        assert other[0, 1] == 1
        x[0, 1] = 0
    ours = tg.zeros(2, 3, dtype=getattr(tg, dtype))
    for take in (np.from_dlpack, torch.from_dlpack, torch.utils.dlpack.from_dlpack, tg.from_dlpack):
        other = take(ours)
        ours[1, 2] = 1
        assert other[1, 2] == 1
        ours[1, 2] = 0
    assert torch.from_dlpack(ours.t()).shape == (3, 2)


def test_capsules() -> None:
    x = tg.ones(2)
    for capsule in (tg.utils.dlpack.to_dlpack(x), torch.utils.dlpack.to_dlpack(torch.from_dlpack(x))):
        y = tg.utils.dlpack.from_dlpack(capsule)
        x[0] += 1
        assert y.tolist() == x.tolist()


def test_writes_to_shared_memory_count() -> None:
    w = tg.ones(2, requires_grad=True)
    x = tg.ones(2)
    other = tg.from_dlpack(np.from_dlpack(x))
    y = (w * x).sum()
    x.add_(1)
    assert other.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="add_ changed it in place"):
        y.backward()


def test_what_cannot_be_shared() -> None:
    x = tg.ones(2, requires_grad=True)
    for give in (np.from_dlpack, torch.from_dlpack, tg.utils.dlpack.to_dlpack):
        with pytest.raises(BufferError, match=r"requires grad, and another library would lose it; use \.detach\(\)"):
            give(x)
    with pytest.raises(TypeError, match="from_dlpack: expected an array with __dlpack__; got list"):
        tg.from_dlpack([1])
    with pytest.raises(TypeError, match=r"values of dtype complex128 are not numbers that a tensor can hold"):
        tg.from_dlpack(np.zeros(2, dtype=complex))
    assert tg.from_dlpack(x).requires_grad is False
    frozen = np.ones(2)
    frozen.flags.writeable = False
    with pytest.raises((RuntimeError, BufferError)):
        tg.from_dlpack(frozen).add_(1)


# Python ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        lambda lib: float(lib.ones(3)),
        lambda lib: int(lib.ones(2)),
        lambda lib: [1, 2, 3][lib.tensor(1)],
        lambda lib: [1, 2, 3][lib.tensor([1])],
        lambda lib: [1, 2, 3][lib.tensor(1.0)],
        lambda lib: len(lib.tensor(1)),
        lambda lib: list(lib.tensor(1)),
        lambda lib: [x.shape for x in lib.ones(2, 3)],
        lambda lib: bool(lib.ones(2)),
        lambda lib: bool(lib.tensor([])),
        lambda lib: [2 in lib.tensor([1, 2]), lib.tensor(3) in lib.tensor([1, 2])],
        lambda lib: "a" in lib.tensor([1, 2]),
        lambda lib: f"{lib.tensor(1.5):.3f} {lib.tensor(1.5)} {lib.tensor([1.5])} {lib.tensor(7):04d}",
        lambda lib: f"{lib.tensor([1.5]):.3f}",
        lambda lib: complex(lib.tensor(1.5)).real,
        lambda lib: {lib.tensor(1): 2}.__len__(),
        lambda lib: len({hash(x) for x in [lib.ones(2), lib.ones(2)]}),  # both alive, so at two addresses
        lambda lib: range(lib.tensor(3)),
        lambda lib: lib.ones(1).is_inference(),
        lambda lib: lib.ones(2, 3).T.stride(),
    ],
)
def test_as_python_sees_it(program: Any) -> None:
    answers: list[Any] = []
    for lib in (tg, torch):
        try:
            answers.append(plain(program(lib)))
        except Exception as error:
            answers.append(type(error))
    if isinstance(answers[1], type):
        assert issubclass(answers[0], answers[1]), answers
    else:
        assert answers[0] == answers[1]
