"""Every image is turned about its middle by an angle of its own.

What it is
    Things in photographs and on scanned pages are seldom upright to the degree.  Turned a little, they keep
    their label, and the net learns not to rely on the exact direction of an edge.

Also called
    rotation

Formula
    - the value at (x, y) from the middle, y down, comes from ``(x cos θ − y sin θ, x sin θ + y cos θ)``
    - θ even over ``degrees``; positive angles turn counter-clockwise, as one sees it

Shapes
    (N, C, H, W) stays; corners leave the image, and ``fill`` comes in.  Bytes stay bytes, rounded.

Defaults
    degrees 15, which stands for −15 to 15 (Cireşan and others 2010 on digits, 7.5 for 1 and 7); fill
    ``zeros``; interpolation bilinear.  A pair is taken as it is: ``degrees=(90,90)``.

When
    - scans, photographs by hand, views from above (there ``degrees=180``)

When not
    - the angle is the label, or decides it: 6 and 9, arrows, clocks; small angles may still do
    - tiny images: at 8 x 8 pixels interpolation blurs strokes of one pixel

Confused with
    - `shear`: slants, and right angles are lost
    - `flip`: mirrors

Example
    A quarter turn to the left moves pixels and changes none.

    >>> import torch
    >>> from gradwise import augment
    >>> square = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8)
    >>> augment.make("rotate:degrees=(90,90)")(square, torch.tensor([0]))[0].tolist()
    [[[[2, 4], [1, 3]]]]

Claims
    - augmentation helps small data, where the change keeps the label

References
    Cireşan, Meier, Gambardella, Schmidhuber, Deep, Big, Simple Neural Nets Excel on Handwritten Digit
    Recognition, arXiv 1003.0358.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradwise.augment.augmentation import Augmentation, Frame, Motion, span, uniform


@dataclass(frozen=True, kw_only=True)
class Rotate(Motion):
    """Turned images.

    Args:
        degrees: largest angle, or a pair (low, high); counter-clockwise.
    """

    degrees: float | tuple[float, float] = 15.0

    def __post_init__(self) -> None:
        super().__post_init__()
        span("rotate", "degrees", self.degrees, -360, 360)

    def back(self, frame: Frame) -> Tensor:
        """See `Motion`."""
        angle = uniform(
            frame.rows, span("rotate", "degrees", self.degrees, -360, 360), frame.generator
        ).deg2rad()
        cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
        return torch.stack([cos, -sin, zero, sin, cos, zero], 1).view(frame.rows, 2, 3)


AUGMENTATIONS = (
    Augmentation("rotate", Rotate, ("images",), "images turned a little", aliases=("rotation",)),
)
