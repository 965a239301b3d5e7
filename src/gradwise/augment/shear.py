"""Every image is slanted: each row is shifted in proportion to its distance from the middle.

What it is
    Handwriting slants more or less, and what is seen from the side is slanted too.

Also called
    skew

Formula
    the value at (x, y) from the middle comes from ``(x − a y, y)``, a even over ±amount; axis ``vertical``:
    from ``(x, y − a x)``

Shapes
    (N, C, H, W) stays; bytes stay bytes, rounded.

Defaults
    amount 0.3 pixels per pixel, about 17° (AutoAugment, table 6), axis ``horizontal``; fill ``zeros``;
    bilinear.

When
    - handwriting, and flat things seen from many sides

When not
    - right angles and slopes are what tells the classes apart

Confused with
    - `rotate`: turns the image as a whole

Example
    >>> import torch
    >>> from gradwise import augment
    >>> cross = torch.tensor([[[[0.0, 1, 0], [1, 1, 1], [0, 1, 0]]]])
    >>> augment.make("shear:amount=(1,1)")(cross, torch.tensor([0]))[0][0, 0].tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]]

Claims
    - augmentation helps small data, where the change keeps the label

References
    Cubuk, Zoph, Mané, Vasudevan, Le, AutoAugment: Learning Augmentation Policies from Data, arXiv 1805.09501.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from gradwise.augment.augmentation import Augmentation, Frame, Motion, choice, span, uniform, unmoved

_STEEPEST = 10.0  # pixels per pixel


@dataclass(frozen=True, kw_only=True)
class Shear(Motion):
    """Slanted images.

    Args:
        amount: largest shift in pixels per pixel from the middle, or a pair (low, high).
        axis: along which pixels move: ``horizontal`` or ``vertical``.
    """

    amount: float | tuple[float, float] = 0.3
    axis: str = "horizontal"

    def __post_init__(self) -> None:
        super().__post_init__()
        span("shear", "amount", self.amount, -_STEEPEST, _STEEPEST)
        choice("shear", "axis", self.axis, ("horizontal", "vertical"))

    def back(self, frame: Frame) -> Tensor:
        """See `Motion`."""
        back = unmoved(frame.rows)
        amount = uniform(
            frame.rows, span("shear", "amount", self.amount, -_STEEPEST, _STEEPEST), frame.generator
        )
        if self.axis == "horizontal":
            back[:, 0, 1] = -amount
        else:
            back[:, 1, 0] = -amount
        return back


AUGMENTATIONS = (Augmentation("shear", Shear, ("images",), "slanted images", aliases=("skew",)),)
