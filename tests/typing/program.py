"""A user's program with types: what it calls must have the types that `assert_type` names. Checked, and never run."""

from collections.abc import Iterator
from typing import Any, assert_type

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tinygrad_cnn import Tensor, nn, optim
from tinygrad_cnn.optim import lr_scheduler
from tinygrad_cnn.utils.data import DataLoader, Dataset, TensorDataset

# tensors --------------------------------------------------------------------------------------------------------------

x = tg.zeros(2, 3)
assert_type(x, Tensor)
assert_type(tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True), Tensor)
assert_type(x + 1, Tensor)
assert_type(2 / x, Tensor)
assert_type(-x @ x.T, Tensor)
assert_type(x[0, 1:], Tensor)
assert_type(x == 0, Tensor)
assert_type(x.shape, tg.Size)
assert_type(x.shape[0], int)
assert_type(x.ndim, int)
assert_type(x.requires_grad, bool)
assert_type(x.device, tg.device)
assert_type(x.sum(dim=1, keepdim=True), Tensor)
assert_type(x.view(-1).relu_(), Tensor)
assert_type(x.to(tg.float16).cpu().detach(), Tensor)
assert_type(x.max(), Tensor)
assert_type(x.numel(), int)
assert_type(x.split(2), tuple[Tensor, ...])
assert_type(x.is_contiguous(), bool)
assert_type(x.type_as(x).long(), Tensor)
x.backward()
x[0] = 1.0
x += 1

values, indices = x.max(dim=1)
assert_type(values, Tensor)
assert_type(indices, Tensor)
assert_type(x.topk(2).values, Tensor)
u, s, vh = tg.linalg.svd(x)
assert_type(s, Tensor)
sign, logabsdet = tg.linalg.slogdet(x)
assert_type(logabsdet, Tensor)

# functions ------------------------------------------------------------------------------------------------------------

assert_type(tg.exp(x), Tensor)
assert_type(tg.add(x, 1, alpha=2), Tensor)
assert_type(tg.add(x, 1, out=x), Tensor)
assert_type(tg.matmul(x, x), Tensor)
assert_type(tg.cat([x, x], dim=0), Tensor)
assert_type(tg.stack([x, x]), Tensor)
assert_type(tg.where(x > 0, x, 0.0), Tensor)
assert_type(tg.where(x > 0), tuple[Tensor, ...])
assert_type(tg.einsum("ij,jk->ik", x, x), Tensor)
assert_type(tg.softmax(x, dim=1), Tensor)
assert_type(tg.argmax(x, dim=1), Tensor)
assert_type(tg.max(x), Tensor)
assert_type(tg.max(x, 1).values, Tensor)
assert_type(tg.meshgrid(x, x, indexing="ij"), tuple[Tensor, ...])
assert_type(tg.linalg.solve(x, x), Tensor)
assert_type(tg.is_grad_enabled(), bool)
assert_type(tg.randn(2, 3, generator=tg.Generator().manual_seed(0)), Tensor)
assert_type(tg.conv2d(x, x), Tensor)

# derivatives ----------------------------------------------------------------------------------------------------------

assert_type(tg.autograd.grad(x.sum(), x), tuple[Tensor, ...])


@tg.no_grad()
def evaluated(batch: Tensor) -> Tensor:
    return batch.mean()


assert_type(evaluated(x), Tensor)
with tg.no_grad(), tg.autograd.detect_anomaly():
    assert_type(tg.func.grad(lambda t: t.sum())(x), Any)


class Double(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, t: Tensor) -> Tensor:
        ctx.save_for_backward(t)
        return t * 2

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return g * 2


Double.apply(x)

# layers, optimizers, data ---------------------------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(16 * 16 * 16, classes)
        self.scale = nn.Parameter(tg.ones(1))
        self.register_buffer("mean", tg.zeros(1))

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.features(images)
        return F.log_softmax(self.head(out.flatten(1)) * self.scale, dim=1)


class Squares(Dataset[tuple[Tensor, int]]):
    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return tg.tensor(float(index)) ** 2, index

    def __len__(self) -> int:
        return 10


def train(net: Net, epochs: int = 2) -> list[float]:
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    schedule = lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    criterion = nn.NLLLoss()
    loader = DataLoader(TensorDataset(tg.randn(8, 3, 32, 32), tg.zeros(8, dtype=tg.int64)), batch_size=4, shuffle=True)
    losses: list[float] = []
    net.train()
    for _ in range(epochs):
        for images, labels in loader:
            optimizer.zero_grad()
            loss: Tensor = criterion(net(images), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        schedule.step()
    tg.save(net.state_dict(), "net.pt")
    net.load_state_dict(tg.load("net.pt"))
    return losses


net = Net()
parameters: Iterator[nn.Parameter] = net.parameters()
assert_type(net.eval(), Net)
assert_type(net.to("cpu").requires_grad_(False), Net)
assert_type(net.head.weight, nn.Parameter)
assert_type(net.head.in_features, int)
assert_type(len(Squares()), int)
assert_type(Squares()[0], tuple[Tensor, int])
assert_type(F.cross_entropy(x, x, label_smoothing=0.1), Tensor)
