"""What guessing and classical models would score on the same data; every model by name.

>>> from gradwise import baselines
>>> sorted(baselines.BASELINES)[:3]
['elastic-net', 'k-means', 'k-nn']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwise.baselines.collection import BASELINES, make
    from gradwise.baselines.comparing import compare
    from gradwise.baselines.results import Comparison, Entry

__all__ = ["BASELINES", "Comparison", "Entry", "compare", "make"]

# A fit asks this room for a yardstick alone: the rest is loaded when it is used.
_HOMES = {
    "BASELINES": "collection",
    "make": "collection",
    "compare": "comparing",
    "Comparison": "results",
    "Entry": "results",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"gradwise.baselines.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'gradwise.baselines' has no attribute {name!r}")
