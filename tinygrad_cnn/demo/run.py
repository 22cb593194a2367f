"""The demo from its options to its results: train with several seeds, test, write weights, numbers and the report."""

import json
import platform
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from .. import cuda
from ..backend import get_num_threads, set_num_threads
from ..random import manual_seed
from ..tensor import device
from .network import DigitsNet
from .story import write_report
from .training import History, evaluate, train


def add_arguments(parser: ArgumentParser) -> None:
    """The options of `python -m tinygrad_cnn demo`."""
    parser.add_argument(
        "--seeds", type=int, default=3, metavar="N", help="train N networks, with seeds 0 to N − 1 (default 3)"
    )
    parser.add_argument(
        "--epochs", type=int, default=150, help="at most so many passes over the training images (default 150)"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/demo"), help="folder for the report (default runs/demo)")
    parser.add_argument("--overwrite", action="store_true", help="replace what an earlier run left in that folder")
    parser.add_argument("--device", help="where to train: cpu, cuda or cuda:1 (default: a GPU if there is one)")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def _folder(wanted: Path, overwrite: bool) -> Path:
    """The folder to write to: the wanted one, or one beside it when an earlier run's results are there."""
    folder, number = wanted, 1
    while not overwrite and folder.exists() and any(folder.iterdir()):
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    if folder != wanted:
        print(
            f"{wanted} holds the results of an earlier run, so these go to {folder} "
            "(--overwrite replaces the earlier ones)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _require(*modules: str) -> None:
    """Check for the packages of the demo before the work, not after it."""
    from importlib.util import find_spec

    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        sys.exit(f'demo: needs {", ".join(missing)}; install with: pip install "tinygrad_cnn[viz,vision,io]"')


def run(args: Namespace) -> dict[str, Any]:
    """Train, evaluate, write the report. Returns what metrics.json holds."""
    _require("sklearn", "tqdm", "matplotlib", "safetensors")
    from ..vision.datasets import load_digits_split
    from ..vision.transforms import RandomAffine

    if args.seeds < 1 or args.epochs < 1:
        sys.exit(f"demo: --seeds and --epochs must be at least 1; got {args.seeds} and {args.epochs}")
    folder = _folder(args.out, args.overwrite)
    train_set, validation_set, test_set = load_digits_split()
    augment = RandomAffine(degrees=15, translate=(0.125, 0.125), scale=(0.85, 1.15), interpolation="bilinear")
    sizes = {"train": len(train_set[1]), "validation": len(validation_set[1]), "test": len(test_set[1])}
    print(f"{sizes['train']} images to train on, {sizes['validation']} to validate, {sizes['test']} to test")

    place = device(args.device or ("cuda" if cuda.is_available() else "cpu"))
    print(f"training on {place}" + (f", {cuda.get_device_name(place)}" if place.type != "cpu" else ""))

    histories: list[History] = []
    accuracies: list[float] = []
    models: list[DigitsNet] = []
    for seed in range(args.seeds):
        manual_seed(seed)
        model = DigitsNet().to(place)
        # What so small a network computes takes microseconds. Two threads waiting for each other cost more than they
        # gain, on a busy machine twenty times more; and with one no number depends on how many cores there are.
        threads = get_num_threads()
        set_num_threads(1)
        try:
            history = train(
                model,
                train_set,
                validation_set,
                seed=seed,
                epochs=args.epochs,
                augment=augment,
                show_progress=not args.quiet,
            )
        finally:
            set_num_threads(threads)
        _, accuracy, _ = evaluate(model, *test_set)
        print(
            f"seed {seed}: test accuracy {accuracy:.2%}, {len(history.train_loss)} epochs "
            f"(weights of epoch {history.best_epoch + 1}) in {history.seconds:.1f} s, "
            f"{history.images_per_second:,.0f} images/s"
        )
        histories.append(history)
        accuracies.append(accuracy)
        models.append(model.to("cpu"))
    print(f"mean test accuracy {mean(accuracies):.2%} over {args.seeds} seed{'s' * (args.seeds > 1)}")

    metrics = _metrics(args, sizes, histories, accuracies, models[0])
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    from ..io import save_file

    save_file(models[0].state_dict(), folder / "model.safetensors", metadata={"model": "DigitsNet", "seed": "0"})
    write_report(folder, models[0], histories, metrics, test_set)
    print(f"report: {folder / 'report.html'}")
    return metrics


def _metrics(
    args: Namespace, sizes: dict[str, int], histories: list[History], accuracies: list[float], model: DigitsNet
) -> dict[str, Any]:
    import numpy as np

    from .. import __version__

    return {
        "mean_test_accuracy": mean(accuracies),
        "test_accuracy_spread": stdev(accuracies) if len(accuracies) > 1 else None,
        "test_accuracy": accuracies,
        "images": sizes,
        "parameters": sum(p.numel() for p in model.parameters()),
        "epochs_at_most": args.epochs,
        "seeds": [{"seed": seed} | asdict(history) for seed, history in enumerate(histories)],
        "versions": {"tinygrad_cnn": __version__, "python": platform.python_version(), "numpy": np.__version__},
    }
