"""The layers that networks for pictures share."""

import numpy as np

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.vision.ops import MLP, FrozenBatchNorm2d, Permute


def test_a_frozen_normalisation_is_the_one_that_it_was() -> None:
    norm, frozen = nn.BatchNorm2d(3), FrozenBatchNorm2d(3)
    norm(tg.randn(4, 3, 5, 5) * 2 + 1)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    frozen.load_state_dict(norm.state_dict())
    assert list(frozen.state_dict()) == ["weight", "bias", "running_mean", "running_var"]
    assert list(frozen.parameters()) == []
    x = tg.randn(2, 3, 4, 4)
    np.testing.assert_allclose(frozen(x).numpy(), norm.eval()(x).detach().numpy(), rtol=1e-4, atol=1e-5)
    assert repr(FrozenBatchNorm2d(8, eps=1e-3)) == "FrozenBatchNorm2d(8, eps=0.001)"


def test_dense_layers_in_a_row() -> None:
    mlp = MLP(4, [8, 6, 2], norm_layer=nn.LayerNorm, activation_layer=nn.GELU, dropout=0.1)
    assert [type(layer).__name__ for layer in mlp] == [
        *["Linear", "LayerNorm", "GELU", "Dropout"] * 2,
        *["Linear", "Dropout"],
    ]
    assert mlp(tg.ones(3, 4)).shape == (3, 2)
    assert MLP(4, [8, 2], inplace=True)[1].inplace
    assert list(MLP(4, [2], bias=False, activation_layer=None).state_dict()) == ["0.weight"]


def test_a_permutation() -> None:
    assert Permute([0, 2, 3, 1])(tg.ones(1, 3, 4, 5)).shape == (1, 4, 5, 3)
