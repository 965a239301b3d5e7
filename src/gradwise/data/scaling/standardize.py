"""Takes off each column's mean and divides by its standard deviation, both of the training rows.

What it is
    Columns come in metres, years and counts; after it all have mean 0 and deviation 1 over the training rows.
    Both numbers are saved with the net, and predictions are made with the same ones.

Also called
    standardise, standard, z-score, zscore

Formula
    - ``(x − mean) / deviation``; a constant column becomes 0
    - on tables at most 10 deviations from 0, since one wrong digit could otherwise drown a batch

Shapes
    One mean and deviation for each column of a table, each channel of images, each feature of series.

Defaults
    What `gradwise fit` does if nothing else is asked for.

When
    - nearly always: gradients of all weights are then of one size, and one learning rate suits them all

When not
    - numbers have a meaning by their size that must stay, as grey values already from 0 to 1
    - a few values lie far out and make up the deviation: take the logarithm first, or clip

Confused with
    - `min-max`: by the least and the largest value, which a single outlier decides
    - `contrast`: each image by its own mean and deviation
    - `batch-norm`: a layer of the net, by the mean and deviation of each batch
    - scaling with all rows before the split: the validation rows would have a say, which flatters the score

Example
    >>> import numpy as np
    >>> from gradwise.data import scaling
    >>> scaler = scaling.fit("standardize", np.array([[1.0], [2.0], [3.0]]))
    >>> scaler.transform(np.array([[2.0], [4.0]])).ravel().round(3)
    array([0.   , 2.449], dtype=float32)

Claims
    - zero-centred inputs and standardised features train faster

References
    LeCun, Bottou, Orr, Müller, Efficient BackProp, section 4.3, in Neural Networks: Tricks of the Trade,
    1998.
"""

from __future__ import annotations

from gradwise.data.scaling.scaling import Scaling, Spread


def affine(spread: Spread) -> tuple[float, float]:
    """Mean and deviation."""
    return spread.mean, spread.deviation


SCALINGS = (
    Scaling(
        "standardize",
        "mean 0 and deviation 1 over the training rows",
        ("table", "images", "series"),
        affine,
        ("standardise", "standard", "z-score", "zscore"),
    ),
)
