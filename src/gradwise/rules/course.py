"""Where the loss began, where it ended, and how low it was in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradwise.rules.learning import skill_since
from gradwise.trace.model import Floats, Ints, Trace

# The last steps whose median is the level at which a run ended (unit: share of the run).
LEVEL_SHARE = 0.1
# Relative spread above which one loss value says little, so that ten give the start.
NOISY = 0.7


@dataclass(frozen=True, slots=True)
class Course:
    """Where the finite part of the loss began and ended.

    Args:
        start: loss before training moved it (first value; median of ten when noisy).
        level: median over the last tenth of the finite values.
        best: lowest running median.
        above: loss of that last tenth over the trivial predictor's; NaN when no
            loss function was recognised.
        since: first step of the last stretch that stays above ``start``.
    """

    start: float
    level: float
    best: float
    above: float
    since: int


def course(trace: Trace) -> Course:
    """The loss's way from start to end, steps that were not finite left out."""
    loss = trace.step_signal("loss")
    finite = np.isfinite(loss.mean)
    values, steps = loss.mean[finite], loss.steps[finite]
    if not len(values):
        return Course(np.nan, np.nan, np.nan, np.nan, trace.first_step)
    width = min(5, len(values))
    if finite[-1]:  # a loss that ended non-finite is judged by its very last values
        width = max(width, int(len(values) * LEVEL_SHARE))
    tail = values[-width:]
    level = float(np.median(tail))
    quartiles = np.percentile(values[-max(width, 20) :], (25, 75))
    above = 1 - skill_since(trace, int(steps[-width]))
    noisy = level > 0 and (quartiles[1] - quartiles[0]) / level > NOISY and not np.isfinite(above)
    start = float(np.median(values[:10]) if noisy else values[0])
    return Course(
        start=start,
        level=level,
        best=float(running_median(values, width).min()),
        above=above,
        since=_since(steps, values, start),
    )


def running_median(values: Floats, width: int) -> Floats:
    """Median over windows of ``width`` neighbours, shape (N - width + 1,)."""
    width = min(width, len(values))
    stride = max(width // 4, 1)  # a quarter window apart is fine enough
    windows = np.lib.stride_tricks.sliding_window_view(values, width)[::stride]
    medians: Floats = np.median(windows, axis=1)
    return medians


def _since(steps: Ints, values: Floats, start: float) -> int:
    below = np.flatnonzero(values <= start)
    first = 0 if not len(below) else min(int(below[-1]) + 1, len(steps) - 1)
    return int(steps[first])
