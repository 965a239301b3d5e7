"""Normal noise on every moment of a series.

What it is
    Sensors are never exact.  A net that sees each series with new small errors cannot learn the errors by
    heart.

Also called
    jittering

Formula
    ``y(t) = x(t) + σ ε(t)``, ε standard normal, one for each moment and feature; padding stays zero

Shapes
    (N, T, F) and lengths stay.

Defaults
    sigma 0.03 standard deviations of the feature (Iwana and Uchida, section 5.1).

When
    - sensor data with noise of its own, and few rows

When not
    - values are exact: prices, counts, states
    - rare small spikes are what tells the classes apart

Confused with
    - `noise`: the same for images and tables
    - `scaling`: one factor for the whole series

Example
    >>> import torch
    >>> from gradwise import augment
    >>> series, lengths = torch.zeros(1000, 4, 1), torch.full((1000,), 3)
    >>> (noisy, _), _ = augment.make("jitter:sigma=1")((series, lengths), torch.zeros(1000))
    >>> round(noisy[:, :3].std().item()), noisy[:, 3].abs().max().item()
    (1, 0.0)

Claims
    None of its own; on series gains are smaller than on images and differ from data set to data set.

References
    Um and others, Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using
    Convolutional Neural Networks, arXiv 1706.00527; Iwana, Uchida, An empirical survey of data augmentation
    for time series classification with neural networks, arXiv 2007.15951.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gradwise.augment.augmentation import Augmentation, Change, Inputs, normal_like, number
from gradwise.augment.moments import real


@dataclass(frozen=True, kw_only=True)
class Jitter(Change):
    """Noisy series.

    Args:
        sigma: standard deviation.
    """

    sigma: float = 0.03

    def __post_init__(self) -> None:
        number("jitter", "sigma", self.sigma, 0, 10)

    def __call__(self, inputs: Inputs, generator: torch.Generator | None) -> Inputs:
        """See `Change`."""
        series, kept = inputs[0], real(inputs)
        noise = normal_like(series, generator).to(series.dtype)
        return (
            torch.add(series, noise if kept is None else noise * kept, alpha=self.sigma),
            *inputs[1:],
        )


AUGMENTATIONS = (Augmentation("jitter", Jitter, ("series",), "noise on series", aliases=("jittering",)),)
