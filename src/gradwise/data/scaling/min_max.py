"""Maps each column's least and largest value of the training rows to 0 and 1.

What it is
    A shift and a stretch, so that every column fills the same range.  Rows seen later may lie outside of it;
    they are mapped by the same line and not cut off, up to ten ranges.

Also called
    minmax, min-max-scaling, rescale

Formula
    - ``low + (high − low) · (x − min) / (max − min)``; a constant column becomes ``low``, or 0

Shapes
    One least and largest value for each column of a table, each channel of images, each feature of series.

Defaults
    ``low`` 0 and ``high`` 1, as scikit-learn's MinMaxScaler.  ``min-max:low=-1`` is zero-centred, which nets
    like better.

When
    - values are bounded by nature: shares, grey values, angles
    - what follows asks for a range, as outputs of a sigmoid or a tanh do

When not
    - there are outliers: one of them squeezes all other rows into a corner
    - otherwise: `standardize` is centred at 0, so training is faster

Confused with
    - `standardize`: by mean and deviation
    - dividing pixels by 255: the range of the type, not of the data

Example
    >>> import numpy as np
    >>> from gradwise.data import scaling
    >>> scaler = scaling.fit("min-max:low=-1", np.array([[10.0], [20.0], [30.0]]))
    >>> scaler.transform(np.array([[10.0], [25.0], [40.0]])).ravel().tolist()
    [-1.0, 0.5, 2.0]

Claims
    - zero-centred inputs and standardised features train faster; this one is centred only with ``low=-1``

References
    LeCun, Bottou, Orr, Müller, Efficient BackProp, section 4.3, in Neural Networks: Tricks of the Trade,
    1998.
"""

from __future__ import annotations

import sys

from gradwise.data.scaling.scaling import Scaling, Spread
from gradwise.errors import UsageError
from gradwise.registry import Span

ENDS = Span(-1000, 1000)


def affine(spread: Spread, *, low: float, high: float) -> tuple[float, float]:
    """The shift and scale that bring ``spread.low`` to ``low`` and ``spread.high`` to ``high``.

    Raises:
        UsageError: ``low`` is not below ``high``.

    >>> affine(Spread(0, 1, low=10, high=30), low=-1, high=1)
    (20.0, 10.0)
    """
    if low >= high:
        raise UsageError(f"scaling 'min-max': low must be below high, got {low:g} and {high:g}.")
    span = min(spread.high - spread.low, sys.float_info.max) or 1.0
    scale = span / (high - low)
    return spread.low - low * scale, scale


SCALINGS = (
    Scaling(
        "min-max",
        "from {low} to {high} over the training rows",
        ("table", "images", "series"),
        affine,
        ("minmax", "min-max-scaling", "rescale"),
        options={"low": ENDS, "high": ENDS},
        defaults={"low": 0.0, "high": 1.0},
    ),
)
