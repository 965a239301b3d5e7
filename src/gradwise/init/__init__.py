"""Initialisers by their usual names, one per file; the room itself can be called.

``gradwise.init(model, "he")`` is `gradwise.init.apply.apply`: the public function and the room bear the same
name, and whichever is imported first, both uses work.

>>> import torch, gradwise
>>> net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
>>> [row.activation for row in gradwise.init(net, "he").rows]
['relu', 'none']
>>> gradwise.init.INITIALISERS.name("kaiming")
'he-normal'
"""

import sys
from types import ModuleType
from typing import Any

from gradwise.init.apply import apply
from gradwise.init.collection import INITIALISERS, check_init
from gradwise.init.initialiser import Fans, Initialiser
from gradwise.init.outcome import Initialised, Row

__all__ = ["INITIALISERS", "Fans", "Initialised", "Initialiser", "Row", "apply", "check_init"]


class _CallableRoom(ModuleType):
    """This package's module object: calling it draws a model's weights anew."""

    def __call__(self, *arguments: Any, **options: Any) -> Initialised:
        """Draw weights; see `gradwise.init.apply.apply`."""
        return apply(*arguments, **options)


sys.modules[__name__].__class__ = _CallableRoom
