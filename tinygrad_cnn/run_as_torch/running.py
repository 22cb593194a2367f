"""A program is run as Python would run it, under PyTorch's names; so are the processes that it starts."""

import builtins
import json
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from multiprocessing import spawn
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from .names import VERSIONS, install, missing

PROGRAM = "TINYGRAD_CNN_PROGRAM"  # the environment variable that tells started processes what to run


def run_as_torch(script: str, arguments: Sequence[str] = (), *, module: bool = False) -> int:
    """Run a program as `python script.py` would, with `torch` and `torchvision` from here; returns the exit status.

    `sys.argv`, `sys.path` and `__main__` are the program's; a traceback shows its lines only. Processes that it starts,
    workers of a `DataLoader` among them, find the same names.

    Args:
        script: the file, or with `module` the name of a module, as after `python -m`.
        arguments: what the program gets.
        module: see above.

    Raises:
        SystemExit: the program's own.
    """
    install()
    sys.path[0] = os.getcwd() if module else str(Path(script).resolve().parent)
    if (home := str(Path(__file__).parents[2])) not in sys.path:
        sys.path.append(home)  # started from a checkout; processes that the program starts must find it too
    try:
        code, settings = load(script, module)
    except (ImportError, FileNotFoundError) as error:
        print(f"run-as-torch: {error}", file=sys.stderr)
        return 2
    except SyntaxError as error:
        sys.excepthook(type(error), error, None)
        return 1
    sys.argv[:] = [settings["__file__"] if module else script, *arguments]
    main = ModuleType("__main__")
    main.__dict__.update(settings, __builtins__=builtins)
    sys.modules["__main__"] = main
    _tell_processes(script, module)
    try:
        exec(code, main.__dict__)
    except Exception as error:
        explain(error)
        trace = error.__traceback__
        error.with_traceback(trace.tb_next if trace else None)
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def load(script: str, module: bool) -> tuple[CodeType, dict[str, Any]]:
    """The program's code, and what its module is told about itself.

    Raises:
        FileNotFoundError: when there is no such file.
        ImportError: when there is no such module.
        SyntaxError: the program's.
    """
    if not module:
        path = Path(script)
        path = path / "__main__.py" if path.is_dir() else path
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {script}")
        return compile(path.read_bytes(), str(path), "exec"), {"__file__": str(path)}
    spec = find_spec(script)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = find_spec(f"{script}.__main__")
    loader: Any = spec and spec.loader
    code = loader.get_code(spec.name) if spec is not None and hasattr(loader, "get_code") else None
    if spec is None or code is None:
        raise ImportError(f"there is no module {script} that can be run")
    return code, {"__file__": spec.origin, "__spec__": spec, "__package__": spec.parent, "__loader__": loader}


def _tell_processes(script: str, module: bool) -> None:
    """Processes that are started anew by `multiprocessing` run `again.py` in place of the program's file."""
    os.environ[PROGRAM] = json.dumps([script if module else str(Path(script).resolve()), module])
    prepare = spawn.get_preparation_data

    def prepared(name: str) -> dict[str, Any]:
        data = prepare(name)
        data.pop("init_main_from_path", None)
        return {**data, "init_main_from_name": "tinygrad_cnn.run_as_torch.again"}

    spawn.get_preparation_data = prepared


def explain(error: BaseException) -> None:
    """`from torch.nn import X` loses what the module said about X; say it again."""
    if isinstance(error, ImportError) and str(error).startswith("cannot import name") and error.name:
        module, name = error.name, str(error).split("'")[1]
        if module.partition(".")[0] in VERSIONS:
            error.add_note(missing(f"{module}.{name}"))
