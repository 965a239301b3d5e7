"""Every image gets its own brightness, contrast and saturation.

What it is
    Light, camera and weather change colours and not what is seen.  Each image is multiplied by a factor,
    drawn away from or towards its own mean, and made more or less colourful.

Also called
    color, color-jitter, brightness, contrast

Formula
    - brightness: ``x ← β x``
    - contrast: ``x ← m + γ (x − m)``, m the image's mean grey
    - saturation, of three channels: ``x ← g + σ (x − g)``, g the pixel's grey 0.299 R + 0.587 G + 0.114 B
    - each factor even over 1 ± its option; at the end values are cut to 0 … 255

Shapes
    (N, C, H, W) stays; bytes stay bytes, rounded.

Defaults
    brightness, contrast and saturation 0.4 each (fb.resnet.torch, ColorJitter); 0 leaves one out.

When
    - photographs under changing light

When not
    - colour is the label: ripeness, stains, litmus
    - calibrated images: X-ray densities, temperatures

Confused with
    - input normalization of contrast: fitted once and applied to every row, in evaluation too
    - `noise`: another number for every pixel

Example
    >>> import torch
    >>> from gradwise import augment
    >>> image = torch.full((1, 1, 2, 2), 100, dtype=torch.uint8)
    >>> bright = augment.make("colour:brightness=0.5,contrast=0.5")(image, torch.tensor([0]))[0]
    >>> bool((bright >= 50).all() and (bright <= 150).all() and len(bright.unique()) == 1)
    True

Claims
    - augmentation helps small data, where the change keeps the label

References
    Howard, Some Improvements on Deep Convolutional Neural Network Based Image Classification, arXiv
    1312.5402.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradwise.augment.augmentation import BYTE, Augmentation, Change, Inputs, as_floats, number, uniform

GREY = (0.299, 0.587, 0.114)  # of red, green, blue: Rec. ITU-R BT.601


@dataclass(frozen=True, kw_only=True)
class Colour(Change):
    """Other light.

    Args:
        brightness: largest change of the factor.
        contrast: likewise.
        saturation: likewise; for images of three channels.
    """

    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4

    def __post_init__(self) -> None:
        for option in ("brightness", "contrast", "saturation"):
            number("colour", option, getattr(self, option), 0, 1)

    def __call__(self, inputs: Inputs, generator: torch.Generator | None) -> Inputs:
        """See `Change`."""
        pixels = as_floats(inputs[0])
        beta, gamma, sigma = (
            uniform(len(pixels), (1 - reach, 1 + reach), generator)
            .to(pixels.device, pixels.dtype)
            .view(-1, 1, 1, 1)
            for reach in (self.brightness, self.contrast, self.saturation)
        )
        mean = _grey(pixels.mean((2, 3), keepdim=True)) * beta  # (N, 1, 1, 1), after brightness
        changed = torch.addcmul((1 - gamma) * mean, pixels, beta * gamma)
        if pixels.shape[1] == len(GREY) and self.saturation:
            changed = torch.lerp(_grey(changed), changed, sigma)
        return (changed.clamp_(0, BYTE), *inputs[1:])


def _grey(pixels: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, 1, h, w)."""
    if pixels.shape[1] != len(GREY):
        return pixels.mean(1, keepdim=True)
    red, green, blue = pixels.split(1, dim=1)
    return torch.add(red * GREY[0], green, alpha=GREY[1]).add_(blue, alpha=GREY[2])


AUGMENTATIONS = (
    Augmentation(
        "colour",
        Colour,
        ("images",),
        "other brightness, contrast, saturation",
        aliases=("color", "color-jitter", "brightness", "contrast"),
    ),
)
