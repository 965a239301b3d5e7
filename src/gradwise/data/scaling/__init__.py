"""Scalings of inputs by name, one per file: fitted to training rows, saved, the same at prediction.

>>> import numpy as np
>>> from gradwise.data import scaling
>>> scaling.fit("min-max", np.array([[1.0], [3.0]])).transform(np.array([[2.0]])).tolist()
[[0.5]]
"""

from gradwise.data.scaling.collection import AUTO, NONE, SCALINGS, USUAL, choose, fit, read
from gradwise.data.scaling.columns import Columns, scale_columns
from gradwise.data.scaling.scaler import Scaler, restore
from gradwise.data.scaling.scaling import FARTHEST, Scale, Scaling, Spread

__all__ = [
    "AUTO",
    "FARTHEST",
    "NONE",
    "SCALINGS",
    "USUAL",
    "Columns",
    "Scale",
    "Scaler",
    "Scaling",
    "Spread",
    "choose",
    "fit",
    "read",
    "restore",
    "scale_columns",
]
