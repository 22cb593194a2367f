"""Unmodified PyTorch programs, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

PROGRAM = """
import sys
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torch.backends.cudnn as cudnn
from torch.autograd import Variable
from torch.nn.modules.conv import Conv2d
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset
from torchvision import transforms

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = Conv2d(1, 4, 3)
        self.fc = nn.Linear(4 * 3 * 3, 2)

    def forward(self, x):
        return F.log_softmax(self.fc(F.max_pool2d(F.relu(self.conv(x)), 2).view(-1, 36)), dim=1)

if __name__ == "__main__":
    cudnn.benchmark = True
    torch.manual_seed(0)
    assert torch.nn is nn and not hasattr(torch, "nothing_of_the_kind")
    images = torch.randn(64, 1, 8, 8)
    labels = (images.mean(dim=(1, 2, 3)) > 0).long()
    model = Net()
    if torch.cuda.is_available():
        model.cuda()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = StepLR(optimizer, 10)
    losses = []
    for epoch in range(10):
        total = 0.0
        for data, target in DataLoader(TensorDataset(images, labels), batch_size=32, shuffle=True):
            optimizer.zero_grad()
            loss = F.nll_loss(model(Variable(data)), Variable(target))
            loss.backward()
            optimizer.step()
            total += loss.item() * len(data)
        losses.append(total / len(images))
        scheduler.step()
    assert losses[-1] < 0.5 * losses[0], losses
    print(sys.argv[1:], model.fc.weight.data.size())
"""


def run(tmp_path: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "program.py"
    script.write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "tinygrad_cnn", "run-as-torch", str(script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_a_classic_program(tmp_path: Path) -> None:
    done = run(tmp_path, PROGRAM, "--epochs", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("['--epochs', '3'] ")


def test_a_missing_name_is_reported_with_its_line(tmp_path: Path) -> None:
    done = run(tmp_path, "import torch\n\ntorch.nn.Linaer(3, 2)\n")
    assert done.returncode == 1
    assert "torch.nn.Linaer is not in tinygrad_cnn; the nearest name is torch.nn.Linear" in done.stderr
    assert 'program.py", line 3' in done.stderr
    assert "run_as_torch(args" not in done.stderr


def test_a_missing_import_is_reported(tmp_path: Path) -> None:
    done = run(tmp_path, "from torch.nn import Linaer\n")
    assert "the nearest name is torch.nn.Linear" in done.stderr
    guarded = "try:\n    from torch.utils.tensorboard import SummaryWriter\nexcept ImportError:\n    print('none')\n"
    assert run(tmp_path, guarded).stdout == "none\n"


def test_the_exit_status_is_the_programs(tmp_path: Path) -> None:
    assert run(tmp_path, "import sys\nsys.exit(7)\n").returncode == 7
