"""Optimizers and schedules that a program brings itself: a wrapper, two steps in one, a warm-up."""

import math

import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau, SequentialLR, _LRScheduler
from torch.optim.optimizer import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class Scaled(Optimizer):
    """Each layer's step as long as a part of its weights."""

    def __init__(self, params, lr=0.5, momentum=0.9):
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def __setstate__(self, state):
        super().__setstate__(state)

    def step(self, closure=None):
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                d, state = p.grad.data, self.state[p]
                if p.ndim > 1:
                    w, g = torch.norm(p.data), torch.norm(d)
                    d = d.mul(
                        torch.where(w > 0.0, torch.where(g > 0, 0.1 * w / g, torch.ones_like(w)), torch.ones_like(w))
                    )
                if len(state) == 0:
                    state["buffer"] = torch.zeros_like(p.data)
                state["buffer"].mul_(group["momentum"]).add_(d)
                p.data.add_(state["buffer"], alpha=-group["lr"])
        return loss


class Around(Optimizer):
    """A step of another optimizer from where the loss is highest nearby."""

    def __init__(self, params, base, radius=0.02, **options):
        super().__init__(params, dict(radius=radius, **options))
        self.base = base(self.param_groups, **options)
        self.param_groups = self.base.param_groups

    @torch.no_grad()
    def step(self, closure=None):
        closure = torch.enable_grad()(closure)
        closure()
        norms = [p.grad.norm(p=2) for group in self.param_groups for p in group["params"] if p.grad is not None]
        length = torch.norm(torch.stack(norms), p=2)
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["old"] = p.data.clone()
                p.add_(p.grad * (group["radius"] / (length + 1e-12)).to(p))
        self.zero_grad()
        loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                p.data = self.state[p]["old"]
        self.base.step()
        return loss


class WarmUp(_LRScheduler):
    def __init__(self, optimizer, steps, last_epoch=-1):
        self.steps = steps
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [base * min(1.0, (self.last_epoch + 1) / self.steps) for base in self.base_lrs]


def main():
    torch.manual_seed(1)
    x = torch.randn(40, 5)
    y = x @ torch.randn(5, 1)
    total = []
    for make in (lambda p: Scaled(p, 0.3), lambda p: Around(p, torch.optim.SGD, lr=0.05, momentum=0.9)):
        model = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 1))
        mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.8))
        optimizer = make(model.parameters())
        after = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 0.5 * (1 + math.cos(math.pi * i / 30)))
        schedule = SequentialLR(optimizer, [WarmUp(optimizer, 4), after], milestones=[4])
        plateau = ReduceLROnPlateau(optimizer, "min", factor=0.5, patience=3)
        losses = []

        def closure():
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            return loss

        for _ in range(20):
            losses.append(optimizer.step(closure).item())
            schedule.step()
            plateau.step(losses[-1])
            mean.update_parameters(model)
        assert nn.functional.mse_loss(mean(x), y) < losses[0]
        total = [a + b for a, b in zip(total, losses)] if total else losses
    return total
