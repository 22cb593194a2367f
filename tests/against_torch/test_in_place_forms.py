"""Every method `f_` beside PyTorch's, on tensors with a history, on views of them, and on memory that others saved."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.errors import DtypeError, GraphError, ShapeError

torch = pytest.importorskip("torch")

VALUES = np.array([[0.3, -0.7, 0.45], [0.9, 0.2, -0.15]])
OTHERS = np.array([[0.6, 0.8, 0.35], [0.7, 1.2, 0.55]])
ONE = "acos asin atan sin cos tan sinh cosh ceil floor trunc frac round sign square reciprocal expm1 exp2"
ONE += " erf erfc erfinv deg2rad rad2deg sinc nan_to_num tril triu exp neg abs tanh sigmoid"
ABOVE = "log1p log2 log10 lgamma digamma rsqrt log sqrt"
TWO = "add sub mul div atan2 copysign fmod hypot eq ne lt le gt ge xlogy ldexp remainder"


def mask(lib: Any) -> Any:
    return lib.tensor(VALUES > 0)


def tensor(lib: Any, values: Any = OTHERS) -> Any:
    return lib.tensor(values, dtype=lib.float64)


CALLS: dict[str, Callable[[Any, Any], Any]] = {
    **{f"{name}_": lambda lib, x, name=name: getattr(x, f"{name}_")() for name in ONE.split()},
    **{f"{name}_": lambda lib, x, name=name: getattr(x.add_(2.5), f"{name}_")() for name in ABOVE.split()},
    **{f"{name}_": lambda lib, x, name=name: getattr(x, f"{name}_")(tensor(lib)) for name in TWO.split()},
    "addcdiv_": lambda lib, x: x.addcdiv_(tensor(lib), tensor(lib) + 1, value=2),
    "addcmul_": lambda lib, x: x.addcmul_(x, tensor(lib), value=-1),
    "addmm_": lambda lib, x: x.addmm_(tensor(lib), tensor(lib, np.ones((3, 3))), beta=0.5, alpha=2),
    "addr_": lambda lib, x: x.addr_(tensor(lib, [1, 2]), tensor(lib, [3, 4, 5])),
    "clamp_": lambda lib, x: x.clamp_(-0.2, 0.4),
    "clamp_max_": lambda lib, x: x.clamp_max_(0.25),
    "clamp_min_": lambda lib, x: x.clamp_min_(0.25),
    "cumprod_": lambda lib, x: x.cumprod_(1),
    "cumsum_": lambda lib, x: x.cumsum_(0),
    "fill_diagonal_": lambda lib, x: x.fill_diagonal_(7),
    "index_add_": lambda lib, x: x.index_add_(1, lib.tensor([0, 2, 0]), tensor(lib), alpha=2),
    "index_copy_": lambda lib, x: x.index_copy_(1, lib.tensor([2, 0]), tensor(lib)[:, :2]),
    "index_fill_": lambda lib, x: x.index_fill_(1, lib.tensor([2, 0]), 3),
    "index_put_": lambda lib, x: x.index_put_((lib.tensor([0, 1]), lib.tensor([2, 2])), tensor(lib, [8, 9])),
    "index_put_ accumulate": lambda lib, x: x.index_put_((lib.tensor([1, 1]),), tensor(lib), accumulate=True),
    "index_reduce_": lambda lib, x: x.index_reduce_(0, lib.tensor([1, 1]), tensor(lib), "prod"),
    "lerp_": lambda lib, x: x.lerp_(tensor(lib), 0.25),
    "logit_": lambda lib, x: x.logit_(0.1),
    "masked_fill_": lambda lib, x: x.masked_fill_(mask(lib), 5),
    "masked_scatter_": lambda lib, x: x.masked_scatter_(mask(lib), tensor(lib)),
    "polygamma_": lambda lib, x: x.add_(2).polygamma_(1),
    "pow_": lambda lib, x: x.pow_(3),
    "put_": lambda lib, x: x.put_(lib.tensor([5, 1]), tensor(lib, [8, 9])),
    "renorm_": lambda lib, x: x.renorm_(2, 0, 0.5),
    "scatter_": lambda lib, x: x.scatter_(1, lib.tensor([[0, 1], [2, 0]]), tensor(lib)),
    "scatter_add_": lambda lib, x: x.scatter_add_(1, lib.tensor([[0, 0], [2, 0]]), tensor(lib)),
    "scatter_reduce_": lambda lib, x: x.scatter_reduce_(1, lib.tensor([[0, 0], [2, 0]]), tensor(lib)[:, :2], "amax"),
    "zero_": lambda lib, x: x.zero_(),
    "copy_": lambda lib, x: x.copy_(tensor(lib, [1, 2, 3])),
}


def outcome(lib: Any, call: Callable[[Any, Any], Any], view: str) -> list[Any]:
    """The values after a call, of the tensor and of its base, and the gradient of the leaf that both came from."""
    shape = {"none": (2, 3), "columns": (2, 4), "transposed": (3, 2)}[view]
    start = np.zeros(shape)
    start[...] = np.pad(VALUES, ((0, 0), (0, 1))) if view == "columns" else VALUES.T if view == "transposed" else VALUES
    leaf = lib.tensor(start, dtype=lib.float64, requires_grad=True)
    base = leaf * 1.0
    x = base[:, :3] if view == "columns" else base.t() if view == "transposed" else base
    version = x._version
    returned = call(lib, x)
    assert returned is x
    assert x._version > version
    if base.requires_grad:  # constants that fill it end our history, while PyTorch's goes on with gradients of 0
        (base * lib.tensor(np.arange(1.0, base.numel() + 1).reshape(shape))).sum().backward()
    grad = np.zeros(shape) if leaf.grad is None else np.asarray(leaf.grad.tolist())
    return [x.detach().numpy(), base.detach().numpy(), grad]


@pytest.mark.filterwarnings("ignore:index_reduce")
@pytest.mark.parametrize("view", ["none", "columns", "transposed"])
@pytest.mark.parametrize("name", CALLS)
def test_it_does_what_pytorch_does(name: str, view: str) -> None:
    if (name, view) == ("fill_diagonal_", "columns"):
        pytest.skip("PyTorch differentiates the whole base here, and fills only the view")
    for mine, its in zip(outcome(tg, CALLS[name], view), outcome(torch, CALLS[name], view), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["logical_and_", "logical_or_", "logical_xor_", "logical_not_"])
def test_logic_has_no_derivative(name: str) -> None:
    """PyTorch passes the gradient through unchanged, as if nothing had been written."""
    given = (lambda lib: ()) if name == "logical_not_" else (lambda lib: (tensor(lib) > 0.65,))
    base = tensor(tg, VALUES).requires_grad_() * 1
    assert not getattr(base, name)(*given(tg)).requires_grad
    assert base.tolist() == getattr(tensor(torch, VALUES), name)(*given(torch)).tolist()


def test_a_tensor_may_be_its_own_argument() -> None:
    leaf = tg.tensor([2.0, 3.0], requires_grad=True)
    x = leaf * 1
    x.mul_(x).addcmul_(x, x)
    x.sum().backward()
    assert x.tolist() == [20, 90]
    assert leaf.grad.tolist() == [36, 114]


@pytest.mark.parametrize("name", ["acosh", "asinh", "atanh"])
def test_those_that_pytorch_does_not_differentiate(name: str) -> None:
    leaf = tg.tensor([1.25, 1.5] if name == "acosh" else [0.25, -0.5], requires_grad=True)
    x = leaf * 1
    getattr(x, f"{name}_")().sum().backward()
    expected = getattr(leaf, name)()
    assert x.tolist() == expected.tolist()
    assert leaf.grad.tolist() == tg.autograd.grad(expected.sum(), leaf)[0].tolist()


def test_saved_values_are_guarded() -> None:
    x = tg.ones(3, requires_grad=True) * 2
    y = x.square()
    x.sin_()
    with pytest.raises(GraphError, match="sin_ changed it in place"):
        y.sum().backward()


def test_what_does_not_fit() -> None:
    with pytest.raises(DtypeError, match="sin_: a result of dtype float32 can't be kept in a tensor of dtype int64"):
        tg.arange(3).sin_()
    with pytest.raises(ShapeError, match="atan2_: a result of shape"):
        tg.ones(3).atan2_(tg.ones(2, 3))
    with pytest.raises(GraphError, match="cos_: this tensor of shape"):
        tg.ones(2, requires_grad=True).cos_()
    with pytest.raises(NotImplementedError, match="set_"):
        tg.ones(2).set_(tg.ones(3))
    with pytest.raises(GraphError, match="resize_"):
        tg.ones(2, requires_grad=True).resize_(4)


@pytest.mark.parametrize(("shape", "wrap"), [((5, 2), False), ((5, 2), True), ((2, 5), True), ((3, 3, 3), False)])
def test_diagonals(shape: tuple[int, ...], wrap: bool) -> None:
    mine, its = tg.zeros(*shape).fill_diagonal_(1, wrap), torch.zeros(*shape).fill_diagonal_(1, wrap)
    assert mine.tolist() == its.tolist()


def test_other_shapes_in_place() -> None:
    for lib in (tg, torch):
        x = lib.arange(6.0).reshape(2, 3).clone()
        assert x.t_() is x
        assert x.tolist() == [[0, 3], [1, 4], [2, 5]]
        assert x.transpose_(0, 1).swapaxes_(0, 1).shape == (3, 2)
        y = lib.arange(6)
        assert y.resize_(2, 2).tolist() == [[0, 1], [2, 3]]
        assert y.resize_(5).shape == (5,)
        assert y[:4].tolist() == [0, 1, 2, 3]
        assert y.resize_as_(lib.ones(1, 2)).tolist() == [[0, 1]]
        z = lib.tensor([1, 4])
        z <<= 2
        z >>= 1
        assert z.tolist() == [2, 8]
