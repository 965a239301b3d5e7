"""Optimizers and learning-rate schedules by their usual names, one family per file.

>>> import torch
>>> from gradwise import optim
>>> net = torch.nn.Linear(2, 1)
>>> optimizer = optim.make("adamw", net.parameters(), rate=0.01, weight_decay=0.1)
>>> [group["weight_decay"] for group in optimizer.param_groups]  # the matrix, then the bias
[0.1, 0.0]
"""

from gradwise.optim.collection import OPTIMIZERS, make
from gradwise.optim.full_batch import ScipyMinimizer
from gradwise.optim.groups import decay_groups
from gradwise.optim.optimizer import OptimizerInfo
from gradwise.optim.schedules import SCHEDULES, Schedule, check_schedule, make_schedule

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "OptimizerInfo",
    "Schedule",
    "ScipyMinimizer",
    "check_schedule",
    "decay_groups",
    "make",
    "make_schedule",
]
