"""Receptive fields against what changes when a pixel changes."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, viz


class Skip(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 3, 5, padding=2)
        )

    def forward(self, x: Any) -> Any:
        return x + self.inner(x)


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.narrow, self.wide = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 7, padding=3)

    def forward(self, x: Any) -> Any:
        return tg.cat([self.narrow(x), self.wide(x)], dim=1)


CASES = [
    (nn.Sequential(nn.Conv2d(3, 3, 3)), (3, 3), (1, 1)),
    (nn.Sequential(nn.Conv2d(3, 3, (3, 5), stride=(2, 1), padding=1), nn.Conv2d(3, 3, 3)), (7, 7), (2, 1)),
    (nn.Sequential(nn.Conv2d(3, 3, 3, dilation=3, padding="same"), nn.MaxPool2d(2)), (8, 8), (2, 2)),
    (nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.AvgPool2d(2), nn.Conv2d(3, 3, 3)), (8, 8), (2, 2)),
    (nn.Sequential(Skip(), nn.MaxPool2d(2), Skip()), (20, 20), (2, 2)),
    (nn.Sequential(Branches(), nn.Conv2d(4, 2, 3)), (9, 9), (1, 1)),
    (nn.Sequential(nn.ZeroPad2d((2, 0, 1, 0)), nn.Conv2d(3, 2, 3)), (3, 3), (1, 1)),
]


@pytest.mark.parametrize(("model", "size", "stride"), CASES)
def test_what_a_unit_can_see_is_what_it_depends_on(model: Any, size: Any, stride: Any) -> None:
    tg.manual_seed(0)
    for parameter in model.parameters():  # positive, so that nothing cancels and no ReLU is off
        with tg.no_grad():
            parameter.uniform_(0.1, 1.0)
    model.eval()
    image = tg.rand(1, 3, 40, 40)
    last = [name for name, m in model.named_children()][-1]
    arrays = viz.receptive_field(model, image, last).arrays
    assert (arrays["size"], arrays["stride"]) == (size, stride)
    top, left, bottom, right = arrays["box"]
    assert (bottom - top + 1, right - left + 1) == size

    out = model(image)
    middle = (out.shape[2] // 2, out.shape[3] // 2)
    assert (np.argwhere(arrays["effective"] > 0).min(axis=0) >= (top, left)).all()
    assert (np.argwhere(arrays["effective"] > 0).max(axis=0) <= (bottom, right)).all()
    for i, j, inside in (
        (top, left, True),
        (bottom, right, True),
        (top - 1, left, False),
        (top, left - 1, False),
        (bottom + 1, right, False),
        (bottom, right + 1, False),
    ):
        changed = image.clone()
        changed[0, :, i, j] += 1000.0  # enough to win every maximum
        moved = (model(changed) - out)[0, :, middle[0], middle[1]].abs().max().item()
        assert (moved > 1e-3) == inside, (i, j)


def test_behind_global_pooling_a_unit_sees_everything() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Conv2d(2, 2, 1))
    arrays = viz.receptive_field(model, tg.rand(1, 12, 10)).arrays
    assert (arrays["size"], arrays["stride"], arrays["box"]) == ((12, 10), (0, 0), (0, 0, 11, 9))


def test_a_layer_without_maps_is_an_error() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten())
    with pytest.raises(ValueError, match="receptive_field: 1 gives no maps"):
        viz.receptive_field(model, tg.rand(1, 6, 6), "1")
