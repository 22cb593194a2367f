"""The main job: train the lecture's network on real handwritten digits and write a report with pictures."""

from .network import DigitsNet
from .run import add_arguments, run
from .training import History, evaluate, train

__all__ = ["DigitsNet", "History", "add_arguments", "evaluate", "run", "train"]
