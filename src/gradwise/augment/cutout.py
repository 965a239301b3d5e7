"""A square of every image is painted grey, at another place each time.

What it is
    The net must not rely on one telling spot: whichever part is hidden, the rest has to do.

Formula
    ``y = x`` outside and ``y = 255 · value`` inside a square whose side is ``share`` of the image's shorter
    one; its middle is any pixel, so it may reach over the edge

Shapes
    (N, C, H, W) stays, bytes stay bytes.

Defaults
    share 0.5: 16 of 32 pixels, best on CIFAR-10 (DeVries and Taylor, section 4.2; 8 of 32 on CIFAR-100);
    value 0.5, the grey that lies near zero once inputs are standardised, where the paper paints zeros.

When
    - many classes' things fill the image, and training accuracy is far above validation accuracy
    - together with `flip` and `crop`

When not
    - what is to be found is smaller than the hole
    - larger photographs: half a side is a lot where things are small; try ``share=0.25``

Confused with
    - `cutmix`: fills the hole with another image, and the label follows
    - dropout on inputs: single pixels, which their neighbours give away

Example
    >>> import torch
    >>> from gradwise import augment
    >>> images = torch.zeros(200, 1, 8, 8, dtype=torch.uint8)
    >>> cut, _ = augment.make("cutout")(images, torch.zeros(200), torch.Generator().manual_seed(0))
    >>> cut.unique().tolist(), int((cut > 0).sum((1, 2, 3)).max())
    ([0, 128], 16)

Claims
    - mixup, cutmix and cutout compared on small data

References
    DeVries, Taylor, Improved Regularization of Convolutional Neural Networks with Cutout, arXiv 1708.04552.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradwise.augment.augmentation import BYTE, Augmentation, Change, Inputs, number


@dataclass(frozen=True, kw_only=True)
class Cutout(Change):
    """Hidden squares.

    Args:
        share: side of the square as a share of the shorter side of the image.
        value: what it is painted with, from 0 (black) to 1 (white).
    """

    share: float = 0.5
    value: float = 0.5

    def __post_init__(self) -> None:
        number("cutout", "share", self.share, 0, 1)
        number("cutout", "value", self.value, 0, 1)

    def __call__(self, inputs: Inputs, generator: torch.Generator | None) -> Inputs:
        """See `Change`."""
        pixels = inputs[0]
        height, width = pixels.shape[-2:]
        side = round(self.share * min(height, width))
        down, right = (
            _covered(length, side, torch.randint(length, (len(pixels), 1), generator=generator))
            for length in (height, width)
        )
        hole = (down.unsqueeze(2) & right.unsqueeze(1)).unsqueeze(1).to(pixels.device)  # (N, 1, H, W)
        paint = self.value * BYTE if pixels.is_floating_point() else round(self.value * BYTE)
        return (pixels.masked_fill(hole, paint), *inputs[1:])


def _covered(length: int, side: int, middle: Tensor) -> Tensor:
    """(N, length) which places a stretch of ``side`` about ``middle`` (N, 1) covers."""
    place = torch.arange(length) - (middle - side // 2)
    return (place >= 0) & (place < side)


AUGMENTATIONS = (Augmentation("cutout", Cutout, ("images",), "a square hidden in every image"),)
