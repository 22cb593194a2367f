"""Dual numbers: what moves, and what is refused. tests/against_torch compares them with PyTorch."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.autograd import forward_ad as fwd


def test_a_network_moves_with_its_parameters_and_its_input() -> None:
    net, x = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(8, 3)), tg.randn(2, 1, 4, 4)
    names = [name for name, _ in net.named_parameters()]
    values = tuple(p.detach() for p in net.parameters())
    moves = tuple(tg.randn(*p.shape) for p in values)
    expected, slope = tg.func.jvp(
        lambda *ps: tg.func.functional_call(net, dict(zip(names, ps, strict=True)), (x,)), values, moves
    )
    with fwd.dual_level():
        duals = {name: fwd.make_dual(p, v) for name, p, v in zip(names, values, moves, strict=True)}
        primal, tangent = fwd.unpack_dual(tg.func.functional_call(net, duals, (x,)))
    assert tg.allclose(primal, expected)
    assert tg.allclose(tangent, slope, atol=1e-5)
    assert not primal.requires_grad


def test_a_dual_can_be_written_to_and_differentiated() -> None:
    w = tg.tensor([2.0, 3.0], requires_grad=True)
    with fwd.dual_level():
        dual = fwd.make_dual(w, tg.ones(2))
        dual.mul_(dual)
        primal, tangent = fwd.unpack_dual(dual)
        assert (primal.tolist(), tangent.tolist()) == ([4, 9], [4, 6])
        assert tg.autograd.grad(tangent.sum(), w)[0].tolist() == [2, 2]
    assert fwd.unpack_dual(dual).tangent is None


def test_what_does_not_move() -> None:
    with fwd.dual_level():
        x = fwd.make_dual(tg.ones(2), tg.ones(2))
        assert fwd.unpack_dual(x.detach()).tangent is None
        assert fwd.unpack_dual(tg.ones(2, requires_grad=True) * 2).tangent is None
        assert fwd.unpack_dual(x > 0).tangent is None
        with tg.no_grad():
            assert fwd.unpack_dual(x * 2).tangent is None


def test_what_is_refused() -> None:
    with pytest.raises(RuntimeError, match="make_dual: there is no level to make it in"):
        fwd.make_dual(tg.ones(1), tg.ones(1))
    with pytest.raises(RuntimeError, match="exit_dual_level: there is no such level to leave"):
        fwd.exit_dual_level()
    with pytest.raises(TypeError, match="unpack_dual: expected a tensor; got int"):
        fwd.unpack_dual(3)
    with fwd.dual_level():
        with pytest.raises(RuntimeError, match="enter_dual_level: levels can't be nested"):
            fwd.enter_dual_level()
        with pytest.raises(TypeError, match="make_dual: the first argument must be floating-point"):
            fwd.make_dual(tg.tensor([1]), tg.tensor([1]))
        with pytest.raises(TypeError, match="make_dual: the tangent must be a tensor; got float"):
            fwd.make_dual(tg.ones(1), 1.0)
        with pytest.raises(RuntimeError, match=r"must have the shape of the tensor, \(1,\); got \(2,\)"):
            fwd.make_dual(tg.ones(1), tg.ones(2))
        with pytest.raises(RuntimeError, match="must have the dtype of the tensor, float32; got float64"):
            fwd.make_dual(tg.ones(1), tg.ones(1, dtype=tg.float64))
