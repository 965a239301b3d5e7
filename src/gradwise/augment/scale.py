"""Every image is enlarged or shrunk about its middle by a factor of its own.

What it is
    Things come nearer and go farther.  The image keeps its size: enlarged, its edges leave it; shrunk, a
    margin comes in.

Also called
    zoom

Formula
    ``y(p) = x(p / s)``, p from the middle, s even over ``factor``

Shapes
    (N, C, H, W) stays; bytes stay bytes, rounded.

Defaults
    factor 0.1, which stands for 0.9 to 1.1 (Cireşan and others 2012, on traffic signs); fill ``zeros``;
    bilinear.  A pair is taken as it is: ``factor=(0.7,1)``.

When
    - things stand at different distances, or were cut out by hand

When not
    - size is the label: grades of grain, stages of growth under a fixed microscope
    - shrinking below a half: bilinear interpolation then skips pixels

Confused with
    - `scaling` multiplies the values of a series
    - `resolution` shrinks and enlarges again: sharpness changes, size does not
    - `crop` cuts a window out and resizes nothing

Example
    >>> import torch
    >>> from gradwise import augment
    >>> row = torch.tensor([[[[0.0, 8.0, 16.0, 24.0]] * 4]])
    >>> augment.make("scale:factor=(2,2)")(row, torch.tensor([0]))[0][0, 0, 1].tolist()
    [6.0, 10.0, 14.0, 18.0]

Claims
    - augmentation helps small data, where the change keeps the label

References
    Cireşan, Meier, Masci, Schmidhuber, Multi-column deep neural network for traffic sign classification,
    Neural Networks 32, 2012.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradwise.augment.augmentation import Augmentation, Frame, Motion, number, span, uniform

_SMALLEST, _LARGEST = 0.01, 100.0


@dataclass(frozen=True, kw_only=True)
class Scale(Motion):
    """Enlarged and shrunk images.

    Args:
        factor: r for 1 - r to 1 + r, or a pair (low, high); above 1 enlarges.
    """

    factor: float | tuple[float, float] = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._range()

    def _range(self) -> tuple[float, float]:
        if isinstance(self.factor, tuple | list):
            return span("scale", "factor", self.factor, _SMALLEST, _LARGEST)
        reach = number("scale", "factor", self.factor, 0, 0.99)
        return 1 - reach, 1 + reach

    def back(self, frame: Frame) -> Tensor:
        """See `Motion`."""
        inverse = 1 / uniform(frame.rows, self._range(), frame.generator)
        return torch.eye(2, 3, dtype=torch.float64) * inverse.view(-1, 1, 1)


AUGMENTATIONS = (Augmentation("scale", Scale, ("images",), "images enlarged or shrunk", aliases=("zoom",)),)
