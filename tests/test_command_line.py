"""`python -m tinygrad_cnn`: what is installed, and what to type for what is not."""

from importlib.metadata import PackageNotFoundError

import pytest

from tinygrad_cnn import __main__, __version__


def test_info(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        if package in ("tqdm", "ml_dtypes"):
            raise PackageNotFoundError(package)
        return "1.2"

    monkeypatch.setattr(__main__, "version", version)
    assert __main__.main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"tinygrad_cnn {__version__}, Python 3.")
    assert lines[1].startswith("devices: cpu")
    assert "io:       safetensors 1.2" in lines
    missing = 'Pillow 1.2, scikit-learn 1.2, tqdm missing  (pip install "tinygrad_cnn[vision]")'
    assert f"vision:   {missing}" in lines
    assert 'bfloat16: ml_dtypes missing  (pip install "tinygrad_cnn[bfloat16]")' in lines


def test_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        __main__.main(["trian"])
    assert stopped.value.code == 2
    assert "invalid choice: 'trian'" in capsys.readouterr().err
