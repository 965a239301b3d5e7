"""Has it learnt?  The net's score against guessing and against a linear model on the same rows."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from gradwise.baselines.quick import Yardstick

SURE = 1.96  # standard errors: two-sided 95 %
NAMES = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "r2": "R²"}
WORSE = "learnt, but a linear model is better"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a fit ended.

    Args:
        word: ``learnt``, ``learnt, but a linear model is better`` or ``not learnt``.
        sentence: the numbers behind it.
        metric: ``accuracy``, ``balanced_accuracy`` or ``r2``.
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
    (normal approximation, sqrt(p (1 - p) / n)).  R² must beat it by 1.96² / n:
    an output that has nothing to do with the target raises R² by z² / n at
    most, where z is a standard normal number.

    >>> judge(0.95, Yardstick("accuracy", 0.5, 0.9, 0.1, ""), 200).word
    'learnt'
    >>> judge(0.52, Yardstick("accuracy", 0.5, 0.9, 0.1, ""), 200).word
    'not learnt'
    """
    worth = rows if stick.worth is None else stick.worth
    noise = _noise(stick.metric, stick.trivial, worth)
    word = "learnt" if score > stick.trivial + noise else "not learnt"  # NaN beats nothing
    behind = stick.linear is not None and score < stick.linear - _noise(stick.metric, stick.linear, worth)
    if word == "learnt" and behind:
        word = WORSE
    name = NAMES[stick.metric]
    linear = "" if stick.linear is None else f", a linear model's {stick.linear:.4g}"
    sentence = (
        f"{name} {score:.4g} on {rows} validation rows; guessing scores {stick.trivial:.4g}{linear} "
        f"(± {noise:.2g} is chance)"
    )
    if math.isnan(stick.trivial):
        sentence = f"{name} is undefined: the target is the same in all {rows} validation rows"
    elif math.isnan(score):
        sentence = f"the net's outputs are no numbers; guessing scores {name} {stick.trivial:.4g}{linear}"
    return Verdict(word, sentence, stick.metric, score, stick.trivial, stick.linear, rows)


def _noise(metric: str, level: float, rows: float) -> float:
    """How far a score lies from ``level`` by chance alone."""
    if metric == "r2":
        return SURE**2 / max(rows, 1)
    level = min(max(level, 1 / max(rows, 1)), 1 - 1 / max(rows, 2))
    return SURE * math.sqrt(level * (1 - level) / max(rows, 1))
