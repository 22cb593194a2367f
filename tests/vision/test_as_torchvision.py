"""An unmodified program of torchvision's users, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import torch
import torch.nn as nn
import torchvision
import torchvision.datasets as dset
import torchvision.transforms.functional as TF
import torchvision.utils as vutils
from torch.hub import load_state_dict_from_url
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms
from torchvision.models import ResNet18_Weights, alexnet, resnet18
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models.utils import load_state_dict_from_url as the_same
from torchvision.transforms import v2
from torchvision.utils import save_image

assert models.resnet18 is resnet18 and callable(alexnet) and callable(models.squeezenet1_1)
assert the_same is load_state_dict_from_url and torchvision.__version__
torch.manual_seed(0)
transform = transforms.Compose([
    transforms.Resize(36), transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(),
    transforms.ColorJitter(0.1, 0.1, 0.1), transforms.ToTensor(),
    transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
])
data = dset.FakeData(8, (3, 40, 40), 4, transform)
model = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=4)
model.fc = nn.Linear(model.fc.in_features, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
losses = []
for epoch in range(1):
    for images, labels in DataLoader(data, batch_size=8, shuffle=True, num_workers=2):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
save_image(images, "grid.png", nrow=4, normalize=True)
assert TF.to_tensor(TF.to_pil_image(vutils.make_grid(images))).shape == (3, 36, 274)
checkpoint = {"epoch": epoch, "state_dict": model.state_dict(), "optimizer": optimizer.state_dict(), "loss": loss}
torch.save(checkpoint, "checkpoint.pth.tar")
loaded = torch.load("checkpoint.pth.tar", map_location=torch.device("cpu"))
model.load_state_dict(loaded["state_dict"])
optimizer.load_state_dict(loaded["optimizer"])
try:
    models.vgg16(pretrained=True)
except RuntimeError as error:
    assert "vgg16-397923af.pth could not be downloaded" in str(error)
print("first", losses[0], "last", losses[-1])
"""


def test_a_program(tmp_path):
    pytest.importorskip("PIL")
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_cnn", "run-as-torch", "program.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TORCH_HOME": str(tmp_path),
            "TGC_CPU_KERNELS": "numpy",  # nothing is to be compiled for this
            "HTTPS_PROXY": "http://127.0.0.1:1",  # no network
        },
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("first ")
    assert (tmp_path / "grid.png").is_file()
