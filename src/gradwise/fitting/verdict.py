"""Has it learnt?  The net's score against guessing and against a linear model on the same rows."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from gradwise.baselines.quick import Yardstick

SURE = 1.96  # standard errors: two-sided 95 %


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a fit ended.

    Args:
        word: ``learnt``, ``learnt, but a linear model is better`` or ``not learnt``.
        sentence: the numbers behind it.
        metric: ``accuracy`` or ``r2``.
        score: of the net on the validation rows.
        trivial: of guessing.
        linear: of a linear model; None: not known.
        rows: validation rows.
    """

    word: str
    sentence: str
    metric: str
    score: float
    trivial: float
    linear: float | None
    rows: int

    @property
    def learnt(self) -> bool:
        """Whether the net beats guessing by more than chance."""
        return self.word != "not learnt"

    def as_dict(self) -> dict[str, Any]:
        """For ``run.json``."""
        return asdict(self)


def judge(score: float, stick: Yardstick, rows: int) -> Verdict:
    """Compare a score with the yardstick's.

    An accuracy must beat guessing by 1.96 standard errors of a proportion
    (normal approximation, sqrt(p (1 - p) / n)); R² must beat it by as much
    as chance explains, about 2/rows.

    >>> judge(0.95, Yardstick("accuracy", 0.5, 0.9, 0.1, ""), 200).word
    'learnt'
    >>> judge(0.52, Yardstick("accuracy", 0.5, 0.9, 0.1, ""), 200).word
    'not learnt'
    """
    noise = _noise(stick.metric, stick.trivial, rows)
    learnt = score > stick.trivial + noise
    behind = stick.linear is not None and score < stick.linear - _noise(stick.metric, stick.linear, rows)
    word = "not learnt" if not learnt else "learnt"
    if learnt and behind:
        word = "learnt, but a linear model is better"
    name = "R²" if stick.metric == "r2" else "accuracy"
    linear = "" if stick.linear is None else f", a linear model's {stick.linear:.4g}"
    sentence = (
        f"{name} {score:.4g} on {rows} validation rows; guessing scores {stick.trivial:.4g}{linear} "
        f"(± {noise:.2g} is chance)"
    )
    return Verdict(word, sentence, stick.metric, score, stick.trivial, stick.linear, rows)


def _noise(metric: str, level: float, rows: int) -> float:
    if metric == "r2":
        return 2 / max(rows, 1)
    level = min(max(level, 1 / max(rows, 1)), 1 - 1 / max(rows, 2))
    return SURE * math.sqrt(level * (1 - level) / max(rows, 1))
