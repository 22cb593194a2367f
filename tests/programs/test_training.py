"""Training programs run to the end after changing their imports, with a falling loss."""

import pytest

from tests.programs.sources import HERE, loaded
from tinygrad_cnn.backends import cudnn

PROGRAMS = sorted((HERE / "training").glob("*.py"))


@pytest.mark.filterwarnings("ignore")  # a program may use what PyTorch calls deprecated
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program(path):
    with cudnn.flags(benchmark=cudnn.benchmark):  # what a program sets is put back
        losses = loaded(path, ours=True).main()
    assert sum(losses[-2:]) < 0.8 * sum(losses[:2]), losses


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_it_is_a_program_of_pytorchs(path):
    torch = pytest.importorskip("torch")
    if "torchvision" in path.read_text(encoding="utf-8"):
        pytest.importorskip("torchvision")
    with torch.backends.__allow_nonbracketed_mutation():  # PyTorch's own testing tools, once imported, forbid it
        losses = loaded(path, ours=False).main()
    assert sum(losses[-2:]) < 0.8 * sum(losses[:2]), losses
