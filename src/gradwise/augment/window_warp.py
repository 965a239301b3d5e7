"""One stretch of every series runs faster or slower; the whole keeps its length.

What it is
    The same gesture or heartbeat is here and there a little faster.  A window is stretched or squeezed, and
    then all of it is brought back to the length that it had.

Also called
    window-warping

Formula
    a window of ``share`` · L moments, anywhere, gets f times as long, f one of ``factors``; then ``y(t)`` is
    read at L even places of the new whole; linear between moments

Shapes
    (N, T, F) and lengths stay.

Defaults
    share 0.1, factors (0.5, 2) (Le Guennec and others; Iwana and Uchida, section 5.1).

When
    - the same course is run at uneven speed: motion, speech, heartbeats

When not
    - the exact rhythm is the label, or the moments are days of a calendar

Confused with
    - `window-slice`: cuts the ends off, at even speed
    - dynamic time warping: compares two series

Example
    A line that is warped still rises, from the same beginning to the same end.

    >>> import torch
    >>> from gradwise import augment
    >>> line = torch.arange(11.0).view(1, 11, 1)
    >>> warped, _ = augment.make("window-warp:share=0.5")(line, torch.zeros(1))
    >>> warped[0, 0, 0].item(), warped[0, -1, 0].item(), bool((warped.diff(dim=1) > 0).all())
    (0.0, 10.0, True)

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
from gradwise.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class WindowWarp(Change):
    """Series at uneven speed.

    Args:
        share: of the length that is warped.
        factors: one of which the window's length is multiplied by.
    """

    share: float = 0.1
    factors: tuple[float, ...] = (0.5, 2.0)

    def __post_init__(self) -> None:
        number("window-warp", "share", self.share, 0, 1)
        if not isinstance(self.factors, tuple | list) or not self.factors:
            raise UsageError(f"window-warp: factors takes numbers in parentheses, not {self.factors!r}.")
        for factor in self.factors:
            number("window-warp", "factors", factor, 0.01, 100)

    def __call__(self, inputs: Inputs, generator: torch.Generator | None) -> Inputs:
        """See `Change`."""
        last = (lengths_of(inputs) - 1).clamp(min=0)  # (N, 1) time of the last moment
        rows = len(last)
        window = self.share * last
        begin = torch.rand(rows, 1, generator=generator).to(last.device) * (last - window)
        drawn = torch.randint(len(self.factors), (rows, 1), generator=generator)
        factor = torch.tensor(self.factors)[drawn].to(last.device)
        longer = last + (factor - 1) * window
        place = counted(inputs) * longer / last.clamp(min=1)  # in the warped whole
        inside = begin + (place - begin) / factor
        after = place - (factor - 1) * window
        times = torch.where(place < begin, place, torch.where(place < begin + factor * window, inside, after))
        return at_times(inputs, times)


AUGMENTATIONS = (
    Augmentation(
        "window-warp", WindowWarp, ("series",), "series at uneven speed", aliases=("window-warping",)
    ),
)
