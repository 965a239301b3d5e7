"""Whether the loss still falls: robust slopes with their standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradwise.trace.model import Floats, Trace

BLOCKS = 24  # medians of neighbouring steps that a window is cut into, so that noise averages out
MIN_BLOCKS = 6  # fewer say nothing
SIGMA = 1.4826  # standard deviations in a median absolute deviation (normal distribution)
MEDIAN_COST = 1.25  # a median's standard error over a mean's (sqrt(pi / 2))


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through the loss over a window.

    Args:
        fall: by how much the loss fell over the window, as a share of its level there; negative when it rose.
        error: standard error of that fall.
        level: median loss of the window.
    """

    fall: float
    error: float
    level: float

    def falls(self, times: float) -> bool:
        """Whether the fall is more than so many standard errors."""
        return bool(self.fall > 0 and self.fall > times * self.error)


NOTHING = Trend(np.nan, np.nan, np.nan)


def trend(trace: Trace, from_share: float, to_share: float = 1.0) -> Trend:
    """The loss between two shares of the run (0 is its first step, 1 its last).

    The slope is Theil and Sen's: the median over all pairs of block medians.
    """
    along, values = loss_along(trace)
    inside = (along >= from_share) & (along <= to_share)
    return line(along[inside], values[inside])


def line(along: Floats, values: Floats) -> Trend:
    """The robust line through values (N,) at places (N,) in ascending order."""
    blocks = min(BLOCKS, len(values) // 3)
    if blocks < MIN_BLOCKS:
        return NOTHING
    x = np.array([part.mean() for part in np.array_split(along, blocks)])
    y = np.array([np.median(part) for part in np.array_split(values, blocks)])
    first, second = np.triu_indices(blocks, 1)
    distance = x[second] - x[first]
    if not (distance > 0).all():
        return NOTHING
    slope = float(np.median((y[second] - y[first]) / distance))
    rest = y - slope * x
    spread = SIGMA * float(np.median(np.abs(rest - np.median(rest))))
    error = MEDIAN_COST * spread / float(np.sqrt(((x - x.mean()) ** 2).sum()))
    level, span = float(np.median(y)), float(x[-1] - x[0])
    if not level > 0:
        return NOTHING
    return Trend(-slope * span / level, error * span / level, level)


def loss_along(trace: Trace) -> tuple[Floats, Floats]:
    """Finite losses and where in the run they stand, 0 to 1, both (N,)."""
    loss = trace.step_signal("loss")
    finite = np.isfinite(loss.mean)
    length = max(trace.steps - 1, 1)
    return (loss.steps[finite] - trace.first_step) / length, loss.mean[finite]


def rate_left(trace: Trace) -> float:
    """The rate at the end of the run over its largest; NaN where it is not known."""
    rate = trace.step_signal("rate").mean
    rate = rate[np.isfinite(rate)]
    if not len(rate) or not rate.max() > 0:
        return float("nan")
    return float(np.median(rate[-max(len(rate) // 50, 1) :]) / rate.max())
