"""Targets written by index for boxes in a grid; and noise that a network learns to take away."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import nn


class Grid(nn.Module):
    anchors = [(2.0, 3.0), (5.0, 4.0)]

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential()
        for i, (inputs, outputs) in enumerate(((3, 8), (8, 16))):
            self.body.add_module("conv_%d" % i, nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False))
            self.body.add_module("norm_%d" % i, nn.BatchNorm2d(outputs, momentum=0.9, eps=1e-5))
            self.body.add_module("leaky_%d" % i, nn.LeakyReLU(0.1))
        self.head = nn.Conv2d(16, len(self.anchors) * 7, 1)

    def forward(self, x, targets):
        FloatTensor = torch.cuda.FloatTensor if x.is_cuda else torch.FloatTensor
        BoolTensor = torch.cuda.BoolTensor if x.is_cuda else torch.BoolTensor
        out = self.head(self.body(x))
        n, g = out.size(0), out.size(2)
        out = out.view(n, 2, 7, g, g).permute(0, 1, 3, 4, 2).contiguous()
        row = torch.arange(g).repeat(g, 1).view([1, 1, g, g]).type(FloatTensor)
        place = FloatTensor(n, 2, g, g, 2).fill_(0)
        place[..., 0] = torch.sigmoid(out[..., 0]).data + row
        here, nothing = BoolTensor(n, 2, g, g).fill_(0), BoolTensor(n, 2, g, g).fill_(1)
        kind = FloatTensor(n, 2, g, g, 2).fill_(0)
        image, label = targets[:, :2].long().t()
        centre, size = targets[:, 2:4] * g, targets[:, 4:] * g
        shapes = FloatTensor([(w / 4, h / 4) for w, h in self.anchors])
        both = torch.min(shapes[:, None], size[None]).prod(2)
        _, best = (both / (shapes.prod(1)[:, None] + size.prod(1)[None] - both)).max(0)
        column, line = centre.long().t()
        here[image, best, line, column] = 1
        nothing[image, best, line, column] = 0
        kind[image, best, line, column, label] = 1
        chance = torch.sigmoid(out[..., 4])
        loss = F.binary_cross_entropy(chance[here], here.float()[here])
        loss = loss + F.binary_cross_entropy(chance[nothing], here.float()[nothing])
        return loss + F.binary_cross_entropy(torch.sigmoid(out[..., 5:])[here], kind[here])


def at(values, t, shape):
    return values.gather(-1, t).reshape(len(t), *((1,) * (len(shape) - 1)))


class Denoiser(nn.Module):
    def __init__(self, steps=20):
        super().__init__()
        kept = torch.cumprod(1.0 - torch.linspace(1e-3, 0.3, steps, dtype=torch.float64), dim=0)
        self.register_buffer("signal", kept.sqrt().float())
        self.register_buffer("noise", (1.0 - kept).sqrt().float(), persistent=False)
        self.time = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 16))
        self.enter, self.norm, self.leave = nn.Conv2d(1, 8, 3, padding=1), nn.GroupNorm(4, 8), nn.Conv2d(8, 1, 1)

    def predict(self, x, t):
        rate = torch.exp(torch.arange(4) * -(math.log(100) / 3))
        when = t[:, None] * rate[None, :]
        scale, shift = self.time(torch.cat((when.sin(), when.cos()), dim=-1))[:, :, None, None].chunk(2, dim=1)
        return self.leave(F.silu(self.norm(self.enter(x)) * (scale + 1) + shift))

    def forward(self, x):
        t = torch.randint(0, len(self.signal), (x.shape[0],), device=x.device).long()
        noise = torch.randn_like(x)
        return F.mse_loss(noise, self.predict(at(self.signal, t, x.shape) * x + at(self.noise, t, x.shape) * noise, t))


def main():
    torch.manual_seed(0)
    grid, denoiser = Grid(), Denoiser()
    slow = copy.deepcopy(denoiser)
    images = torch.rand(2, 3, 16, 16)
    targets = torch.tensor([[0, 1, 0.3, 0.3, 0.2, 0.2], [1, 0, 0.6, 0.7, 0.4, 0.3]])
    optimizer = torch.optim.Adam([*grid.parameters(), *denoiser.parameters()], 1e-2)
    losses = []
    for _ in range(25):
        loss = grid(images, targets) + denoiser(torch.ones(32, 1, 8, 8))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        for old, new in zip(slow.parameters(), denoiser.parameters()):
            old.data = old.data * 0.9 + new.data * 0.1
    assert "noise" not in slow.state_dict()
    assert slow.predict(torch.zeros(2, 1, 8, 8), torch.tensor([0, 3])).shape == (2, 1, 8, 8)
    return losses
