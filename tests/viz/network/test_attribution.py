"""Attributions whose right answer is known."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, viz


@pytest.fixture
def linear() -> Any:
    tg.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(2 * 6 * 6, 3))


@pytest.fixture
def network() -> Any:
    tg.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 3)
    )


def test_the_saliency_of_a_linear_model_is_its_weight(linear: Any) -> None:
    image = tg.rand(2, 6, 6)
    arrays = viz.saliency(linear, image, target=1).arrays
    weight = linear[1].weight.detach().numpy()[1].reshape(2, 6, 6)
    np.testing.assert_allclose(arrays["gradient"], weight, rtol=1e-6)
    np.testing.assert_allclose(arrays["saliency"], np.abs(weight).max(axis=0), rtol=1e-6)
    assert arrays["score"] == pytest.approx(linear(image[None])[0, 1].item())


def test_the_class_is_the_likeliest_unless_it_is_named(linear: Any) -> None:
    image = tg.rand(1, 2, 6, 6)
    best = int(linear(image).argmax())
    assert viz.saliency(linear, image).arrays["target"] == best
    assert viz.occlusion(linear, image).arrays["target"] == best
    assert viz.integrated_gradients(linear, image, target=-1).arrays["target"] == 2


def test_integrated_gradients_add_up(linear: Any, network: Any) -> None:
    image = tg.rand(1, 8, 8)
    arrays = viz.integrated_gradients(network, image, steps=200).arrays
    network.eval()
    scores = network(image[None]) - network(tg.zeros(1, 1, 8, 8))
    assert arrays["difference"] == pytest.approx(scores[0, arrays["target"]].item(), abs=1e-5)
    assert abs(arrays["error"]) < 0.01 * abs(arrays["attribution"]).sum()

    x = tg.rand(2, 6, 6)
    exact = viz.integrated_gradients(linear, x, target=0, baseline=0.5, steps=1).arrays["attribution"]
    weight = linear[1].weight.detach().numpy()[0].reshape(2, 6, 6)
    np.testing.assert_allclose(exact, (x.numpy() - 0.5) * weight, rtol=1e-5, atol=1e-7)


def test_grad_cam_is_its_formula(network: Any) -> None:
    image = tg.rand(1, 1, 8, 8)
    arrays = viz.grad_cam(network, image, "1", target=2).arrays
    network.eval()
    maps = network[:2](image).detach().requires_grad_()
    network[2:](maps)[0, 2].backward()
    weights = maps.grad.numpy()[0].mean(axis=(1, 2))
    cam = np.maximum((weights[:, None, None] * maps.detach().numpy()[0]).sum(axis=0), 0)
    np.testing.assert_allclose(arrays["weights"], weights, rtol=1e-5)
    np.testing.assert_allclose(arrays["cam"], cam, rtol=1e-4, atol=1e-7)
    assert arrays["map"].shape == (8, 8)
    assert viz.grad_cam(network, image).arrays["weights"].shape == (4,)  # the last convolution


def test_a_map_in_another_size_is_bilinear() -> None:
    torch = pytest.importorskip("torch")
    from tinygrad_cnn.viz.network.attribution import _bilinear

    values = np.random.default_rng(0).random((3, 5))
    for size in ((7, 8), (3, 5), (2, 11)):
        expected = torch.nn.functional.interpolate(torch.tensor(values)[None, None], size, mode="bilinear")
        np.testing.assert_allclose(_bilinear(values, size), expected[0, 0].numpy(), atol=1e-12)


def test_occlusion_finds_the_pixel_that_counts() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 2, bias=False))
    with tg.no_grad():
        model[1].weight.zero_()
        model[1].weight[1, 2 * 6 + 4] = 5.0
    arrays = viz.occlusion(model, tg.ones(1, 6, 6), target=1, size=1, stride=1).arrays
    fall = 1 / (1 + np.exp(-5)) - 0.5
    expected = np.zeros((6, 6))
    expected[2, 4] = fall
    np.testing.assert_allclose(arrays["map"], expected, atol=1e-6)
    covered = viz.occlusion(model, tg.ones(1, 6, 6), target=1, size=4, stride=3, batch_size=2).arrays["map"]
    assert (covered >= 0).all()
    assert (covered[:2, :2] == 0).all()  # squares without the pixel
    assert covered[2, 4] > 0


@pytest.mark.parametrize("function", [viz.saliency, viz.integrated_gradients, viz.grad_cam, viz.occlusion])
def test_the_model_is_left_as_it_was(function: Any, network: Any) -> None:
    network.train()
    network[4].eval()
    network[0].weight.grad = tg.ones_like(network[0].weight)
    function(network, tg.rand(1, 8, 8))
    assert [m.training for m in network] == [True, True, True, True, False, True]
    assert (network[0].weight.grad == 1).all()
    assert network[5].weight.grad is None
    assert not any(m._forward_hooks for m in network)


def test_mistakes(network: Any) -> None:
    with pytest.raises(ValueError, match=r"saliency: expected one image \(C, H, W\) or \(1, C, H, W\); got shape"):
        viz.saliency(network, tg.rand(2, 1, 8, 8))
    with pytest.raises(TypeError, match=r"saliency: expected one image as a tensor \(C, H, W\) .*; got str"):
        viz.saliency(network, "cat.png")
    with pytest.raises(TypeError, match=r"grad_cam: expected a model, an nn.Module; got int"):
        viz.grad_cam(3, tg.rand(1, 8, 8))
    with pytest.raises(IndexError, match="grad_cam: target 3 is out of range for 3 classes"):
        viz.grad_cam(network, tg.rand(1, 8, 8), target=3)
    with pytest.raises(KeyError, match="grad_cam: the model has no layer 'features'; it has 0, 1, 2"):
        viz.grad_cam(network, tg.rand(1, 8, 8), "features")
    with pytest.raises(ValueError, match="grad_cam: 5 gives no maps"):
        viz.grad_cam(network, tg.rand(1, 8, 8), "5")
    with pytest.raises(ValueError, match="grad_cam: the model has no 2-d convolution; name the layer"):
        viz.grad_cam(nn.Flatten(), tg.rand(1, 8, 8))
    with pytest.raises(ValueError, match=r"saliency: the model must give scores \(1, classes\); it gave shape"):
        viz.saliency(network[:2], tg.rand(1, 8, 8))
    with pytest.raises(ValueError, match="squares of side 9 at distance 4 do not fit"):
        viz.occlusion(network, tg.rand(1, 8, 8), size=9)


def test_figures_are_pictures(network: Any, tmp_path: Any) -> None:
    shown = viz.saliency(network, tg.rand(1, 8, 8))
    assert shown._repr_png_().startswith(b"\x89PNG")
    assert shown.save(tmp_path / "s.svg").read_text().lstrip().startswith("<?xml")
    figure, arrays = shown
    assert figure is shown.figure
    assert arrays is shown.arrays
