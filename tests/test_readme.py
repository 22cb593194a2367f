"""The README tells the truth: its programs run, its quotations are in the source, its errors are the ones that come."""

import re
from pathlib import Path
from typing import Any

import pytest

import tinygrad_cnn as tg

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]


@pytest.fixture(scope="module")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the README's programs leave behind, run one after the other as a reader would."""
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("readme"))
        for text in PYTHON:
            if not text.startswith("@op"):
                exec(text, names)
        names["written"] = sorted(path.name for path in Path().iterdir())
    return names


def test_programs_run(namespace: dict[str, Any]) -> None:
    assert {"layers.svg", "loss.svg"} <= set(namespace["written"])
    assert namespace["slope"].item() == 27
    assert namespace["curvature"].item() == 18


def test_quotations_are_in_the_source() -> None:
    (quotation,) = (text for text in PYTHON if text.startswith("@op"))
    assert quotation in (ROOT / "tinygrad_cnn/ops/convolution.py").read_text(encoding="utf-8")


def test_errors_are_the_ones_that_come(namespace: dict[str, Any]) -> None:
    shown = " ".join(next(text for language, text in BLOCKS if language == "text").split())
    with pytest.raises(RuntimeError) as shape:
        namespace["model"](tg.randn(64, 8, 8, 1))
    assert f"ShapeError: {shape.value}" in shown
    loss = tg.nn.functional.cross_entropy(namespace["model"](namespace["images"]), namespace["labels"])
    loss.backward()
    with pytest.raises(RuntimeError) as freed:
        loss.backward()
    beginning = shown[shown.index("GraphError: ") + len("GraphError: ") : -len("...")].strip()
    assert str(freed.value).startswith(beginning)
