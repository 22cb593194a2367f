"""What a recorded step takes from outside without being given it."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F


def test_labels_that_the_step_finds_by_itself() -> None:
    """A step without arguments: what decides its way lies in tensors that nothing has written to before."""

    class Run:
        def __init__(self) -> None:
            tg.manual_seed(0)
            self.model = nn.Linear(3, 4)
            self.optimizer = optim.Adam(self.model.parameters())
            self.images, self.labels = tg.randn(5, 3), tg.tensor([0, 1, 2, 3, 0])

        def step(self) -> tg.Tensor:
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.model(self.images), self.labels)
            loss.backward()
            self.optimizer.step()
            return loss

    eager, replayed = Run(), Run()
    step = tg.compile(replayed.step, fullgraph=True)
    for i in range(6):
        if i == 4:
            eager.labels[0] = replayed.labels[0] = 3
        assert eager.step().item() == step().item()
    replayed.labels[1] = 7
    with pytest.raises(IndexError, match="label 7 at position 1"):
        step()
