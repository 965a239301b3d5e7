"""Normal noise on every number: no two epochs show the same values.

What it is
    What was measured is never exact.  A net that sees each example with new small errors cannot learn the
    errors by heart.

Also called
    gaussian-noise

Formula
    ``y = x + σ ε``, ε standard normal, one for each number; pixels are cut to 0 … 255 afterwards

Shapes
    Images and the numbers of a table keep their shape; bytes stay bytes, rounded.  Categories stay.

Defaults
    sigma 0.05: of pixels a share of the range from black to white, of tables a share of each column's
    standard deviation (our choice, below what an eye or a scatter plot shows; published values go from 0.01
    to 0.5).

When
    - the real inputs to come are noisier than the training rows
    - few rows and many weights: small noise acts like a penalty on steep functions (Bishop)

When not
    - numbers are counts or codes and nothing lies between them
    - the signal is as small as the noise

Confused with
    - `jitter`: the same for series
    - `swap-noise`: takes real values from other rows
    - dropout: noise inside the net

Example
    >>> import torch
    >>> from gradwise import augment
    >>> table = torch.zeros(10_000, 2)
    >>> noisy, _ = augment.make("noise:sigma=0.5")(table, torch.zeros(1), torch.Generator().manual_seed(0))
    >>> round(noisy.std().item(), 1)
    0.5

Claims
    - augmentation helps small data, where the change keeps the label

References
    Bishop, Training with Noise is Equivalent to Tikhonov Regularization, Neural Computation 7, 1995.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gradwise.augment.augmentation import BYTE, Augmentation, Change, Inputs, as_floats, normal_like, number


@dataclass(frozen=True, kw_only=True)
class Noise(Change):
    """Normal noise.

    Args:
        sigma: standard deviation; of pixels as a share of 255.
    """

    sigma: float = 0.05

    def __post_init__(self) -> None:
        number("noise", "sigma", self.sigma, 0, 10)

    def __call__(self, inputs: Inputs, generator: torch.Generator | None) -> Inputs:
        """See `Change`."""
        first = as_floats(inputs[0])
        noise = normal_like(first, generator).to(first.dtype)
        if first.ndim == 4:
            return (torch.add(first, noise, alpha=self.sigma * BYTE).clamp_(0, BYTE), *inputs[1:])
        return (torch.add(first, noise, alpha=self.sigma), *inputs[1:])


AUGMENTATIONS = (
    Augmentation("noise", Noise, ("images", "table"), "normal noise", aliases=("gaussian-noise",)),
)
