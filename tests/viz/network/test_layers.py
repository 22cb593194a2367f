"""Filters, feature maps, images made for a unit."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, viz


def test_filters() -> None:
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Conv2d(5, 7, 3), nn.Flatten())
    first = viz.show_filters(model)
    np.testing.assert_array_equal(first.arrays["weight"], model[0].weight.detach().numpy())
    panels = [axes for axes in first.figure.axes if axes.images]
    assert len(panels) == 5
    assert panels[0].images[0].get_array().shape == (3, 3, 3)  # in colour
    second = viz.show_filters(model, "2", channel=4, count=6)
    drawn = [np.asarray(axes.images[0].get_array()) for axes in second.figure.axes if axes.images]
    np.testing.assert_array_equal(drawn, model[2].weight.detach().numpy()[:6, 4])
    assert viz.show_filters(model, model[2]).arrays["weight"].shape == (7, 5, 3, 3)
    with pytest.raises(ValueError, match=r"show_filters: 1 has no kernels"):
        viz.show_filters(model, "1")
    with pytest.raises(TypeError, match=r"show_filters: expected a model, an nn.Module; got int"):
        viz.show_filters(3)
    with pytest.raises(ValueError, match=r"show_filters: the model has no 2-d convolution"):
        viz.show_filters(nn.Flatten())
    with pytest.raises(IndexError, match="channel 5 is out of range for 5 input channels"):
        viz.show_filters(model, "2", channel=5)


def test_feature_maps() -> None:
    tg.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3))
    image = tg.rand(1, 9, 9)
    shown = viz.show_feature_maps(model, image, ["0", "2"], count=3)
    model.eval()
    np.testing.assert_allclose(shown.arrays["0"], model[:1](image[None]).detach().numpy()[0], rtol=1e-6)
    np.testing.assert_allclose(shown.arrays["2"], model[:3](image[None]).detach().numpy()[0], rtol=1e-6)
    strongest = str(np.abs(shown.arrays["2"]).sum(axis=(1, 2)).argmax())
    titles = [axes.get_title() for axes in shown.figure.axes]
    assert titles[5] == strongest  # the second row: its name, then the strongest channel
    assert sorted(viz.show_feature_maps(model, image).arrays) == ["0", "3"]
    with pytest.raises(ValueError, match=r"show_feature_maps: 1 gives shape \(1, 196\), not \(1, C, H, W\)"):
        viz.show_feature_maps(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten()), image, "1")


def test_an_image_for_a_channel() -> None:
    tg.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 3))
    for layer, channel in (("0", 2), (None, 1)):
        shown = viz.maximize_activation(model, tg.zeros(1, 8, 8), layer, channel, steps=30)
        course = shown.arrays["course"]
        assert course[-5:].mean() > course[:5].mean() + 0.1
        again = viz.maximize_activation(model, tg.zeros(1, 8, 8), layer, channel, steps=30)
        np.testing.assert_array_equal(shown.arrays["image"], again.arrays["image"])
    with pytest.raises(ValueError, match=r"maximize_activation: expected one image .*; got shape \(2, 1, 8, 8\)"):
        viz.maximize_activation(model, tg.zeros(2, 1, 8, 8))
    with pytest.raises(IndexError, match="maximize_activation: channel 4 is out of range for 4"):
        viz.maximize_activation(model, tg.zeros(1, 8, 8), "0", 4)
