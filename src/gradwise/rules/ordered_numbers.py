"""Whether batches come sorted by what is to be predicted: a number, or a yes or no, for each row."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradwise.rules.calls import loss_calls
from gradwise.trace.model import Floats, Ints, Trace

MIN_ROWS = 4  # in a batch
MIN_PAIRS = 8  # pairs of neighbouring sampled steps
MIN_TURNS = 4  # times that the means cross their middle: the same targets come round again; ours


@dataclass(frozen=True, slots=True)
class NumberOrder:
    """Targets that run in order.

    Args:
        place: the loss.
        within: spread in a batch over that of all targets.
        near: how far neighbouring batches' means lie apart, over any two.
        pairs: of neighbours that were looked at.
        since: first step that was.
    """

    place: str
    within: float
    near: float
    pairs: int
    since: int


def ordered_numbers(trace: Trace, *, within: float, near: float) -> Iterator[NumberOrder]:
    """The losses whose batches are sorted by their targets.

    Args:
        trace: a run.
        within: largest spread in a batch over that of all targets.
        near: largest distance of neighbouring batches' means over that of any two.
    """
    mean, spread = trace.sampled("target_mean"), trace.sampled("target_std")
    for call in loss_calls(trace):
        shape = tuple(call.data.get("target_shape") or ())
        if call.mixed or call.place not in mean.places or call.place not in spread.places:
            continue
        if not shape or shape[0] < MIN_ROWS or math.prod(shape[1:]) != 1 or len(mean) != len(spread):
            continue
        found = _order(call.place, mean.steps, mean.column(call.place), spread.column(call.place))
        if found is not None and found.within <= within and found.near <= near:
            yield found


def _order(place: str, steps: Ints, means: Floats, spreads: Floats) -> NumberOrder | None:
    ready = np.isfinite(means) & np.isfinite(spreads)
    first = np.flatnonzero((np.diff(steps) == 1) & ready[:-1] & ready[1:])
    if len(first) < MIN_PAIRS:
        return None
    known = means[ready]
    overall = float(np.sqrt(np.mean(spreads[ready] ** 2) + known.var()))
    typical = float(np.abs(known[:, None] - known[None, :])[np.triu_indices(len(known), 1)].mean())
    if not overall > 0 or not typical > 0:
        return None
    within = float(np.median(spreads[ready])) / overall
    near = float(np.abs(means[first + 1] - means[first]).mean()) / typical
    turns = int(np.count_nonzero(np.diff(known > known.mean())))
    if turns < MIN_TURNS:
        return None
    return NumberOrder(place, within, near, len(first), int(steps[ready][0]))
