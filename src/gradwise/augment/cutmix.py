"""A box of every image is replaced by that of another one, and the target by the shares of both.

What it is
    Like `cutout`, but the hole shows something: no pixel is wasted, and the net learns to see two things in
    one picture.

Also called
    cut-mix

Formula
    - the box has the sides ``H √(1 − λ)`` and ``W √(1 − λ)``, λ from Beta(α, α), one for each row; its middle
      is any pixel, and what reaches over the edge is cut off
    - ``t ← s t + (1 − s) t′``, s the share of pixels that are still the row's own

Shapes
    (N, C, H, W) stays, bytes stay bytes; (N,) class ids become (N, K) shares that sum to 1.

Defaults
    alpha 1: all sizes alike (Yun and others, section 3.1); on every batch, where the paper takes half of them
    on CIFAR.

When
    - photographs with the thing filling the image, deep nets, many epochs

When not
    - the label hangs on one small place: the box moves its share of pixels, not the thing
    - the loss takes class ids only

Confused with
    - `mixup`: blends whole images
    - `cutout`: hides, and keeps the label

Example
    The share of white pixels is the share of the white image's class.

    >>> import torch
    >>> from gradwise import augment
    >>> images = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).repeat(1, 1, 4, 4)
    >>> pipeline = augment.make("cutmix", classes=2)
    >>> mixed, shares = pipeline(images, torch.tensor([0, 1]), torch.Generator().manual_seed(3))
    >>> torch.allclose((mixed > 0).float().mean((1, 2, 3)), shares[:, 1])
    True

Claims
    - mixup, cutmix and cutout compared on small data

References
    Yun, Han, Oh, Chun, Choe, Yoo, CutMix: Regularization Strategy to Train Strong Classifiers with
    Localizable Features, arXiv 1905.04899.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradwise.augment.augmentation import Augmentation, Inputs, Mixing, number
from gradwise.augment.seeding import numpy_generator


@dataclass(frozen=True, kw_only=True)
class Cutmix(Mixing):
    """Boxes of other images.

    Args:
        alpha: of the Beta distribution of the share that stays.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        number("cutmix", "alpha", self.alpha, 1e-3, 1e3)

    def __call__(
        self, inputs: Inputs, target: Tensor, generator: torch.Generator | None
    ) -> tuple[Inputs, Tensor]:
        """See `Mixing`."""
        pixels = inputs[0]
        rows = len(pixels)
        other = torch.randperm(rows, generator=generator)
        kept = torch.from_numpy(numpy_generator(generator).beta(self.alpha, self.alpha, rows))
        down, right = (
            _covered(length, (1 - kept).sqrt(), torch.randint(length, (rows, 1), generator=generator))
            for length in pixels.shape[-2:]
        )
        box = (down.unsqueeze(2) & right.unsqueeze(1)).unsqueeze(1)  # (N, 1, H, W)
        share = 1 - box.double().mean((1, 2, 3))  # (N,) of the row itself, after cutting off
        other, box = other.to(pixels.device), box.to(pixels.device)
        weight = share.to(target.device, target.dtype).view(-1, *[1] * (target.ndim - 1))
        mixed = torch.where(box, pixels.index_select(0, other), pixels)
        return (mixed, *inputs[1:]), torch.lerp(target.index_select(0, other), target, weight)


def _covered(length: int, share: Tensor, middle: Tensor) -> Tensor:
    """(N, length) which places a stretch of ``share`` (N,) of the length about ``middle`` (N, 1) covers."""
    side = (share * length).round().long().unsqueeze(1)
    place = torch.arange(length) - (middle - side // 2)
    return (place >= 0) & (place < side)


AUGMENTATIONS = (Augmentation("cutmix", Cutmix, ("images",), "boxes of other images", aliases=("cut-mix",)),)
