"""Optimizers: how parameters change by their gradients."""

from . import lr_scheduler, swa_utils
from .adam import Adam, AdamW
from .adaptive import Adadelta, Adagrad, RMSprop
from .averaged import ASGD, Rprop
from .moments import Adamax, NAdam, RAdam
from .optimizer import Optimizer
from .regularisation import EarlyStopping, l1_penalty
from .sgd import SGD

__all__ = [
    "ASGD",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "EarlyStopping",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "l1_penalty",
    "lr_scheduler",
    "swa_utils",
]
