"""Writes names.json: what the installed CuPy has, with the arguments of its functions. It needs no GPU.

python tests/cuda/list_names.py
"""

import inspect
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PLACES = ("", "linalg", "lib.stride_tricks", "cuda", "cuda.runtime", "random")


def arguments(thing: Any) -> list[str] | None:
    """The names of a function's arguments, None where it does not tell."""
    try:
        return list(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return None


def listed() -> dict[str, Any]:
    import cupy

    names: dict[str, Any] = {"version": cupy.__version__}
    for place in PLACES:
        module = cupy
        for part in filter(None, place.split(".")):
            module = getattr(module, part)
        names[place or "cupy"] = {
            name: "ufunc" if isinstance(found := getattr(module, name), cupy.ufunc) else arguments(found)
            for name in sorted(dir(module))
            if not name.startswith("_")
        }
    names["ndarray"] = sorted(dir(cupy.ndarray))
    names["ufunc"] = sorted(name for name in dir(cupy.ufunc) if not name.startswith("__"))
    return names


if __name__ == "__main__":
    (HERE / "names.json").write_text(json.dumps(listed(), indent=0, sort_keys=True) + "\n", encoding="utf-8")
