"""The first layer of every net on images: bytes in, standardised numbers out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gradwise.errors import UsageError

BYTE = 255.0  # the largest value of a uint8 pixel
MIDDLE = 0.5  # mean of a channel where none is known: middle of the range from 0 to 1
SPREAD = 0.25  # its deviation: 95 % of the range within two deviations


@dataclass(frozen=True, slots=True)
class ImageShape:
    """Shape and spread of the images that a net takes.

    Args:
        channels: 1, 3 ...
        height: pixels.
        width: pixels.
        mean: of every channel, in units from 0 (black) to 1; empty: 0.5.
        std: of every channel, in the same units; empty: 0.25.
        contrast: if given, each image is normalised by its own mean and variance, all channels together, the
            latter plus the square of this, in the same units; mean and std then serve for nothing.

    Raises:
        UsageError: a size below 1, a deviation or contrast that is not positive, or not one mean for each
            channel.
    """

    channels: int
    height: int
    width: int
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    contrast: float | None = None

    def __post_init__(self) -> None:
        if min(self.channels, self.height, self.width) < 1:
            size = f"{self.channels} x {self.height} x {self.width}"
            raise UsageError(f"images have 1 channel, row and column or more, not {size}.")
        for name in ("mean", "std"):
            values = getattr(self, name)
            if values and len(values) != self.channels:
                raise UsageError(
                    f"{name} needs one value for each of {self.channels} channels, not {values}."
                )
        if min(self.std, default=SPREAD) <= 0:
            raise UsageError(f"std must be above 0 in every channel, not {min(self.std):g}.")
        if self.contrast is not None and self.contrast <= 0:
            raise UsageError(f"contrast must be above 0, not {self.contrast:g}.")


class Pixels(nn.Module):
    """Turns pixels from 0 to 255 into ``(pixel / 255 - mean) / std`` per channel, or each image by itself.

    Images stay bytes in memory until they are here: a quarter of the traffic of float32.

    Args:
        image: shape and spread of the images.

    >>> front = Pixels(ImageShape(1, 1, 2, mean=(0.0,), std=(0.5,)))
    >>> front(torch.tensor([[[[0, 255]]]], dtype=torch.uint8))
    tensor([[[[0., 2.]]]])
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, image: ImageShape) -> None:
        super().__init__()
        self.contrast = image.contrast
        mean = torch.tensor(image.mean or [MIDDLE] * image.channels, dtype=torch.float32)
        std = torch.tensor(image.std or [SPREAD] * image.channels, dtype=torch.float32)
        self.register_buffer("scale", (1 / (BYTE * std)).view(1, -1, 1, 1))
        self.register_buffer("shift", (-mean / std).view(1, -1, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8, or float from 0 to 255 -> the same shape, standardised."""
        if self.contrast is None:
            return torch.addcmul(self.shift, pixels.to(self.scale.dtype), self.scale)
        shares = pixels.to(self.scale.dtype) / BYTE
        variance, mean = torch.var_mean(shares, dim=(1, 2, 3), correction=0, keepdim=True)  # (N, 1, 1, 1)
        return (shares - mean) / (variance + self.contrast**2).sqrt()
