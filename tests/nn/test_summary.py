"""The table of a model's layers: sizes, parameters, multiplications, memory."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.errors import ArgumentError


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, groups=1), nn.BatchNorm2d(8), nn.ReLU())
        self.up = nn.ConvTranspose2d(8, 4, 2, 2)
        self.head = nn.Linear(4, 10)
        self.spare = nn.Linear(3, 3)

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return self.head(nn.functional.adaptive_avg_pool2d(self.up(self.features(x)), 1).flatten(1))  # type: ignore[no-any-return]


def test_rows() -> None:
    found = nn.summary(Net(), (2, 3, 10, 10))
    rows = {row.path: row for row in found.rows}
    assert list(rows) == ["", "features", "features.0", "features.1", "features.2", "up", "head", "spare"]
    assert rows["features.0"].output_shapes == ((2, 8, 8, 8),)
    assert rows["features.0"].parameters == 3 * 8 * 9 + 8
    assert rows["features.0"].macs == 2 * 8 * 8 * 8 * 27
    assert rows["up"].macs == 2 * 8 * 8 * 8 * 4 * 4
    assert rows["head"].macs == 2 * 4 * 10
    assert rows["features.2"].output_bytes == 2 * 8 * 8 * 8 * 4
    assert rows["spare"].output_shapes == ()
    assert rows["spare"].calls == 0
    assert rows["features"].parameters == 0
    assert found.parameters == sum(p.numel() for p in Net().parameters()) == found.trainable
    assert found.macs == sum(row.macs for row in found.rows)
    assert found.saved_bytes > 2 * 8 * 8 * 8 * 4
    assert found.input_shapes == ((2, 3, 10, 10),)


def test_text() -> None:
    lines = str(nn.summary(Net(), (2, 3, 10, 10))).splitlines()
    assert lines[0].split() == ["layer", "kind", "output", "shape", "parameters", "MACs", "kept"]
    assert lines[3].split()[:3] == ["features.0", "Conv2d", "(2,"]
    assert lines[-2].startswith("total")
    assert lines[-1] == "input (2, 3, 10, 10); 434 parameters are learned, 0 are not"


def test_the_model_is_as_before() -> None:
    net = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(0.5), nn.Conv2d(3, 2, 1))
    before = {key: value.numpy().copy() for key, value in net.state_dict().items()}
    tg.manual_seed(3)
    expected = tg.rand(3).tolist()
    tg.manual_seed(3)
    nn.summary(net, (4, 3, 5, 5))
    assert tg.rand(3).tolist() == expected
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[key])
    assert all(p.grad is None for p in net.parameters())
    assert net.training
    assert not net[0]._forward_hooks


def test_frozen_layers_multiply_too() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    net[0].requires_grad_(False)
    found = nn.summary(net, (1, 1, 4, 4))
    assert (found.rows[1].macs, found.rows[1].trainable, found.rows[1].saved_bytes) == (2 * 4 * 9, 0, 0)
    assert found.trainable == 27
    assert not net[0].weight.requires_grad


def test_several_inputs_and_shared_parameters() -> None:
    layer = nn.Linear(3, 3)
    found = nn.summary(nn.Sequential(layer, nn.ReLU(), layer), [(2, 3)])
    assert found.parameters == 12
    assert found.rows[1].calls == 2
    two = nn.summary(nn.Bilinear(3, 4, 2), [(5, 3), (5, 4)])
    assert two.input_shapes == ((5, 3), (5, 4))
    numbers = nn.summary(nn.Embedding(5, 3), (2, 7), dtypes=[tg.int64])
    assert numbers.rows[0].output_shapes == ((2, 7, 3),)
    assert nn.summary(nn.LSTM(3, 4), input_data=tg.zeros(5, 2, 3)).rows[0].output_shapes[1] == (1, 2, 4)


def test_wrong_arguments() -> None:
    with pytest.raises(ArgumentError, match="summary: give either input_size, with the batch, or input_data"):
        nn.summary(nn.ReLU())
    with pytest.raises(ArgumentError, match="summary: input_size must be a shape, or several in a list; got"):
        nn.summary(nn.ReLU(), (1, "a"))
    with pytest.raises(ArgumentError, match="summary: expected 1 dtypes, one per input; got 2"):
        nn.summary(nn.ReLU(), (1, 2), dtypes=[tg.float32, tg.float32])
