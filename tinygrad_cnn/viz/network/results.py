"""What a classifier gets right and wrong."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .figures import GREY, Shown, as_picture, grid, new_figure
from .looking import numbers


def _classes(op: str, labels: Any, answers: Any) -> tuple[Any, Any, Any]:
    """True and predicted class numbers, and how sure the model was (None if the answers are class numbers)."""
    labels, answers = numbers(labels), numbers(answers)
    if labels.ndim != 1 or answers.ndim not in (1, 2):
        raise ValueError(
            f"{op}: expected labels (N), and answers (N) or scores (N, classes); "
            f"got shapes {labels.shape} and {answers.shape}"
        )
    if len(labels) != len(answers):
        raise ValueError(f"{op}: {len(labels)} labels for {len(answers)} answers")
    if answers.ndim == 1:
        return labels.astype(int), answers.astype(int), None
    shares = np.exp(answers - answers.max(axis=1, keepdims=True))
    shares = shares / shares.sum(axis=1, keepdims=True)
    return labels.astype(int), answers.argmax(axis=1), shares.max(axis=1)


def confusion_matrix(labels: Any, answers: Any, names: Sequence[str] | None = None) -> Shown:
    """How often each class (row) was taken for each class (column); shaded by the share of the row.

    Args:
        labels: class numbers (N).
        answers: predicted class numbers (N), or scores (N, classes).
        names: of the classes.

    Returns:
        The figure; `counts` (classes, classes), `recall` and `precision` by class (NaN where there is nothing to
        count), `accuracy`.

    >>> import numpy as np
    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 1, 0])).arrays["counts"].tolist()
    [[1, 0], [1, 1]]
    """
    answers = numbers(answers)
    truth, predicted, _ = _classes("confusion_matrix", labels, answers)
    found = int(max(truth.max(initial=-1), predicted.max(initial=-1))) + 1
    size = max(found, len(names or ()), answers.shape[1] if answers.ndim > 1 else 0)
    least = min(truth.min(initial=0), predicted.min(initial=0))
    if least < 0:
        raise ValueError(f"confusion_matrix: class numbers must not be negative; got {least}")
    counts = np.bincount(truth * size + predicted, minlength=size * size).reshape(size, size)
    per_row, per_column = counts.sum(axis=1, keepdims=True), counts.sum(axis=0)
    shade = counts / per_row.clip(1)
    side = max(0.42 * size + 0.6, 2.8)
    figure = new_figure(side, side)
    axes = figure.subplots()
    axes.imshow(shade, cmap="Blues", vmin=0, vmax=1)
    if size <= 40:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shade[row, column] > 0.5 else "black"
                axes.text(column, row, str(count), ha="center", va="center", fontsize=8, color=colour)
    ticks = [str(i) for i in range(size)] if names is None else list(names)
    axes.set_xticks(range(len(ticks)), ticks, fontsize=8, rotation=0 if names is None else 60)
    axes.set_yticks(range(len(ticks)), ticks, fontsize=8)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    right = np.diag(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        arrays = {
            "counts": counts,
            "recall": right / per_row[:, 0],
            "precision": right / per_column,
            "accuracy": float(right.sum() / counts.sum()) if counts.sum() else float("nan"),
        }
    return Shown(figure, arrays)


def show_misclassified(
    images: Any, labels: Any, answers: Any, names: Sequence[str] | None = None, *, count: int = 32
) -> Shown:
    """The images that were taken for another class, the surest mistakes first.

    Args:
        images: (N, C, H, W).
        labels: class numbers (N).
        answers: predicted class numbers (N), or scores (N, classes).
        names: of the classes.
        count: at most so many.

    Returns:
        The figure; `index` of the mistakes in the order shown, `labels`, `predicted`, and with scores `confidence`.

    >>> import numpy as np
    >>> shown = show_misclassified(np.zeros((3, 1, 4, 4)), np.array([0, 1, 1]), np.array([0, 1, 0]))
    >>> shown.arrays["index"].tolist()
    [2]
    """
    truth, predicted, confidence = _classes("show_misclassified", labels, answers)
    wrong = np.flatnonzero(truth != predicted)
    if confidence is not None:
        wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]

    def name(number: int) -> str:
        return str(number) if names is None else names[number]

    def title(i: int) -> str:
        sure = "" if confidence is None else f" ({confidence[i]:.0%})"
        return f"{name(predicted[i])}{sure}\nis {name(truth[i])}"

    shown = wrong[:count]
    pictures = [as_picture(numbers(images[int(i)])) for i in shown]
    figure = grid(pictures, [title(i) for i in shown], cmap=GREY, size=1.25)
    if not len(shown):
        figure.suptitle("no mistakes", fontsize=9)
    arrays = {"index": wrong, "labels": truth[wrong], "predicted": predicted[wrong]}
    return Shown(figure, arrays if confidence is None else {**arrays, "confidence": confidence[wrong]})
