"""What several seeds scored: each of them, their mean, and an interval for the mean over all seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any

LEVEL = 0.95  # share of intervals, over many such fits, that hold the mean over all seeds


@dataclass(frozen=True, slots=True)
class Spread:
    """Scores of several seeds on the same rows.

    Args:
        scores: one per seed.
        mean: of them.
        half: half the width of the interval of the mean; NaN of a single score.
        level: of the interval.
    """

    scores: tuple[float, ...]
    mean: float
    half: float
    level: float = LEVEL

    @classmethod
    def of(cls, scores: Sequence[float]) -> Spread:
        """Mean and interval by Student's t with n - 1 degrees of freedom: ``mean ± t · s / √n``.

        It tells how much the score moves with the seed (first weights, order of the rows, dropout), and
        nothing of how it moves with the choice of training and validation rows, which all seeds share.

        >>> spread = Spread.of([0.9, 0.92, 0.94])
        >>> round(spread.mean, 3), round(spread.half, 4)  # 4.3027 · 0.02 / √3
        (0.92, 0.0497)
        """
        if len(scores) < 2:
            return cls(tuple(scores), fmean(scores) if scores else math.nan, math.nan)
        from scipy.special import stdtrit  # a quantile without the seconds that scipy.stats takes to load

        quantile = float(stdtrit(len(scores) - 1, (1 + LEVEL) / 2))
        return cls(tuple(scores), fmean(scores), quantile * stdev(scores) / math.sqrt(len(scores)))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Spread:
        """What `as_dict` wrote."""
        return cls(tuple(document["scores"]), document["mean"], document["half"], document["level"])

    def __str__(self) -> str:
        """``0.92 ± 0.05 over 3 seeds``."""
        width = "" if math.isnan(self.half) else f" ± {self.half:.2g}"
        seeds = "seed" if len(self.scores) == 1 else "seeds"
        return f"{self.mean:.4g}{width} over {len(self.scores)} {seeds}"

    def as_dict(self) -> dict[str, Any]:
        """For ``run.json``."""
        return asdict(self)
