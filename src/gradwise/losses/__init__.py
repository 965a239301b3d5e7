"""Losses by their usual names, one per file.

>>> import torch
>>> from gradwise import losses
>>> loss = losses.make("cross-entropy", smoothing=0.0)
>>> round(loss(torch.zeros(3, 2), torch.tensor([0, 1, 1])).item(), 4)  # ln 2
0.6931
"""

from gradwise.losses.collection import LOSSES, losses_for, make
from gradwise.losses.criterion import Criterion
from gradwise.losses.loss import Loss

__all__ = ["LOSSES", "Criterion", "Loss", "losses_for", "make"]
