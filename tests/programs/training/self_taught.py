"""Representations without labels: pairs told from the rest of a batch, a queue of keys, a slow copy; and margins."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class Momentum(nn.Module):
    def __init__(self, width=8, length=32):
        super().__init__()
        self.query = nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, width))
        self.key = nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, width))
        for slow, quick in zip(self.key.parameters(), self.query.parameters()):
            slow.data.copy_(quick.data)
            slow.requires_grad = False
        self.register_buffer("queue", F.normalize(torch.randn(width, length), dim=0))
        self.register_buffer("place", torch.zeros(1, dtype=torch.long))

    @torch.no_grad()
    def remember(self, keys):
        start = int(self.place)
        self.queue[:, start : start + len(keys)] = keys.T
        self.place[0] = (start + len(keys)) % self.queue.shape[1]

    def forward(self, a, b):
        q = F.normalize(self.query(a), dim=1)
        with torch.no_grad():
            for slow, quick in zip(self.key.parameters(), self.query.parameters()):
                slow.data = slow.data * 0.9 + quick.data * (1.0 - 0.9)
            k = F.normalize(self.key(b), dim=1)
        near = torch.einsum("nc,nc->n", [q, k]).unsqueeze(-1)
        far = torch.einsum("nc,ck->nk", [q, self.queue.clone().detach()])
        self.remember(k)
        return torch.cat([near, far], dim=1) / 0.2, q


class Margin(nn.Module):
    def __init__(self, inputs, classes, angle=0.3):
        super().__init__()
        self.weight = nn.Parameter(torch.FloatTensor(classes, inputs))
        nn.init.xavier_uniform_(self.weight)
        self.cos, self.sin = math.cos(angle), math.sin(angle)

    def forward(self, x, label):
        cosine = F.linear(F.normalize(x), F.normalize(self.weight))
        turned = cosine * self.cos - torch.sqrt((1.0 - cosine.pow(2)).clamp(1e-6, 1)) * self.sin
        own = torch.zeros(cosine.size(), device=x.device).scatter_(1, label.view(-1, 1).long(), 1)
        return 8 * (own * turned + (1.0 - own) * cosine)


def pairs(a, b):
    """Each view against all others but itself."""
    both = F.normalize(torch.cat([a, b]), dim=1)
    likeness = F.cosine_similarity(both.unsqueeze(1), both.unsqueeze(0), dim=2)
    n = len(a)
    near = torch.cat([torch.diag(likeness, n), torch.diag(likeness, -n)])
    others = likeness[~torch.eye(2 * n, dtype=bool)].view(2 * n, -1)
    return (-near / 0.5 + torch.logsumexp(others / 0.5, dim=1)).mean()


def triplets(x, label):
    distance = torch.cdist(x, x).clamp(min=1e-12)
    same = label.expand(len(x), len(x)).eq(label.expand(len(x), len(x)).t())
    far = torch.cat([distance[i][same[i]].max().unsqueeze(0) for i in range(len(x))])
    near = torch.cat([distance[i][same[i] == 0].min().unsqueeze(0) for i in range(len(x))])
    return F.margin_ranking_loss(near, far, torch.ones_like(far), margin=0.3)


def main():
    torch.manual_seed(0)
    label = torch.arange(16) % 4
    x = 2 * torch.randn(4, 16)[label] + 0.3 * torch.randn(16, 16)
    model, margin = Momentum(), Margin(8, 4)
    groups = [
        {"params": [p for p in model.parameters() if p.requires_grad]},
        {"params": margin.parameters(), "lr": 0.1},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
    losses = []
    for _ in range(25):
        a, b = (x + 0.1 * torch.randn_like(x) for _ in range(2))
        scores, q = model(a, b)
        loss = F.cross_entropy(scores, torch.zeros(len(scores), dtype=torch.long)) * 0.2
        loss = (
            loss + pairs(q, F.normalize(model.query(b))) + F.cross_entropy(margin(q, label), label) + triplets(q, label)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert int(model.place) == 16 * 25 % 32
    return losses
