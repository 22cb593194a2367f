"""Programs written for PyTorch, and what they become when their imports are changed."""

import re
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent

_IMPORTS = [
    (r"^(\s*)import torch$", r"\1import tinygrad_cnn as torch"),
    (r"^(\s*)import torch\.([\w.]+) as", r"\1import tinygrad_cnn.\2 as"),
    (r"^(\s*)import torch\.([\w.]+)$", r"\1import tinygrad_cnn.\2, tinygrad_cnn as torch"),
    (r"^(\s*)import torchvision\.([\w.]+) as", r"\1import tinygrad_cnn.vision.\2 as"),
    (r"^(\s*)from torchvision([\w.]*) import", r"\1from tinygrad_cnn.vision\2 import"),
    (r"^(\s*)from torch([\w.]*) import", r"\1from tinygrad_cnn\2 import"),
]


def changed(source: str) -> str:
    """The program with its imports changed, and nothing else."""
    for pattern, replacement in _IMPORTS:
        source = re.sub(pattern, replacement, source, flags=re.MULTILINE)
    return source


def loaded(path: Path, ours: bool) -> ModuleType:
    """The program as a module, with PyTorch or with this package."""
    source = path.read_text(encoding="utf-8")
    module = ModuleType(f"{path.stem}_{'ours' if ours else 'theirs'}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # classes look for their module here
    exec(compile(changed(source) if ours else source, str(path), "exec"), module.__dict__)
    return module
