"""Takes off each image's own mean and divides by its own deviation; series one by one as well.

What it is
    Dark and bright, flat and harsh pictures of one thing come out alike: each image is scaled by its own
    numbers.  All channels share one mean and deviation, so that colours stay.  Of a series every feature is
    scaled by itself, which makes its shape count and not its level.

Also called
    per-image, contrast-normalization, gcn

Formula
    - ``(x − mean(x)) / √(var(x) + (floor · s)²)``, mean and variance of the one image or series, s the
      deviation of all training data
    - the floor keeps the noise of nearly empty images from being blown up to full contrast

Shapes
    One mean and deviation for each image, or for each feature of each series; nothing but s is fitted.

Defaults
    ``floor`` 0.05: Coates, Ng and Lee add 10 to the variance of grey values up to 255, whose root is 0.05 of
    a usual deviation of 64.

When
    - light or the gain of the sensor changes from image to image and means nothing
    - series whose shape tells the class, as is the custom on the UCR archive

When not
    - brightness tells the answer: day or night, loud or quiet
    - a table: its columns have no common unit, so a row has no mean; `gradwise fit` refuses

Confused with
    - `standardize`: by the mean of all training rows, column by column
    - `instance-norm`: a layer, per channel, with a scale and a shift that are learnt
    - `layer-norm`: the same formula within a net
    - local contrast normalisation: by the neighbourhood of each pixel

Example
    An image and the same, three times as harsh and brighter, come out nearly alike.

    >>> import numpy as np
    >>> from gradwise.data import scaling
    >>> image = np.array([[0.0, 20.0], [40.0, 100.0]])
    >>> scaler = scaling.fit("contrast:floor=0.001", np.stack([image, 3 * image + 7]))
    >>> one, other = scaler.transform(np.stack([image, 3 * image + 7]))
    >>> bool(np.allclose(one, other, atol=1e-4)), [round(float(value), 2) for value in one.ravel()]
    (True, [-1.07, -0.53, 0.0, 1.6])

Claims
    - zero-centred inputs train faster

References
    Coates, Ng, Lee, An Analysis of Single-Layer Networks in Unsupervised Feature Learning, AISTATS 2011.
"""

from __future__ import annotations

from gradwise.data.scaling.scaling import Scaling
from gradwise.registry import Span

FLOOR = 0.05  # deviations of the training data; √10 of 64 grey values, after Coates, Ng, Lee 2011

SCALINGS = (
    Scaling(
        "contrast",
        "each by its own mean and deviation, the latter {floor} of all training rows' at least",
        ("images", "series"),
        aliases=("per-image", "contrast-normalization", "gcn"),
        options={"floor": Span(0, 1, beyond=True)},
        defaults={"floor": FLOOR},
    ),
)
