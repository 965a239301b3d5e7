"""What runs are compared by: the captured evaluation loss, a printed number, or the training loss."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from gradwise.errors import TraceError, UsageError
from gradwise.heal.printed import compiled, direction, result_line, value_of
from gradwise.heal.rerun import printed_by
from gradwise.trace.model import Trace
from gradwise.trace.read import read_run

Kind = Literal["evaluation loss", "printed", "training loss"]
TAIL = 0.1  # share of the steps, the last ones, over which the training loss is averaged
AUTOMATIC = "auto"
# Loss functions that give the same number for the same prediction.
_SAME = {
    "nll_loss": "cross_entropy",
    "binary_cross_entropy_with_logits": "binary_cross_entropy",
}


@dataclass(frozen=True, slots=True)
class Metric:
    """What runs are compared by.

    Args:
        kind: where the number comes from.
        lower: whether smaller is better.
        name: as it is shown.
        why: how it was chosen, one clause.
        where: the place of an evaluation loss in the script.
        pattern: of a printed number.
        loss: functions that the loss must be made of; losses of other functions have other sizes.
    """

    kind: Kind
    lower: bool
    name: str
    why: str = ""
    where: str = ""
    pattern: str = ""
    loss: tuple[str, ...] = ()

    def of(self, place: Path, until: int | None = None, most: int | None = None) -> float:
        """The number of a kept run; NaN, the worst, where it has none.

        Args:
            place: the run's directory.
            until: steps that count; all of them when None.
            most: of a printed number, so many of its lines count; all of them when None.
        """
        if self.kind == "printed":
            value = value_of(self._compiled(), printed_by(place), most)
            return math.nan if value is None or not math.isfinite(value) else value
        try:
            trace = read_run(place).trace
        except TraceError:
            return math.nan
        if self.loss and loss_functions(trace) != self.loss:
            return math.nan
        if self.kind == "evaluation loss":
            return _evaluated(trace, self.where, until)
        return _trained(trace, until)

    def applies(self, place: Path) -> bool:
        """Whether a kept run has such a number at all, whatever it is."""
        if self.kind == "printed":
            return value_of(self._compiled(), printed_by(place)) is not None
        try:
            trace = read_run(place).trace
        except TraceError:
            return False
        if self.loss and loss_functions(trace) != self.loss:
            return False
        return self.kind == "training loss" or self.where in trace.sampled("val_loss").places

    def comes(self, place: Path, trace: Trace, share: float, steps: int) -> bool:
        """Whether a run that is stopped after so many steps has such a number already."""
        if self.kind == "printed":
            return self.count(place) * share >= 1
        if self.kind == "training loss":
            return True
        table = trace.sampled("val_loss")
        return self.where in table.places and bool((table.steps <= steps).any())

    def count(self, place: Path) -> int:
        """How often a kept run printed it; of other numbers there is always one more."""
        if self.kind != "printed":
            return sys.maxsize
        return sum(1 for _ in self._compiled().finditer(printed_by(place)))

    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.MULTILINE | re.IGNORECASE)

    def better(self, one: float, other: float) -> bool:
        """Whether a number is better than another; NaN is worse than any."""
        if math.isnan(one) or math.isnan(other):
            return math.isnan(other) and not math.isnan(one)
        return one < other if self.lower else one > other

    def rank(self, value: float) -> float:
        """A key that sorts the best first."""
        if math.isnan(value):
            return math.inf
        return value if self.lower else -value


def choose_metrics(asked: str, lower: bool | None, place: Path) -> list[Metric]:
    """What runs can be compared by, the best first; later ones are for cures that change the loss.

    Args:
        asked: ``auto``, ``val_loss``, or a regular expression whose group 1 is the number.
        lower: whether smaller is better; None: by the name.
        place: directory of the script's own run.

    Raises:
        UsageError: the run has no such number, or nobody can tell which way is better.
    """
    trace = read_run(place).trace
    if asked == AUTOMATIC:
        return _automatic(trace, printed_by(place), lower)
    if asked == "val_loss":
        found = _evaluation(trace, lower, "asked for")
        if found is None:
            raise UsageError(
                "--metric val_loss: no evaluation loss was captured in this script; give a regular "
                "expression for a number that it prints, e.g. --metric 'accuracy ([0-9.]+)'."
            )
        return [found]
    return [_asked(asked, lower, printed_by(place))]


def early(metrics: Sequence[Metric], place: Path, share: float, steps: int) -> Metric | None:
    """What runs can be compared by that are stopped early; None where nothing tells so soon.

    The training loss stands for itself alone: a cure of overfitting makes it worse.

    Args:
        metrics: of whole runs, the best first.
        place: of the script's own run.
        share: of its steps, at which runs are stopped.
        steps: the same as a number.
    """
    trace = read_run(place).trace
    evaluation = _evaluation(trace, None, "runs that are stopped early")
    known = [*metrics, *([evaluation] if evaluation is not None else [])]
    return next((metric for metric in known if metric.comes(place, trace, share, steps)), None)


def loss_functions(trace: Trace) -> tuple[str, ...]:
    """What the losses of a run are, so far as their sizes can be compared."""
    calls = trace.facts_of("loss-call")
    names = {
        _SAME.get(str(call.data.get("function")), str(call.data.get("function")))
        + (" weighted" if call.data.get("weighted") else "")
        for call in calls
    }
    return tuple(sorted(names))


def compiled_or_name(asked: str) -> None:
    """See before any run that ``--metric`` can be read.

    Raises:
        UsageError: it cannot.
    """
    if asked not in (AUTOMATIC, "val_loss"):
        compiled(asked)


def _automatic(trace: Trace, printed: str, lower: bool | None) -> list[Metric]:
    evaluated = _evaluation(trace, lower, "captured while the script evaluated")
    found = [one for one in (evaluated, _printed(printed, lower)) if one is not None]
    if found:
        return found
    if not len(trace.step_signal("loss")):
        raise UsageError(
            "neither a loss nor a printed result was found in this script; give --metric with a regular "
            "expression for a number that it prints, e.g. --metric 'accuracy ([0-9.]+)'."
        )
    return [_training(trace, "the script shows no result on other data")]


def _evaluation(trace: Trace, lower: bool | None, why: str) -> Metric | None:
    table = trace.sampled("val_loss")
    counts = [int(np.isfinite(table.column(place)).sum()) for place in table.places]
    if not counts or max(counts) == 0:
        return None
    latest = max(range(len(counts)), key=lambda at: (counts[at], at))  # of equals the later in the script
    where = table.places[latest]
    smaller = True if lower is None else lower
    return Metric(
        "evaluation loss", smaller, f"evaluation loss ({where})", why, where, loss=loss_functions(trace)
    )


def _printed(text: str, lower: bool | None) -> Metric | None:
    found = result_line(text)
    if found is None:
        return None
    line, pattern, smaller = found
    name = line if len(line) <= 60 else line[:57] + "..."
    return Metric("printed", smaller if lower is None else lower, "printed number", f"from the line {name!r}",
                  pattern=pattern.pattern)  # fmt: skip


def _asked(asked: str, lower: bool | None, text: str) -> Metric:
    pattern = compiled(asked)
    if value_of(pattern, text) is None:
        raise UsageError(
            f"--metric {asked!r} matches nothing that the script printed; check it on its output."
        )
    last = list(pattern.finditer(text))[-1].group(0)
    told = lower if lower is not None else direction(asked)
    if told is None:
        told = direction(last)
    if told is None:
        raise UsageError(f"--metric {asked!r}: nothing tells which way is better; add --lower or --higher.")
    return Metric("printed", told, f"printed {last.strip()!r}", "asked for", pattern=asked)


def _training(trace: Trace, why: str) -> Metric:
    return Metric("training loss", lower=True, name="training loss", why=why, loss=loss_functions(trace))


def _evaluated(trace: Trace, where: str, until: int | None) -> float:
    """The last evaluation's loss; NaN also where that is not finite."""
    table = trace.sampled("val_loss")
    if where not in table.places:
        return math.nan
    rows = table.steps <= (math.inf if until is None else until)
    values = table.column(where)[rows]
    seen = np.flatnonzero(~np.isnan(values))
    if not len(seen):
        return math.nan
    later = table.values[rows][seen[-1] + 1 :]
    if np.isnan(later).all(axis=1).any():  # a phase in which nothing was a number
        return math.nan
    if _diverged(int(table.steps[rows][seen[-1]]), trace, until):
        return math.nan
    value = float(values[seen[-1]])
    return value if math.isfinite(value) else math.nan


def _diverged(since: int, trace: Trace, until: int | None) -> bool:
    """Whether all that was trained since an evaluation gave losses that are no numbers."""
    loss = trace.step_signal("loss").between(since, trace.steps if until is None else until)
    return bool(len(loss) and (loss.nonfinite == loss.counts).all())


def _trained(trace: Trace, until: int | None) -> float:
    loss = trace.step_signal("loss")
    stop = min(trace.steps, trace.steps if until is None else until)
    window = loss.between(min(int(stop * (1 - TAIL)), stop - 1), stop)
    if not len(window) or window.nonfinite.any():
        return math.nan
    return float(np.average(window.mean, weights=window.counts))
