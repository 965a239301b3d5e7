"""When a sick script and its fixed twin may enter the corpus."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.detection.corpus import Better, Pair

# Seeds per script; fewer cannot tell a fault from a bad draw.
ADMISSION_SEEDS = 5
# Share of the fixed twin's mean metric by which the worst fixed run must beat the best sick one (ours).
CLEAR_MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a pair differs reproducibly, and the gap that decided it.

    ``gap`` is the distance from the best sick run to the worst fixed run over
    the mean of the fixed runs; infinite when every sick run ended in NaN.
    """

    admitted: bool
    gap: float
    reason: str


def judge(sick: Sequence[float], fixed: Sequence[float], better: Better) -> Verdict:
    """Compare the two over their seeds.  NaN counts as the worst there is.

    >>> judge([0.1, 0.2], [0.9, 0.8], "max").admitted
    True
    >>> judge([0.1, 0.85], [0.9, 0.8], "max").admitted
    False
    """
    if any(math.isnan(v) for v in fixed):
        return Verdict(admitted=False, gap=-math.inf, reason="the fixed twin ended in NaN")
    sign = 1.0 if better == "max" else -1.0
    best_sick = max(_ordered(v, sign) for v in sick)
    worst_fixed = min(sign * v for v in fixed)
    scale = abs(sum(fixed) / len(fixed)) or 1.0
    gap = (worst_fixed - best_sick) / scale
    if gap <= 0:
        return Verdict(admitted=False, gap=gap, reason="the best sick run is as good as the worst fixed one")
    if gap < CLEAR_MARGIN:
        return Verdict(
            admitted=False,
            gap=gap,
            reason=f"the gap is {gap:.1%} of the fixed metric (at least {CLEAR_MARGIN:.0%} wanted)",
        )
    return Verdict(admitted=True, gap=gap, reason="")


def admitted(pair: Pair) -> bool:
    """Whether the values in the manifest let the pair in; not before it was measured under enough seeds."""
    if min(len(pair.sick), len(pair.fixed)) < ADMISSION_SEEDS:
        return False
    return judge(pair.sick, pair.fixed, pair.better).admitted


def _ordered(value: float, sign: float) -> float:
    return -math.inf if math.isnan(value) else sign * value
