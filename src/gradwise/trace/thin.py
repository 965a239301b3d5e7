"""How a growing trace stays small: buckets for step signals, and which sampled rows to drop.

Every-step values fall into buckets of ``width`` consecutive steps; when there
are too many buckets, the width doubles and neighbours merge.  Sampled rows are
dropped evenly over the run, except those that show something rare.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gradwise.trace.model import Floats, Ints

# One bucket as it lies in the file: 40 bytes, little-endian.
BUCKET = np.dtype(
    [
        ("step", "<i8"),  # first step in the bucket
        ("count", "<i4"),  # values in the bucket, finite or not
        ("nonfinite", "<i4"),  # NaN and infinite values, which the other three skip
        ("mean", "<f8"),
        ("low", "<f8"),
        ("high", "<f8"),
    ]
)
BUCKET_LIMIT = 8192  # buckets per signal: 320 KiB
NEIGHBOURS = 4  # rows on each side that a row is compared with to call it a spike
SPIKE_RATIO = 2.0  # times the median of those rows

Buckets = NDArray[np.void]  # (B,) of BUCKET


def singles(steps: Ints, values: Floats) -> Buckets:
    """One bucket per value; ``steps`` and ``values`` have shape (N,)."""
    finite = np.isfinite(values)
    buckets = np.empty(len(values), BUCKET)
    buckets["step"] = steps
    buckets["count"] = 1
    buckets["nonfinite"] = ~finite
    buckets["mean"] = buckets["low"] = buckets["high"] = np.where(finite, values, np.nan)
    return buckets


def merge(buckets: Buckets, width: int) -> Buckets:
    """Neighbours whose steps fall into the same stretch of ``width`` steps become one bucket."""
    if width == 1 or len(buckets) < 2:
        return buckets
    stretch = buckets["step"] // width
    starts = np.flatnonzero(np.concatenate(([True], stretch[1:] != stretch[:-1])))
    weights = (buckets["count"] - buckets["nonfinite"]).astype(np.float64)
    sums = np.add.reduceat(np.where(weights > 0, buckets["mean"] * weights, 0.0), starts)
    totals = np.add.reduceat(weights, starts)
    merged = np.empty(len(starts), BUCKET)
    merged["step"] = buckets["step"][starts]
    merged["count"] = np.add.reduceat(buckets["count"], starts)
    merged["nonfinite"] = np.add.reduceat(buckets["nonfinite"], starts)
    merged["mean"] = np.divide(sums, totals, out=np.full(len(starts), np.nan), where=totals > 0)
    merged["low"] = np.fmin.reduceat(buckets["low"], starts)
    merged["high"] = np.fmax.reduceat(buckets["high"], starts)
    return merged


class StepBuckets:
    """The buckets of one every-step signal; grows at the end, never beyond ``limit``."""

    def __init__(self, limit: int = BUCKET_LIMIT) -> None:
        self.width = 1  # steps per bucket, a power of two
        self.changed_from = 0  # buckets before this one are as last written
        self._limit = limit
        self._kept = np.empty(64, BUCKET)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def view(self) -> Buckets:
        """The buckets so far, shape (B,); valid until the next `add`."""
        return self._kept[: self._count]

    def add(self, steps: Ints, values: Floats) -> None:
        """Append values at growing steps, both of shape (N,)."""
        if not len(values):
            return
        fresh = singles(steps, values)
        if self.width > 1:
            # The last bucket may still be filling: take it back and merge it with the new values.
            if self._count:
                self._count -= 1
                fresh = np.concatenate((self._kept[self._count : self._count + 1], fresh))
            fresh = merge(fresh, self.width)
        self.changed_from = min(self.changed_from, self._count)
        if self._count + len(fresh) > self._limit:
            fresh = np.concatenate((self.view(), fresh))
            while len(fresh) > self._limit:
                self.width *= 2
                fresh = merge(fresh, self.width)
            self._count = self.changed_from = 0
        self._append(fresh)

    def _append(self, fresh: Buckets) -> None:
        stop = self._count + len(fresh)
        if stop > len(self._kept):
            grown = np.empty(max(stop, min(self._limit, 2 * len(self._kept))), BUCKET)
            grown[: self._count] = self.view()
            self._kept = grown
        self._kept[self._count : stop] = fresh
        self._count = stop


def spikes(scores: Floats, quota: int) -> set[int]:
    """Positions of the largest score and of the scores that stand out most from their neighbours.

    Args:
        scores: one number per row in order of step, shape (S,); NaN where unknown.
        quota: how many positions at most.
    """
    known = np.where(np.isfinite(scores), scores, 0.0)
    if quota < 1 or not known.any():
        return set()
    padded = np.pad(known, NEIGHBOURS, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1)  # (S, 9)
    usual = np.median(windows, axis=1)
    prominence = known / np.maximum(usual, np.finfo(np.float64).tiny)
    order = np.argsort(-prominence, kind="stable")[: quota - 1]
    return {int(np.argmax(known)), *(int(i) for i in order if prominence[i] > SPIKE_RATIO)}


def rows_to_drop(steps: Ints, sizes: Ints, keep: set[int], excess: int) -> list[int]:
    """Which sampled rows to drop so that at least ``excess`` bytes go, evenly over the run.

    Each time that row goes whose neighbours are closest together.  Consecutive
    steps (a pair that was sampled together) stay or go together.  The first and
    the last such group always stay.

    Args:
        steps: step of each row, growing, shape (S,).
        sizes: bytes of each row, shape (S,).
        keep: positions that stay unless there is no other way.
        excess: bytes to be freed.
    """
    groups = _groups(steps)
    dropped: list[int] = []
    for respected in (keep, set[int]()):
        groups, more = _thin_groups(groups, steps, sizes, respected, excess)
        dropped += more
        excess -= sum(int(sizes[position]) for position in more)
        if excess <= 0:
            break
    return sorted(dropped)


def _groups(steps: Ints) -> list[range]:
    """Stretches of consecutive steps; longer ones are cut into pairs, so that they too can be thinned."""
    starts = np.flatnonzero(np.concatenate(([True], np.diff(steps) > 1)))
    pairs = [start for a, b in _spans(starts.tolist(), len(steps)) for start in range(a, b, 2)]
    return [range(a, b) for a, b in _spans(pairs, len(steps))]


def _thin_groups(
    groups: Sequence[range], steps: Ints, sizes: Ints, keep: set[int], excess: int
) -> tuple[list[range], list[int]]:
    """What is left and the positions dropped, the group in the narrowest gap first."""
    before = [i - 1 for i in range(len(groups))]  # nearest group that is left, on each side
    after = [i + 1 for i in range(len(groups))]
    begin = [int(steps[group[0]]) for group in groups]
    end = [int(steps[group[-1]]) for group in groups]

    def gap(i: int) -> int:
        return begin[after[i]] - end[before[i]]

    free = {i for i in range(1, len(groups) - 1) if keep.isdisjoint(groups[i])}
    heap = [(gap(i), i) for i in free]
    heapify(heap)
    dropped: list[int] = []
    gone: set[int] = set()
    while heap and excess > 0:
        width, i = heappop(heap)
        if width != gap(i):  # a neighbour went meanwhile
            heappush(heap, (gap(i), i))
            continue
        gone.add(i)
        dropped += groups[i]
        excess -= int(sizes[groups[i].start : groups[i].stop].sum())
        after[before[i]], before[after[i]] = after[i], before[i]
    return [group for i, group in enumerate(groups) if i not in gone], dropped


def _spans(starts: Sequence[int], stop: int) -> list[tuple[int, int]]:
    return list(pairwise([*starts, stop]))
