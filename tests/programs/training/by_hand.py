"""The tutorials' ways: gradients by hand, an autograd Function, hooks, a layer and an optimizer of one's own."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional as F


class LegendrePolynomial3(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return 0.5 * (5 * input**3 - 3 * input)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        return grad_output * 1.5 * (5 * input**2 - 1)


class Momentum(torch.optim.Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["step"], state["velocity"] = 0, torch.zeros_like(p.data)
                state["step"] += 1
                state["velocity"].mul_(group["momentum"]).add_(p.grad.data)
                p.data.add_(state["velocity"], alpha=-group["lr"])


class Dense(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / math.sqrt(inputs))
        self.bias = nn.Parameter(torch.Tensor(outputs))
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1.0 / math.sqrt(self.weight.size(1))
        self.bias.data.uniform_(-stdv, stdv)

    def forward(self, x):
        return x @ self.weight.t() + self.bias

    def extra_repr(self):
        return "inputs={}, outputs={}".format(*self.weight.t().shape)


def fit_sine():
    x = torch.linspace(-math.pi, math.pi, 200)
    y = torch.sin(x)
    a, b, c, d = (torch.full((), value, requires_grad=True) for value in (0.0, -1.0, 0.0, 0.3))
    losses = []
    for _ in range(60):
        loss = (a + b * LegendrePolynomial3.apply(c + d * x) - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for p in (a, b, c, d):
                p -= 5e-5 * p.grad
                p.grad = None
    return losses


def main():
    torch.manual_seed(0)
    curve = fit_sine()
    assert curve[-1] < 0.9 * curve[0]
    model = nn.Sequential(Dense(6, 16), nn.Tanh(), nn.Dropout(0.0), Dense(16, 3))
    seen = {}
    handle = model[0].register_forward_hook(lambda module, args, out: seen.update(out=out.detach().shape))
    model[1].register_full_backward_hook(lambda module, gi, go: seen.update(gradient=go[0].shape))
    x = torch.randn(64, 6)
    y = x[:, :3].argmax(dim=1)
    teacher = copy.deepcopy(model)
    for p in teacher.parameters():
        p.requires_grad_(False)
    optimizer = Momentum([{"params": model[0].parameters()}, {"params": model[3].parameters(), "lr": 0.05}], lr=0.1)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        out = model(x)
        one_hot = torch.zeros_like(out).scatter_(1, y.view(-1, 1), 1)
        smooth = one_hot * 0.9 + (1 - one_hot) * 0.05
        loss = -(smooth * F.log_softmax(out, dim=1)).sum(dim=1).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        losses.append(loss.item())
        with torch.no_grad():
            for old, new in zip(teacher.parameters(), model.parameters(), strict=True):
                old.mul_(0.9).add_(new, alpha=0.1)
    handle.remove()
    assert seen == {"out": (64, 16), "gradient": (64, 16)}
    assert F.cross_entropy(teacher(x), y) < losses[0]
    assert "inputs=6, outputs=16" in repr(model)
    return losses


if __name__ == "__main__":
    main()
