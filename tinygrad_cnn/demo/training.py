"""Training with early stopping: the loop, what it records, and the progress it shows."""

import sys
import time
from dataclasses import dataclass, field
from typing import Any

from .. import optim
from ..autograd import no_grad
from ..data import DataLoader, TensorDataset
from ..nn import Module
from ..nn import functional as F
from ..random import Generator, manual_seed
from ..tensor import Tensor


@dataclass
class History:
    """What happened in one training run; lists hold one value per epoch.

    Attributes:
        train_loss, train_accuracy: over the epoch's augmented images, with dropout on.
        validation_loss, validation_accuracy: on the held-out images, with dropout off.
        best_epoch: the epoch whose weights were kept, counted from 0.
        seconds: of training, validation included.
        images_per_second: trained images per second, over the whole run.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    best_epoch: int = 0
    seconds: float = 0.0
    images_per_second: float = 0.0


def evaluate(model: Module, images: Tensor, labels: Tensor) -> tuple[float, float, Any]:
    """Loss, accuracy and the predicted classes, with dropout off and nothing recorded."""
    model.eval()
    place = _place(model)
    with no_grad():
        scores = model(images.to(place)).cpu()
        loss = F.cross_entropy(scores, labels).item()
    predicted = scores.argmax(1)
    return loss, float((predicted == labels).float().mean()), predicted.numpy()


def _place(model: Module) -> Any:
    """The device of a model."""
    return next(iter(model.parameters())).device


def train(
    model: Module,
    train_set: tuple[Tensor, Tensor],
    validation_set: tuple[Tensor, Tensor],
    *,
    seed: int,
    epochs: int,
    augment: Any,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    weight_decay: float = 1e-3,
    patience: int = 60,
    show_progress: bool = True,
) -> History:
    """Train by AdamW on augmented mini-batches until the validation loss has not fallen for `patience` epochs.

    The learning rate falls to zero along half a cosine over the epochs. The model ends with its best weights.
    """
    manual_seed(seed)
    place = _place(model)
    loader: DataLoader[Any] = DataLoader(
        TensorDataset(*train_set), batch_size=batch_size, shuffle=True, generator=Generator().manual_seed(seed)
    )
    optimizer = optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    history, stopping = History(), optim.EarlyStopping(patience, model=model)
    bar = _progress(epochs, seed, show_progress)
    start, images_seen = time.perf_counter(), 0
    for _ in range(epochs):
        model.train()
        loss_sum, correct, count = 0.0, 0, 0
        for images, labels in loader:
            labels = labels.to(place)
            scores = model(augment(images).to(place))
            loss = F.cross_entropy(scores, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            count += len(labels)
            loss_sum += loss.item() * len(labels)
            correct += int((scores.argmax(1) == labels).sum())
        schedule.step()
        images_seen += count
        validation_loss, validation_accuracy, _ = evaluate(model, *validation_set)
        history.train_loss.append(loss_sum / count)
        history.train_accuracy.append(correct / count)
        history.validation_loss.append(validation_loss)
        history.validation_accuracy.append(validation_accuracy)
        history.seconds = time.perf_counter() - start
        history.images_per_second = images_seen / history.seconds
        bar.advance(history)
        if stopping.step(validation_loss):
            break
    stopping.restore()
    bar.close()
    history.best_epoch = stopping.best_epoch
    return history


class _progress:  # noqa: N801 - a small private helper
    """A bar on a terminal; a line now and then where output goes to a file or a pipe."""

    def __init__(self, epochs: int, seed: int, wanted: bool) -> None:
        from tqdm import tqdm

        self.epochs, self.seed, self.wanted = epochs, seed, wanted
        terminal = sys.stderr.isatty()
        self.bar = tqdm(
            total=epochs, desc=f"seed {seed}", unit="epoch", disable=not (wanted and terminal), dynamic_ncols=True
        )
        self.lines = wanted and not terminal

    def advance(self, history: History) -> None:
        """One more epoch is done."""
        state = {
            "loss": f"{history.train_loss[-1]:.3f}",
            "accuracy": f"{history.validation_accuracy[-1]:.1%}",
            "images/s": f"{history.images_per_second:,.0f}",
        }
        self.bar.set_postfix(state)
        self.bar.update()
        done = len(history.train_loss)
        if self.lines and (done == 1 or done % 20 == 0):
            text = ", ".join(f"{name} {value}" for name, value in state.items())
            print(f"seed {self.seed}: epoch {done} of {self.epochs}: {text}", flush=True)

    def close(self) -> None:
        """No more epochs."""
        self.bar.close()
