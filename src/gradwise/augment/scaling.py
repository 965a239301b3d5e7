"""Every series is multiplied by a factor of its own, another one for each feature.

What it is
    Louder or softer, with a heavier or lighter hand: the course stays, its size changes.

Also called
    magnitude-scaling

Formula
    ``y(t) = s x(t)``, s normal about 1 with deviation σ, one for each series and feature

Shapes
    (N, T, F) and lengths stay.

Defaults
    sigma 0.1 (Um and others; Iwana and Uchida, section 5.1).

When
    - the size of a signal differs between sensors, people or days

When not
    - the size is the label: a threshold was passed, a dose

Confused with
    - `scale`: enlarges images
    - standardising: fitted once, the same for all rows

Example
    >>> import torch
    >>> from gradwise import augment
    >>> series = torch.tensor([[[1.0], [2.0], [4.0]]])
    >>> louder, _ = augment.make("scaling:sigma=0.5")(series, torch.zeros(1))
    >>> torch.allclose(louder / series, (louder / series)[:, :1].expand(-1, 3, -1))
    True

Claims
    None of its own; on series gains are smaller than on images and differ from data set to data set.

References
    Um and others, Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using
    Convolutional Neural Networks, arXiv 1706.00527; Iwana, Uchida, arXiv 2007.15951.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gradwise.augment.augmentation import Augmentation, Change, Inputs, number


@dataclass(frozen=True, kw_only=True)
class Scaling(Change):
    """Louder and softer series.

    Args:
        sigma: standard deviation of the factor.
    """

    sigma: float = 0.1

    def __post_init__(self) -> None:
        number("scaling", "sigma", self.sigma, 0, 1)

    def __call__(self, inputs: Inputs, generator: torch.Generator | None) -> Inputs:
        """See `Change`."""
        series = inputs[0]
        drawn = torch.randn(len(series), 1, series.shape[2], generator=generator)
        factor = (1 + self.sigma * drawn).to(series.device, series.dtype)
        return (series * factor, *inputs[1:])


AUGMENTATIONS = (
    Augmentation("scaling", Scaling, ("series",), "series louder or softer", aliases=("magnitude-scaling",)),
)
