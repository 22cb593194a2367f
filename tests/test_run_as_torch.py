"""Unmodified PyTorch programs, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import tinygrad_cnn as tg
from tinygrad_cnn.__main__ import main
from tinygrad_cnn.run_as_torch import scan
from tinygrad_cnn.run_as_torch.names import VERSIONS

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


WORKERS = """
import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info

class Numbers(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        return torch.tensor([i, get_worker_info().id])

def report(rank, words):
    torch.distributed.init_process_group("gloo", world_size=1, rank=rank)
    print(words, torch.distributed.get_rank())

if __name__ == "__main__":
    for method in ("fork", "spawn"):
        loader = DataLoader(Numbers(), 2, num_workers=2, multiprocessing_context=method)
        print([batch.tolist() for batch in loader])
    torch.multiprocessing.spawn(report, args=("spawned",), nprocs=1)
"""


def test_workers_and_spawned_processes_find_the_same_names(tmp_path: Path) -> None:
    done = run(tmp_path, WORKERS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[[[0, 0], [1, 0]], [[2, 1], [3, 1]]]"] * 2 + ["spawned 0"]


def test_modules_and_their_relative_imports(tmp_path: Path) -> None:
    package = tmp_path / "trainer"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "model.py").write_text("import torch.nn as nn\nmodel = nn.Linear(2, 3)\n", encoding="utf-8")
    program = "import sys\nfrom .model import model\nprint(__name__, sys.argv[1:], model)\n"
    (package / "__main__.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "-m", "tinygrad_cnn", "run-as-torch", "-m", "trainer", "--fast"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.stdout == "__main__ ['--fast'] Linear(in_features=2, out_features=3, bias=True)\n", done.stderr


def test_what_cannot_be_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tinygrad_cnn", "run-as-torch"]
    for program, message in ((["nowhere.py"], "there is no file nowhere.py"), (["-m", "nowhere"], "no module nowhere")):
        done = subprocess.run([*command, *program], capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode == 2
        assert message in done.stderr


def test_settings_under_pytorchs_name_are_ours(tmp_path: Path) -> None:
    code = """
import torch, torchvision, tinygrad_cnn
import torch.backends.cudnn as cudnn
cudnn.benchmark = True
assert tinygrad_cnn.backends.cudnn.benchmark and torch.backends.cudnn.benchmark
torch.utils.data.my_own = 3
assert torch.utils.data.my_own == 3
print(int(torch.__version__.split(".")[0]) >= 2, torchvision.__version__, torch.version.cuda)
"""
    assert run(tmp_path, code).stdout == f"True {VERSIONS['torchvision']}+tinygrad.{tg.__version__} None\n"


SCANNED = """
import torch
import torch.nn as nn, torch.xyzzy
from torch import nnn
from torch.nn import functional as F
from torchvision import transforms as T

class Net(nn.Module):
    def forward(self, x):
        return F.relu(nn.Linaer(3, 2)(x)), torch.Tensor.nope, x.anything.at.all

nn.Conv2d(3, 4, kernel_size=3, colour=1)
torch.argmax(x, axis=1)
nn.Linaer
torch.manual_seed(0).whatever()
T.Compos(3)
torch.complex64
"""


def test_all_missing_names_of_a_program(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(SCANNED, encoding="utf-8")
    assert [(finding.line, finding.what) for finding in scan(str(script))] == [
        (3, "torch.xyzzy is not in tinygrad_cnn"),
        (4, "torch.nnn is not in tinygrad_cnn; the nearest name is torch.nn"),
        (10, "torch.nn.Linaer is not in tinygrad_cnn; the nearest name is torch.nn.Linear"),
        (10, "torch.Tensor.nope is not in tinygrad_cnn"),
        (12, "torch.nn.Conv2d takes no argument 'colour' in tinygrad_cnn"),
        (
            16,
            "torchvision.transforms.Compos is not in tinygrad_cnn; the nearest name is torchvision.transforms.Compose",
        ),
        (17, "torch.complex64 is not in tinygrad_cnn: tensors hold real numbers here; there are no complex ones"),
    ]
    assert main(["run-as-torch", "--list-missing", str(script)]) == 1
    script.write_text("import torch\ntorch.nn.Linear(3, 2)\n", encoding="utf-8")
    assert main(["run-as-torch", "--list-missing", str(script)]) == 0
    assert main(["run-as-torch", "--list-missing", str(tmp_path / "none.py")]) == 2


CHOOSING = """
import torchvision.models as models
import torchvision.models.alexnet
import torch
from torch.nn import *

names = sorted(n for n in models.__dict__ if n.islower() and not n.startswith("__") and callable(models.__dict__[n]))
assert {"resnet18", "vgg16", "alexnet"} <= set(names), names
assert models.__dict__["alexnet"] is models.alexnet and callable(models.alexnet)
assert vars(torch.nn)["Linear"] is Linear
device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else torch.device("cpu")
print(device, torch.nn.utils.parametrizations.orthogonal(Linear(2, 2)).parametrizations.weight)
"""


def test_networks_are_chosen_by_name(tmp_path: Path) -> None:
    done = run(tmp_path, CHOOSING)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("cpu ParametrizationList(")


DEEP = """
from torch.autograd.grad_mode import no_grad, set_grad_enabled
from torch.backends.cuda import sdp_kernel
from torch.distributions.categorical import Categorical
from torch.distributions.kl import kl_divergence
from torch.distributions.normal import Normal
from torch.nn.parallel.scatter_gather import gather, scatter
from torch.nn.utils.parametrizations import orthogonal, spectral_norm, weight_norm
from torch.nn.utils.spectral_norm import remove_spectral_norm, spectral_norm as older
from torch.optim.adagrad import Adagrad
from torch.optim.nadam import NAdam
import torch

with sdp_kernel(enable_flash=False), no_grad():
    print(kl_divergence(Normal(0.0, 1.0), Normal(0.0, 1.0)).item())
assert torch.nn.utils.spectral_norm is older and torch.nn.utils.parametrizations.spectral_norm is spectral_norm
"""


def test_names_of_pytorchs_files(tmp_path: Path) -> None:
    done = run(tmp_path, DEEP)
    assert (done.stdout, done.stderr) == ("0.0\n", "")
