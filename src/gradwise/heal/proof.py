"""Whether a treatment helps: the same seeds with nothing, with it, and with one drawn by lot.

Losses and errors that are above zero are compared by their logarithm: a
treatment makes them so many times smaller, and runs that diverge do not drown
the others.  Which scale is taken follows from the metric, never from which one
shows more (Keene, "The log transformation is special", Statistics in Medicine
14, 1995; Bland and Altman, "The use of transformation when comparing two
means", BMJ 312, 1996).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, stdev
from typing import Any, Literal

LEVEL = 0.95  # of the intervals
AGAIN = 0.975  # of a second look, where further pairs follow the planned ones (ours)
MORE = 2  # such pairs
FEWEST = 3  # planned pairs for which some may follow
BEHIND = 0.5  # of the treatment's gain: a lot that is no better on average needs no more seeds (ours)
LEAST = 1e-12  # stands for a loss of zero or below where the lot has one and the other arms have not
Scale = Literal["difference", "ratio"]
Verdict = Literal["helped", "not shown", "no cure helped"]


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better an arm is than nothing, seed by seed.

    Args:
        mean: of the differences, on the scale of ratios of the logarithms'; above 0 the arm is better,
            whichever way the metric counts.
        low: end of the interval, mostly of 95 %; NaN where it cannot be told.
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
    def of(cls, differences: Sequence[float], ruined: int = 0, level: float = LEVEL) -> Gain:
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
        half = quantile(len(differences), level) * stdev(differences) / math.sqrt(len(differences))
        return cls(mean, mean - half, mean + half, len(differences), ruined)

    @property
    def certain(self) -> bool:
        """Whether the interval lies on the good side of zero."""
        return self.low > 0  # false for NaN


def quantile(pairs: int, level: float = LEVEL) -> float:
    """Of Student's t for the interval of so many pairs.

    >>> round(quantile(3), 4)
    4.3027
    """
    from scipy.special import stdtrit  # a quantile without the seconds that scipy.stats takes to load

    return float(stdtrit(pairs - 1, (1 + level) / 2))


@dataclass(frozen=True, slots=True)
class Proof:
    """The three arms.

    Args:
        shifts: of the seeds, the same for all arms.
        nothing: numbers of the script as it is; NaN where a run has none.
        chosen: with the treatment.
        drawn: with treatments drawn by lot, over the first of these seeds.
        lots: what was drawn, seed by seed.
        gain: of the treatment over nothing.
        luck: of the lot over nothing.
        verdict: ``helped``, ``not shown`` or ``no cure helped``.
        words: the verdict as a sentence.
        scale: of the gains, see `scale_of`.
        planned: seeds that were asked for, and those that followed; fewer pairs where no further one could
            make it certain.
        level: of the intervals.
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
    scale: Scale = "difference"
    planned: int = 0
    level: float = LEVEL

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(slots=True)
class Arms:
    """Numbers of the arms as they come, seed by seed; NaN where a run has none.

    Args:
        lower: whether smaller is better.
        planned: pairs that were asked for.
        worst: a number as bad as that of a run that ended in none, e.g. of an untrained model.
        same: whether the script makes the same run with every seed.
        nothing: numbers of the script as it is.
        chosen: with the treatment.
        drawn: by lot.
        level: of the intervals.
    """

    lower: bool
    planned: int
    worst: float = math.nan
    same: bool = False
    nothing: list[float] = field(default_factory=list)
    chosen: list[float] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)
    level: float = LEVEL

    @property
    def scale(self) -> Scale:
        """How gains are told: losses and errors as ratios, everything else as differences."""
        seen = [one for one in (*self.nothing, *self.chosen, self.worst) if math.isfinite(one)]
        return "ratio" if self.lower and seen and min(seen) > 0 else "difference"

    @property
    def gain(self) -> Gain:
        """Of the treatment."""
        return self._gain(self.chosen)

    @property
    def luck(self) -> Gain:
        """Of the lot."""
        return self._gain(self.drawn)

    @property
    def hopeless(self) -> bool:
        """Whether no numbers of the pairs that are left could make it certain.

        Of ``n`` differences ``t² = (n - 1) T / (n - T)`` with ``T = (Σ d)² / Σ d²``, and the best that ``m``
        further ones can do is ``T + m``, each of them being ``Σ d² / Σ d``.
        """
        known = self.differences(self.chosen)
        left, limit = self.planned - len(known), quantile(max(self.planned, 2), self.level) ** 2
        if not known or any(math.isnan(one) for one in (*self.nothing, *self.chosen)):
            return False
        total, squares = sum(known), sum(one * one for one in known)
        if total <= 0:
            return True
        most = total * total / squares + left
        return most < self.planned * limit / (self.planned - 1 + limit)

    @property
    def promising(self) -> bool:
        """Whether all planned pairs are better, and `MORE` further ones like them would make it certain."""
        known = self.differences(self.chosen)
        if len(known) < max(self.planned, FEWEST) or self.level != LEVEL or not min(known) > 0:
            return False
        pairs = len(known) + MORE
        return not self.gain.certain and (
            fmean(known) * math.sqrt(pairs) > quantile(pairs, AGAIN) * stdev(known)
        )

    def go_on(self) -> None:
        """Ask for further pairs, at the price of a wider interval."""
        self.planned += MORE
        self.level = AGAIN

    @property
    def decided(self) -> bool:
        """Whether the lot needs no further seed: so far its gain is no more than half of the treatment's."""
        if rescued(self) and any(math.isnan(one) for one in self.drawn):
            return True
        return bool(self.drawn) and self.luck.mean <= BEHIND * self.gain.mean

    def differences(self, arm: Sequence[float]) -> list[float]:
        """What an arm gains in each pair; NaN counts as the worst number of all."""
        bottom = _bottom([*self.nothing, *self.chosen, *self.drawn, self.worst], lower=self.lower)
        if math.isnan(self.worst) and all(math.isnan(one) for one in self.nothing):
            bottom = math.nan  # nothing to measure a rescue by
        sign = -1.0 if self.lower else 1.0
        pairs = zip(self.nothing, arm, strict=False)
        filled = [[bottom if math.isnan(one) else one for one in pair] for pair in pairs]
        if self.scale == "ratio":
            filled = [[math.log(max(one, LEAST)) for one in pair] for pair in filled]
        return [sign * (after - before) for before, after in filled]

    def _gain(self, arm: Sequence[float]) -> Gain:
        ruined = sum(math.isnan(a) or math.isnan(b) for a, b in zip(self.nothing, arm, strict=False))
        return Gain.of(self.differences(arm), ruined, self.level)


def prove(shifts: Sequence[int], arms: Arms, lots: Sequence[str]) -> Proof:
    """Compare the arms.

    Args:
        shifts: of the seeds.
        arms: numbers with nothing, with the treatment, by lot (empty where none was drawn).
        lots: what was drawn.
    """
    verdict, words = _verdict(arms)
    nothing, chosen, drawn = (tuple(arm) for arm in (arms.nothing, arms.chosen, arms.drawn))
    return Proof(
        tuple(shifts), nothing, chosen, drawn, tuple(lots), arms.gain, arms.luck, verdict, words, arms.scale,
        arms.planned, arms.level,
    )  # fmt: skip


def _bottom(numbers: Sequence[float], *, lower: bool) -> float:
    finite = [number for number in numbers if math.isfinite(number)]
    return (max(finite) if lower else min(finite)) if finite else math.nan


def _verdict(arms: Arms) -> tuple[Verdict, str]:
    gain, luck = arms.gain, arms.luck
    seeds = f"{gain.seeds} seed{'s' * (gain.seeds != 1)}"
    if all(math.isnan(one) for one in arms.chosen):
        return "no cure helped", f"not shown: with the treatment no run of {seeds} ended in a number"
    if rescued(arms):
        if arms.drawn and not any(math.isnan(one) for one in arms.drawn) and _beats(arms):
            return "not shown", "not shown: it rescues every run, but treatments drawn by lot do so too"
        return "helped", f"helped: without it no run of {seeds} ends in a number, with it every one does"
    if arms.same:
        side = "better" if gain.mean > 0 else "no better"
        return "not shown", (
            "not shown: every seed gave the same run, so there is no chance to tell from; "
            f"{side} in the one run that this script makes"
        )
    if gain.mean <= 0:
        return "not shown", f"not shown: over {seeds} it is no better than nothing"
    if gain.seeds < 2:
        return "not shown", "not shown: one seed has no interval"
    if not gain.certain:
        rest = "" if gain.seeds >= arms.planned else f", which no more of {arms.planned} could change"
        return "not shown", f"not shown: better on average, but the interval over {seeds} includes zero{rest}"
    if arms.drawn and luck.mean >= gain.mean:
        return "not shown", "not shown: better than nothing, but so are treatments drawn by lot, and as much"
    return "helped", f"helped: better over {seeds}, and the interval excludes zero"


def _beats(arms: Arms) -> bool:
    """Whether the lot is at least as good as the treatment on average."""
    lot, ours = fmean(arms.drawn), fmean(arms.chosen)
    return lot <= ours if arms.lower else lot >= ours


def rescued(arms: Arms) -> bool:
    """Whether what is not a number without the treatment is one with it, every time."""
    return (
        len(arms.nothing) > 1
        and all(math.isnan(one) for one in arms.nothing)
        and not any(math.isnan(one) for one in arms.chosen)
    )
