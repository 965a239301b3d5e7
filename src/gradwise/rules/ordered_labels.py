"""The course of the main labels of batches: neighbours, comebacks, and what chance would do."""

from __future__ import annotations

import math

import numpy as np

from gradwise.trace.model import Floats, Ints


def neighbours(steps: Ints, ready: np.ndarray) -> tuple[Ints, Ints]:
    """Indices of sampled steps that follow one another, both ready."""
    first = np.flatnonzero((np.diff(steps) == 1) & ready[:-1] & ready[1:])
    return first, first + 1


def returns(tops: Floats) -> bool:
    """Whether at least two classes come again after others: seen early, and late."""
    third = len(tops) // 3
    return len(np.intersect1d(tops[: 2 * third], tops[2 * third :])) >= 2 and comebacks(tops) >= 2


def comebacks(tops: Floats) -> int:
    """How often the top class changes to one that was left before."""
    blocks = tops[np.flatnonzero(np.diff(tops, prepend=np.nan) != 0)]
    return len(blocks) - len(np.unique(blocks))


def tail(hits: int, trials: int, chance: float) -> float:
    """Probability of at least that many hits (binomial)."""
    if not 0.0 < chance < 1.0:
        return float(chance >= 1.0)
    ks = range(hits, trials + 1)
    ways = [math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1) for k in ks]
    rest = math.log1p(-chance)
    return sum(
        math.exp(w + k * math.log(chance) + (trials - k) * rest) for w, k in zip(ways, ks, strict=True)
    )
