"""Resampling of training rows by its usual names, one technique per file.

>>> import numpy as np
>>> from gradwise.data import resampling
>>> from gradwise.data.examples import Examples, Task
>>> rows = Examples({"numbers": np.arange(10.0, dtype=np.float32)[:, None]}, np.repeat([0, 1], [8, 2]))
>>> resampling.resample("over", rows, Task("classes", ("y",), ("many", "few")), seed=0).learnt
(8, 8)
"""

from gradwise.data.resampling.collection import NONE, RESAMPLERS, check, proper, resample
from gradwise.data.resampling.resampler import Resampled, Resampler

__all__ = ["NONE", "RESAMPLERS", "Resampled", "Resampler", "check", "proper", "resample"]
