"""Layers in plain lists and dicts, which a model does not find."""

from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn


class Listed(nn.Module):
    def __init__(self, layers: Any) -> None:
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.layers = layers


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: [nn.Linear(2, 2)], r"Kind.layers holds modules in a plain list, .* use nn.ModuleList\(...\)"),
        (lambda: {"a": nn.Linear(2, 2)}, r"modules in a plain dict, .* use nn.ModuleDict\(...\)"),
        (lambda: ([nn.ReLU(), nn.Linear(2, 2)], []), r"modules in a plain tuple"),
        (lambda: [nn.Parameter(tg.zeros(2))], r"parameters in a plain list, .* use nn.ParameterList\(...\)"),
    ],
)
def test_layers_in_a_plain_container_are_named_once(make: Any, message: str) -> None:
    class Kind(Listed):
        pass

    with pytest.warns(UserWarning, match=message):
        Kind(make()).parameters()
    Kind(make()).parameters()


def test_private_attributes_hide_layers_too() -> None:
    class Private(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self._blocks = [nn.Linear(2, 2)]

    with pytest.warns(UserWarning, match=r"Private._blocks holds modules"):
        list(Private().parameters())


def test_hidden_layers_are_named_with_their_path() -> None:
    class Deep(Listed):
        pass

    with pytest.warns(UserWarning, match=r"Deep.layers \(at '1.0'\) holds modules"):
        nn.Sequential(nn.ReLU(), nn.Sequential(Deep([nn.Linear(2, 2)]))).parameters()


def test_containers_that_hide_nothing_are_left_alone() -> None:
    model = Listed(None)
    model.layers = [model.first, nn.ReLU()]  # found under another name
    model.sizes = [1, 2, {"a": [3]}]
    model.teacher = [nn.Linear(2, 2).requires_grad_(False)]
    assert len(list(model.parameters())) == 2
