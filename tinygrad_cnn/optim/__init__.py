"""Optimizers: how parameters change by their gradients."""

from . import lr_scheduler, swa_utils
from .adam import Adam, AdamW, SparseAdam
from .adaptive import Adadelta, Adagrad, RMSprop
from .averaged import ASGD, Rprop
from .factored import Adafactor, Muon
from .lbfgs import LBFGS
from .moments import Adamax, NAdam, RAdam
from .optimizer import Optimizer
from .regularisation import EarlyStopping, l1_penalty
from .sgd import SGD

__all__ = [
    "ASGD",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "LBFGS",
    "EarlyStopping",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
    "l1_penalty",
    "lr_scheduler",
    "swa_utils",
]
