"""Whether a treatment helps: the same seeds with nothing, with it, and with one drawn by lot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any, Literal

LEVEL = 0.95  # of the intervals
Verdict = Literal["helped", "not shown", "no cure helped"]


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better an arm is than nothing, seed by seed.

    Args:
        mean: of the differences; above 0 the arm is better, whichever way the metric counts.
        low: end of the 95 % interval; NaN where it cannot be told.
        high: its other end.
        seeds: pairs that it rests on.
        ruined: pairs in which a run without a number counted as the worst number seen.
    """

    mean: float
    low: float
    high: float
    seeds: int
    ruined: int = 0

    @classmethod
    def of(cls, differences: Sequence[float], ruined: int = 0) -> Gain:
        """Student's t interval of paired differences, ``mean ± t · s / √n``.

        >>> gain = Gain.of([0.1, 0.2, 0.3])
        >>> round(gain.mean, 3), round(gain.low, 3), round(gain.high, 3)  # 4.3027 · 0.1 / √3
        (0.2, -0.048, 0.448)
        """
        if not differences:
            return cls(math.nan, math.nan, math.nan, 0, ruined)
        mean = fmean(differences)
        if len(differences) < 2 or math.isnan(mean):
            return cls(mean, math.nan, math.nan, len(differences), ruined)
        from scipy.special import stdtrit  # a quantile without the seconds that scipy.stats takes to load

        quantile = float(stdtrit(len(differences) - 1, (1 + LEVEL) / 2))
        half = quantile * stdev(differences) / math.sqrt(len(differences))
        return cls(mean, mean - half, mean + half, len(differences), ruined)

    @property
    def certain(self) -> bool:
        """Whether the interval lies on the good side of zero."""
        return self.low > 0  # false for NaN


@dataclass(frozen=True, slots=True)
class Proof:
    """The three arms.

    Args:
        shifts: of the seeds, the same for all arms.
        nothing: numbers of the script as it is; NaN where a run has none.
        chosen: with the treatment.
        drawn: with treatments drawn by lot.
        lots: what was drawn, seed by seed.
        gain: of the treatment over nothing.
        luck: of the lot over nothing.
        verdict: ``helped``, ``not shown`` or ``no cure helped``.
        words: the verdict as a sentence.
    """

    shifts: tuple[int, ...]
    nothing: tuple[float, ...]
    chosen: tuple[float, ...]
    drawn: tuple[float, ...]
    lots: tuple[str, ...]
    gain: Gain
    luck: Gain
    verdict: Verdict
    words: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def prove(
    shifts: Sequence[int],
    arms: tuple[Sequence[float], Sequence[float], Sequence[float]],
    lots: Sequence[str],
    *,
    lower: bool,
    worst: float = math.nan,
) -> Proof:
    """Compare the arms.

    Args:
        shifts: of the seeds.
        arms: numbers with nothing, with the treatment, by lot (empty where there was no other to draw).
        lots: what was drawn.
        lower: whether smaller is better.
        worst: a number as bad as that of a run that ended in none, e.g. of an untrained model.
    """
    nothing, chosen, drawn = (tuple(arm) for arm in arms)
    bottom = _bottom([*nothing, *chosen, *drawn, worst], lower=lower)
    if math.isnan(worst) and all(math.isnan(one) for one in nothing):
        bottom = math.nan  # nothing to measure a rescue by
    gain = _gain(nothing, chosen, bottom, lower=lower)
    luck = _gain(nothing, drawn, bottom, lower=lower) if drawn else Gain.of(())
    verdict, words = _verdict(nothing, chosen, drawn, gain, luck, lower=lower)
    return Proof(tuple(shifts), nothing, chosen, drawn, tuple(lots), gain, luck, verdict, words)


def _bottom(numbers: Sequence[float], *, lower: bool) -> float:
    finite = [number for number in numbers if math.isfinite(number)]
    return (max(finite) if lower else min(finite)) if finite else math.nan


def _gain(nothing: Sequence[float], arm: Sequence[float], bottom: float, *, lower: bool) -> Gain:
    sign = -1.0 if lower else 1.0
    pairs = [(before, after) for before, after in zip(nothing, arm, strict=False)]
    ruined = sum(math.isnan(before) or math.isnan(after) for before, after in pairs)
    filled = [[bottom if math.isnan(one) else one for one in pair] for pair in pairs]
    return Gain.of([sign * (after - before) for before, after in filled], ruined)


def _verdict(
    nothing: Sequence[float],
    chosen: Sequence[float],
    drawn: Sequence[float],
    gain: Gain,
    luck: Gain,
    *,
    lower: bool,
) -> tuple[Verdict, str]:
    seeds = f"{gain.seeds} seed{'s' * (gain.seeds != 1)}"
    if all(math.isnan(one) for one in chosen):
        return "no cure helped", f"not shown: with the treatment no run of {seeds} ended in a number"
    if _rescued(nothing, chosen):
        if drawn and not any(math.isnan(one) for one in drawn) and _beats(drawn, chosen, lower=lower):
            return "not shown", "not shown: it rescues every run, but treatments drawn by lot do so too"
        return "helped", f"helped: without it no run of {seeds} ends in a number, with it every one does"
    if gain.seeds < 2:
        return "not shown", "not shown: one seed has no interval"
    if len({*nothing}) == 1 and len({*chosen}) == 1:
        side = "better" if gain.mean > 0 else "no better"
        return "not shown", (
            f"not shown: every seed gave the same numbers, so there is no chance to tell from; {side} in "
            "the one run that this script makes"
        )
    if gain.mean <= 0:
        return "not shown", f"not shown: over {seeds} it is no better than nothing"
    if not gain.certain:
        return "not shown", f"not shown: better on average, but the interval over {seeds} includes zero"
    if drawn and luck.mean >= gain.mean:
        return "not shown", "not shown: better than nothing, but so are treatments drawn by lot, and as much"
    return "helped", f"helped: better over {seeds}, and the interval excludes zero"


def _beats(one: Sequence[float], other: Sequence[float], *, lower: bool) -> bool:
    """Whether an arm is at least as good as another on average."""
    return fmean(one) <= fmean(other) if lower else fmean(one) >= fmean(other)


def _rescued(nothing: Sequence[float], chosen: Sequence[float]) -> bool:
    """Whether what is not a number without the treatment is one with it, every time."""
    return (
        len(nothing) > 1
        and all(math.isnan(one) for one in nothing)
        and not any(math.isnan(one) for one in chosen)
    )
