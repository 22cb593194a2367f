"""Names that are found elsewhere, and why others are not here."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.elsewhere import LATER, LAYERS, MODULES

ROOT = Path(__file__).parents[1]


def test_functions_of_layers_are_found_at_the_top() -> None:
    found = [name for name in sorted(LAYERS) if hasattr(tg.nn.functional, name)]
    assert len(found) > 20
    for name in found:
        assert getattr(tg, name) is getattr(tg.nn.functional, name)


def test_what_a_training_may_not_need_is_loaded_when_it_is_asked_for() -> None:
    code = f"""
import sys, tinygrad_cnn as tg
early = [name for name in {sorted(LATER)} if f"tinygrad_cnn.{{name}}" in sys.modules]
assert not early, early
assert all(getattr(tg, name) is sys.modules[f"tinygrad_cnn.{{name}}"] for name in {sorted(LATER)})
assert tg.compile is tg.compiler.compile
assert tg.lobpcg is tg.linalg.lowrank.lobpcg
assert tg.nn.utils is sys.modules["tinygrad_cnn.nn.utils"]
assert tg.nn.modules.ReLU is tg.nn.ReLU
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("complex64", "tensors hold real numbers here; there are no complex ones"),
        ("sparse_coo_tensor", "tensors are dense here; there are no sparse, nested or masked ones"),
        ("quantize_per_tensor", "there is no quantisation here"),
        ("float8_e4m3fn", "there are the dtypes bool, uint8"),
        ("xpu", "there are the devices cpu and cuda"),
    ],
)
def test_what_makes_no_sense_here_says_why(name: str, reason: str) -> None:
    assert not hasattr(tg, name)
    with pytest.raises(AttributeError, match=f"has no attribute '{name}': {reason}"):
        getattr(tg, name)


def test_a_misspelled_name_is_only_missing() -> None:
    with pytest.raises(AttributeError, match=r"has no attribute 'zeroes'$"):
        tg.zeroes  # noqa: B018


def test_nn_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match=r"has no attribute .Linaer."):
        tg.nn.Linaer  # noqa: B018 - looking it up is the test


@pytest.mark.parametrize("name", sorted(MODULES))
def test_pytorchs_other_modules_are_found(name: str) -> None:
    parent, _, last = name.rpartition(".")
    package = importlib.import_module(f"tinygrad_cnn.{parent}")
    function = getattr(package, last, None)
    module = importlib.import_module(f"tinygrad_cnn.{name}")
    home = importlib.import_module(f"tinygrad_cnn.{MODULES[name]}")
    public = [each for each in dir(home) if not each.startswith("_")]
    assert [getattr(module, each) for each in public] == [getattr(home, each) for each in public]
    if function is not None and not isinstance(function, ModuleType):
        assert getattr(package, last) is function or callable(module)


def test_an_imported_module_does_not_hide_its_function() -> None:
    importlib.import_module("tinygrad_cnn.nn.utils.spectral_norm")
    layer = tg.nn.utils.spectral_norm(tg.nn.Linear(3, 2))
    assert hasattr(layer, "weight_orig")


def test_no_such_module() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"tinygrad_cnn\.nn\.nothing"):
        importlib.import_module("tinygrad_cnn.nn.nothing")


def test_torchvisions_file_of_reading_modes() -> None:
    from tinygrad_cnn import vision

    assert vision.io.image.ImageReadMode is vision.io.ImageReadMode
