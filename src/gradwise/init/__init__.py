"""Initialisers by their usual names.

>>> import torch
>>> from gradwise import init
>>> net = torch.nn.Linear(3, 2)
>>> init.apply(net, "zeros")
>>> net.weight.abs().sum().item()
0.0
"""

from gradwise.init.apply import apply
from gradwise.init.collection import INITIALISERS, Initialiser

__all__ = ["INITIALISERS", "Initialiser", "apply"]
