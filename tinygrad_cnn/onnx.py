"""PyTorch's exporter of ONNX files, which there is not here."""

from typing import Any, NoReturn

__all__ = ["export", "is_in_onnx_export"]


def export(model: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Refused.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError(
        "onnx.export: this engine writes no ONNX files; save(model.state_dict(), 'model.safetensors') saves weights, "
        "and PyTorch, whose layers have the same names, can export them"
    )


def is_in_onnx_export() -> bool:
    """False."""
    return False
