"""What a comparison came to: the models ranked, with intervals and what they can be told apart by."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from gradwise.baselines.intervals import SURE, half_width, holm, p_value
from gradwise.baselines.scoring import Metric
from gradwise.baselines.trial import Trial
from gradwise.data.examples import Choice

NAN = math.nan


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table.

    Args:
        name: of the model, with its options.
        scores: on the test rows of each fold; NaN where it has none.
        mean: of those.
        low: end of the 95 % interval of the mean, by the corrected resampled t test.
        high: the other end.
        p: that a model as good as the best one has such scores, paired by fold and corrected for the number
            of models (Holm); NaN of the best and where it is not known.
        beside: ``best``, ``worse`` (p below 0.05), ``not told apart`` or ``-``.
        seconds: taken, all folds.
        rows: learnt from in a fold.
        settings: chosen in each fold.
        notes: what was left out or went wrong.
        on_run: score on the validation rows of the run that it is compared with; NaN: of none.
    """

    name: str
    scores: list[float]
    mean: float = NAN
    low: float = NAN
    high: float = NAN
    p: float = NAN
    beside: str = "-"
    seconds: float = 0.0
    rows: int = 0
    settings: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    on_run: float = NAN

    @property
    def done(self) -> int:
        """Folds that have a score."""
        return sum(not math.isnan(score) for score in self.scores)

    @property
    def usual(self) -> dict[str, Any]:
        """The setting chosen most often."""
        if not self.settings:
            return {}
        words = [repr(setting) for setting in self.settings]
        return self.settings[words.index(Counter(words).most_common(1)[0][0])]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Classical models side by side.

    Args:
        metric: by which they are ranked.
        rises: larger is better.
        kind: of the target: ``classes``, ``labels`` or ``numbers``.
        rows: of the data.
        folds: that were planned.
        entries: the best first; ``guessing`` is one of them.
        choices: made on the way, with their reasons.
        notes: what holds for all.
        seconds: taken in all.
        interrupted: it ended before its time.
        run: the run that it is compared with: ``name``, ``score``; empty: none.
    """

    metric: str
    rises: bool
    kind: str
    rows: int
    folds: int
    entries: list[Entry]
    choices: list[Choice]
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    run: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Entry:
        """The line of a model.

        Raises:
            KeyError: it is not in the table.
        """
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise KeyError(name)

    @property
    def best(self) -> Entry:
        """The first line."""
        return self.entries[0]

    def as_dict(self) -> dict[str, Any]:
        """For JSON; NaN stays NaN."""
        return asdict(self)


def entry_of(name: str, trials: Mapping[int, Trial], folds: int, notes: Sequence[str]) -> Entry:
    """The line of a model, not yet compared with others."""
    done = list(trials.values())
    scores = [trials[fold].score if fold in trials else NAN for fold in range(folds)]
    told = [*notes, *_told(done, folds)]
    return Entry(
        name,
        scores,
        seconds=sum(trial.seconds for trial in done),
        rows=min((trial.rows for trial in done), default=0),
        settings=[trial.setting for trial in done],
        notes=told,
    )


def _told(trials: Sequence[Trial], folds: int) -> list[str]:
    """What the user must know of the trials."""
    notes: list[str] = []
    if 0 < len(trials) < folds:
        notes.append(f"{len(trials)} of {folds} folds")
    cut = [trial for trial in trials if trial.stopped]
    if cut:
        least = min(trial.tried for trial in cut)
        notes.append(f"only {least} of {cut[0].of} settings compared in {len(cut)} folds, for want of time")
    restless = sum(trial.restless for trial in trials)
    if restless:
        notes.append(f"the solver had not come to rest in {restless} of {len(trials)} folds")
    undefined = sum(math.isnan(trial.score) for trial in trials)
    if undefined:
        notes.append(f"the score is undefined in {undefined} folds")
    return notes


def rank(entries: Sequence[Entry], metric: Metric, ratio: float, least: float) -> list[Entry]:
    """The entries with means and intervals, the best first, each compared with it.

    Args:
        entries: from `entry_of`.
        metric: of their scores.
        ratio: test rows over training rows of a fold.
        least: standard deviation below which folds cannot be told apart.
    """
    known = [_with_interval(entry, metric, ratio, least) for entry in entries]
    sign = -1 if metric.rises else 1
    known.sort(key=lambda entry: (math.isnan(entry.mean), sign * entry.mean))
    if not known or math.isnan(known[0].mean):
        return known
    best, others = known[0], known[1:]
    values = holm([_p(best, entry, ratio, least) for entry in others])
    told = [replace(entry, p=p, beside=_word(p)) for entry, p in zip(others, values, strict=True)]
    return [replace(best, beside="best"), *told]


def _with_interval(entry: Entry, metric: Metric, ratio: float, least: float) -> Entry:
    scores = [score for score in entry.scores if not math.isnan(score)]
    if not scores:
        return entry
    mean, half = float(np.mean(scores)), half_width(scores, ratio, least)
    # an interval may not reach where no score can lie; NaN stays NaN
    low, high = (
        value if math.isnan(value) else min(max(value, metric.low), metric.high)
        for value in (mean - half, mean + half)
    )
    return replace(entry, mean=mean, low=low, high=high)


def _p(best: Entry, other: Entry, ratio: float, least: float) -> float:
    pairs = [(a - b) for a, b in zip(best.scores, other.scores, strict=True)]
    return p_value([apart for apart in pairs if not math.isnan(apart)], ratio, least)


def _word(p: float) -> str:
    if math.isnan(p):
        return "-"
    return "worse" if p < SURE else "not told apart"
