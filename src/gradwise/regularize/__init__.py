"""Regularisers by their usual names, one per file.

>>> from gradwise import regularize
>>> both = regularize.make("l1:strength=1e-4, max-norm:norm=3")
>>> [type(part).__name__ for part in both]
['L1', 'MaxNorm']
"""

from gradwise.regularize.bundle import Regularisers
from gradwise.regularize.collection import REGULARISERS, make, proper, settings_of
from gradwise.regularize.ema import Ema
from gradwise.regularize.ensemble import mean_answer
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo
from gradwise.regularize.swa import Swa, refresh_norms

__all__ = [
    "REGULARISERS",
    "Ema",
    "Regulariser",
    "RegulariserInfo",
    "Regularisers",
    "Swa",
    "make",
    "mean_answer",
    "proper",
    "refresh_norms",
    "settings_of",
]
