"""Some images are shrunk and enlarged again: as large as before, and less sharp.

What it is
    Cameras differ in resolution.  Down-sampling throws fine detail away, up-sampling brings the size back, so
    the net learns to do with coarse detail.

Also called
    up-down-sampling, resample

Formula
    ``y = up(down(x, f))``, f even over ``least`` … 1, one for the batch; for each image with probability p

Shapes
    (N, C, H, W) stays; bytes stay bytes, rounded.

Defaults
    least 0.5, p 0.5 (our choice: half the sharpness, on half the images); down bilinear with smoothing over
    the pixels left out (torch's ``antialias``), up bilinear.

When
    - images to come are from other, poorer cameras, or from farther away

When not
    - fine texture is what tells the classes apart
    - images below 16 pixels: nothing is left

Confused with
    - `scale`: things become larger or smaller, the sharpness stays
    - over- and under-sampling: of rows of rare and frequent classes

Example
    >>> import torch
    >>> from gradwise import augment
    >>> board = (torch.arange(64).view(1, 1, 8, 8) + torch.arange(8).view(8, 1)) % 2 * 255.0
    >>> draws = torch.Generator().manual_seed(1)
    >>> blurred, _ = augment.make("resolution:least=0.4,p=1")(board, torch.tensor([0]), draws)
    >>> blurred.shape == board.shape, bool(blurred.std() < board.std())
    (True, True)

Claims
    - augmentation helps small data, where the change keeps the label

References
    Shorten, Khoshgoftaar, A survey on Image Data Augmentation for Deep Learning, Journal of Big Data 6, 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from gradwise.augment.augmentation import BYTE, Augmentation, Change, Inputs, as_floats, number, uniform


@dataclass(frozen=True, kw_only=True)
class Resolution(Change):
    """Less sharp images.

    Args:
        least: smallest share of the sides.
        p: probability for each image.
    """

    least: float = 0.5
    p: float = 0.5

    def __post_init__(self) -> None:
        number("resolution", "least", self.least, 0.01, 1)
        number("resolution", "p", self.p, 0, 1)

    def __call__(self, inputs: Inputs, generator: torch.Generator | None) -> Inputs:
        """See `Change`."""
        pixels = as_floats(inputs[0])
        share = uniform(1, (self.least, 1.0), generator).item()
        chosen = (torch.rand(len(pixels), generator=generator) < self.p).nonzero().flatten()
        if not len(chosen):
            return inputs
        chosen = chosen.to(pixels.device)
        full = [int(length) for length in pixels.shape[-2:]]
        small = [max(1, round(share * length)) for length in full]
        less = functional.interpolate(pixels[chosen], small, mode="bilinear", antialias=True)
        again = functional.interpolate(less, full, mode="bilinear").clamp_(0, BYTE)
        return (pixels.index_copy(0, chosen, again), *inputs[1:])


AUGMENTATIONS = (
    Augmentation(
        "resolution",
        Resolution,
        ("images",),
        "images shrunk and enlarged again",
        aliases=("up-down-sampling", "resample"),
    ),
)
