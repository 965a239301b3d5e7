"""A stretch of every series is cut out and drawn out to the full length.

What it is
    A recording seldom begins and ends at the same instant of what it shows.  A part of it, a little slower,
    shows the same.

Also called
    window-slicing, slicing

Formula
    ``y(t) = x(a + t (k L − 1) / (L − 1))``, a even over 0 … (1 − k) L, L the row's length; linear between
    moments

Shapes
    (N, T, F) and lengths stay.

Defaults
    keep 0.9 of the length (Le Guennec and others; Iwana and Uchida, section 5.1).

When
    - the beginning and end of a recording are arbitrary

When not
    - what matters happens once, near an edge
    - the speed is the label

Confused with
    - `window-warp`: changes the speed of one stretch, and keeps the ends
    - `crop`: the same thought for images, without drawing out

Example
    >>> import torch
    >>> from gradwise import augment
    >>> line = torch.arange(11.0).view(1, 11, 1)
    >>> part, _ = augment.make("window-slice:keep=0.5")(line, torch.zeros(1))
    >>> steps = part.diff(dim=1).flatten()
    >>> [round(step, 3) for step in (steps.min().item(), steps.max().item())]  # (5.5 - 1) / (11 - 1)
    [0.45, 0.45]

Claims
    None of its own; on series gains are smaller than on images and differ from data set to data set.

References
    Le Guennec, Malinowski, Tavenard, Data Augmentation for Time Series Classification using Convolutional
    Neural Networks, ECML/PKDD workshop AALTD, 2016; Iwana, Uchida, arXiv 2007.15951.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gradwise.augment.augmentation import Augmentation, Change, Inputs, number
from gradwise.augment.moments import at_times, counted, lengths_of


@dataclass(frozen=True, kw_only=True)
class WindowSlice(Change):
    """Stretches of series.

    Args:
        keep: share of the length that is kept.
    """

    keep: float = 0.9

    def __post_init__(self) -> None:
        number("window-slice", "keep", self.keep, 0.01, 1)

    def __call__(self, inputs: Inputs, generator: torch.Generator | None) -> Inputs:
        """See `Change`."""
        lengths = lengths_of(inputs)  # (N, 1)
        kept = (self.keep * lengths).clamp(min=1)
        begin = torch.rand(len(lengths), 1, generator=generator).to(lengths.device) * (lengths - kept)
        speed = (kept - 1) / (lengths - 1).clamp(min=1)
        return at_times(inputs, begin + counted(inputs) * speed)


AUGMENTATIONS = (
    Augmentation(
        "window-slice",
        WindowSlice,
        ("series",),
        "a stretch of the series, drawn out",
        aliases=("window-slicing", "slicing"),
    ),
)
