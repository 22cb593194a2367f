"""Loss scaling, also beside PyTorch's."""

from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn


def setting(**options: Any) -> tuple[Any, Any, Any]:
    weight = nn.Parameter(tg.ones(3))
    return weight, tg.optim.SGD([weight], lr=0.1), tg.amp.GradScaler("cpu", init_scale=1024.0, **options)


def test_a_step_with_an_infinity_is_left_out() -> None:
    weight, optimizer, scaler = setting(growth_interval=2)
    for factor, expected, scale in (
        (1.0, 0.9, 1024.0),
        (float("inf"), 0.9, 512.0),
        (float("nan"), 0.9, 256.0),
        (1.0, 0.8, 256.0),
        (1.0, 0.7, 512.0),  # two in a row without
    ):
        optimizer.zero_grad()
        scaler.scale((weight * factor).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert weight.tolist() == pytest.approx([expected] * 3)
        assert scaler.get_scale() == scale


def test_gradients_are_divided_once() -> None:
    weight, optimizer, scaler = setting()
    scaler.scale(weight.sum()).backward()
    assert weight.grad.tolist() == [1024.0] * 3
    scaler.unscale_(optimizer)
    assert weight.grad.tolist() == [1.0] * 3
    nn.utils.clip_grad_norm_([weight], 0.5)
    scaler.step(optimizer)
    assert weight.tolist() == pytest.approx([1 - 0.05 / 3**0.5] * 3)
    with pytest.raises(RuntimeError, match=r"step\(\) has already been called since the last update"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) is being called after step"):
        scaler.unscale_(optimizer)
    scaler.update()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) has already been called"):
        scaler.unscale_(optimizer)


def test_several_losses_and_optimizers() -> None:
    weights = [nn.Parameter(tg.ones(1)) for _ in range(2)]
    optimizers = [tg.optim.SGD([weight], lr=0.5) for weight in weights]
    scaler = tg.amp.GradScaler("cpu", init_scale=4.0)
    losses = scaler.scale([weights[0].sum(), (weights[1] * float("inf")).sum()])
    for loss in losses:
        loss.backward()
    for optimizer in optimizers:
        scaler.step(optimizer)
    scaler.update()
    assert [weight.item() for weight in weights] == [0.5, 1.0]  # each is judged by its own gradients
    assert scaler.get_scale() == 2.0


def test_underflow_is_avoided() -> None:
    """1e-8 is 0 in float16."""
    for scale, expected in ((1.0, 0.0), (65536.0, 1e-8)):
        x = nn.Parameter(tg.ones(1))
        optimizer, scaler = tg.optim.SGD([x], lr=1.0), tg.amp.GradScaler("cpu", init_scale=scale)
        scaler.scale((x.half() * 1.0).float().sum() * 1e-8).backward()
        scaler.unscale_(optimizer)
        assert x.grad.item() == pytest.approx(expected, rel=1e-3)


def test_states() -> None:
    weight, optimizer, scaler = setting()
    scaler.scale(weight.sum()).backward()
    scaler.step(optimizer)
    scaler.update(new_scale=tg.tensor(8.0))
    other = tg.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    assert other.state_dict() == scaler.state_dict()
    assert other.get_scale() == 8.0
    other.set_growth_factor(3.0)
    other.set_backoff_factor(0.25)
    other.set_growth_interval(7)
    assert (other.get_growth_factor(), other.get_backoff_factor(), other.get_growth_interval()) == (3.0, 0.25, 7)
    with pytest.raises(RuntimeError, match="this state is empty"):
        other.load_state_dict({})


def test_not_enabled_hands_everything_on() -> None:
    weight, optimizer, scaler = setting(enabled=False)
    loss = weight.sum()
    assert scaler.scale(loss) is loss
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    scaler.load_state_dict({})
    assert weight.tolist() == pytest.approx([0.9] * 3)
    assert (scaler.get_scale(), scaler.state_dict(), scaler.is_enabled()) == (1.0, {}, False)
    with pytest.warns(UserWarning, match="GradScaler: CUDA is not available, so nothing is scaled"):
        assert not tg.amp.GradScaler().is_enabled()


def test_mistakes() -> None:
    weight, optimizer, scaler = setting()
    for call in (scaler.update, lambda: scaler.step(optimizer), lambda: scaler.unscale_(optimizer)):
        with pytest.raises(AssertionError, match="nothing was scaled yet"):
            call()
    with pytest.raises(ValueError, match="expected a tensor, or tensors in lists; got str"):
        scaler.scale("loss")
    scaler.scale(weight.sum())
    with pytest.raises(AssertionError, match="no gradients were looked at"):
        scaler.update()
    with pytest.raises(RuntimeError, match="closures are not supported"):
        scaler.step(optimizer, closure=lambda: 0)
    half = nn.Parameter(tg.ones(2, dtype=tg.float16))
    half.grad = tg.ones(2, dtype=tg.float16)
    with pytest.raises(ValueError, match="float16 gradients; keep parameters in float32"):
        scaler.unscale_(tg.optim.SGD([half], lr=0.1))
    with pytest.raises(AssertionError, match="growth_factor must be over 1"):
        tg.amp.GradScaler("cpu", growth_factor=1.0)
    with pytest.raises(AssertionError, match="backoff_factor must be between 0 and 1"):
        tg.amp.GradScaler("cpu", backoff_factor=1.0)


def test_like_pytorch() -> None:
    torch = pytest.importorskip("torch")
    found = []
    for lib in (tg, torch):
        weight = lib.nn.Parameter(lib.ones(2))
        optimizer, scaler = lib.optim.SGD([weight], lr=0.1), lib.amp.GradScaler("cpu", growth_interval=3)
        course = []
        for step in range(12):
            optimizer.zero_grad()
            scaler.scale((weight * (float("inf") if step in (2, 7) else 1.0)).sum()).backward()
            scaler.step(optimizer)
            scaler.update()
            course.append((scaler.get_scale(), round(weight[0].item(), 5), scaler.state_dict()))
        found.append(course)
    assert found[0] == found[1]
