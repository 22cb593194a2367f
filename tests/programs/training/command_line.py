"""A program with options: a network by its name, meters, top-k accuracy, a checkpoint and going on from it."""

import argparse
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.backends.cudnn as cudnn
import torchvision.models as models
from torch import nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

NAMES = sorted(n for n in models.__dict__ if n.islower() and not n.startswith("__") and callable(models.__dict__[n]))


class Meter:
    def __init__(self, name, fmt=":f"):
        self.name, self.fmt = name, fmt
        self.value = self.sum = self.count = 0

    def update(self, value, n=1):
        self.value = value
        self.sum += value * n
        self.count += n

    @property
    def mean(self):
        return self.sum / self.count

    def __str__(self):
        return ("{name} {value" + self.fmt + "}").format(**self.__dict__)


@dataclass
class Best:
    epoch: int = -1
    score: float = 0.0


def top(output, target, ks=(1, 2)):
    with torch.no_grad():
        _, found = output.topk(max(ks), 1, True, True)
        right = found.t().eq(target.view(1, -1).expand_as(found.t()))
        return [right[:k].reshape(-1).float().sum(0, keepdim=True).mul_(100.0 / target.size(0)) for k in ks]


def parts(args):
    torch.manual_seed(args.seed)
    model = models.__dict__[args.arch](num_classes=4)
    model.features = nn.Sequential(nn.Conv2d(3, 64, 5, 4, 2), nn.ReLU(True), nn.AdaptiveAvgPool2d(4))
    model.classifier = nn.Sequential(nn.Dropout(0.0), nn.Linear(1024, 4))
    model.avgpool = nn.Identity()
    optimizer = torch.optim.SGD(model.parameters(), args.lr, momentum=args.momentum, weight_decay=1e-4)
    return model, optimizer, StepLR(optimizer, step_size=4, gamma=0.5)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-a", "--arch", default="alexnet", choices=NAMES)
    parser.add_argument("--lr", "--learning-rate", default=0.05, type=float, metavar="LR", dest="lr")
    parser.add_argument("--momentum", default=0.9, type=float)
    parser.add_argument("--seed", default=1, type=int)
    args = parser.parse_args([])
    random.seed(args.seed)
    cudnn.deterministic = True
    change = transforms.Compose([transforms.Resize(24), transforms.CenterCrop(16), transforms.ToTensor()])
    data = datasets.FakeData(40, (3, 32, 32), 4, change)
    loader = DataLoader(Subset(data, range(32)), batch_size=8, pin_memory=True, num_workers=0)
    criterion = nn.CrossEntropyLoss()
    model, optimizer, scheduler = parts(args)
    losses, best = [], Best()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "checkpoint.pth.tar"
        for epoch in range(10):
            if epoch == 5:
                saved = torch.load(file, map_location="cpu", weights_only=False)
                model, optimizer, scheduler = parts(args)
                model.load_state_dict(saved["state_dict"])
                optimizer.load_state_dict(saved["optimizer"])
                scheduler.load_state_dict(saved["scheduler"])
                np.random.set_state(saved["numpy"])
                torch.set_rng_state(saved["torch"].cpu())
                assert (saved["epoch"], saved["args"].arch) == (5, "alexnet")
                assert isinstance(saved["best"].score, float)
            loss, first = Meter("Loss", ":.4e"), Meter("Acc@1", ":6.2f")
            model.train()
            for images, target in loader:
                output = model(images)
                value = criterion(output, target)
                first.update(top(output, target)[0][0], images.size(0))
                loss.update(value.item(), images.size(0))
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
            scheduler.step()
            assert (str(loss)[:5], str(first)[:6]) == ("Loss ", "Acc@1 ")
            losses.append(loss.mean)
            if first.mean > best.score:
                best = Best(epoch, float(first.mean))
            torch.save(
                {
                    "epoch": epoch + 1,
                    "args": args,
                    "best": best,
                    "state_dict": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "scheduler": scheduler.state_dict(),
                    "numpy": np.random.get_state(),
                    "torch": torch.get_rng_state(),
                },
                file,
            )
    assert optimizer.param_groups[0]["lr"] == 0.05 / 4
    return losses
