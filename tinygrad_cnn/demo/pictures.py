"""The one picture that is the demonstration's own: the learning curves of several seeds. The others are `viz`'s."""

from typing import Any

from ..viz.network.figures import FIRST, SECOND, new_figure
from .training import History


def learning_curves(histories: list[History]) -> Any:
    """Loss and accuracy by epoch; a line per seed, a dot where early stopping took the weights."""
    figure = new_figure(9, 3.6)
    panels = figure.subplots(1, 2)
    for panel, what in zip(panels, ("loss", "accuracy"), strict=True):
        for number, history in enumerate(histories):
            faint = 1.0 if number == 0 else 0.35
            train, held_out = getattr(history, f"train_{what}"), getattr(history, f"validation_{what}")
            label = number == 0
            panel.plot(
                train,
                color=SECOND,
                alpha=faint,
                linewidth=1.2,
                label="training (augmented, with dropout)" if label else None,
            )
            panel.plot(held_out, color=FIRST, alpha=faint, linewidth=1.2, label="validation" if label else None)
            best = history.best_epoch
            panel.plot(
                [best],
                [held_out[best]],
                "o",
                color=FIRST,
                alpha=faint,
                markersize=5,
                label="weights kept" if label else None,
            )
        panel.set_xlabel("epoch")
        panel.set_ylabel(what)
        panel.grid(alpha=0.25)
        if what == "loss":
            panel.set_yscale("log")
            panel.legend(fontsize=8)
        else:
            settled = histories[0].validation_accuracy[len(histories[0].validation_accuracy) // 10 :]
            panel.set_ylim(min(0.9, *settled) - 0.005, 1.002)
    return figure
