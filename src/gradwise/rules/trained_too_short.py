"""This run shows a loss that was still falling steeply when training ended.

What it sees
    The slope of the training loss over the last 40 % of the run, what was
    reached, the rate, and evaluations that went better each time to the end.

Why it hurts
    The network is half-trained, and judged as if it were what this model can do.

How it decides
    The script ended by itself; the outcome is poor, by a loss that was
    recognised (an accuracy that runs ahead of the loss counts once it has come
    three quarters of the way from the majority's share to 100 %), or a classifier
    was still on a cliff (its loss fell by 70 % of its level over the last 40 %, by
    30 % over the last 20 %) with less than 60 % of the loss removed;
    over the last 40 % of the run the loss fell by
    10 % of its level and more, and over the last 20 % by 4 % and more, each by
    4 standard errors; the rate has not gone (5 % of its largest at least); and
    evaluations, where there are any, ended near their best (unit: share of the
    loss; ours, calibrated on the detection corpus).  Where the data were passed
    fewer than ten times at a rate that was not lowered, it is enough that the training
    loss fell as said over the last 40 %, that each of the last three evaluations was
    lower than the one before by 20 % and more (at that pace a loss halves in three), and
    that less than 90 % of the training loss was removed (units: passes, share; ours).  A
    short run that ends well is a demonstration, and left alone.

Cure
    Train longer; where every step is small too, a larger rate.

Cure safety
    Both change training only.

When it is wrong
    A run cut short on purpose.  Passes are counted for a DataLoader alone: a loop that
    cuts its own batches is judged by the training loss only.

Example
    >>> # for epoch in range(2): ...   # 30 steps of SGD at lr=0.01

References
    Karpathy, "A Recipe for Training Neural Networks" (2019), "leave it training".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import POOR_SKILL, Outcome, outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.rules.trend import rate_left, trend
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

MIN_STEPS = 30  # steps; fewer show no slope
LONG, SHORT = 0.6, 0.8  # shares of the run from which on the slopes are taken
STEEP, STEEP_END = 0.1, 0.04  # fall over those windows, share of the level; ours
SURE = 4.0  # standard errors
CLIFF, CLIFF_END = 0.7, 0.3  # the same where much was learnt already; ours
AMID, WELL = 0.6, 0.8  # skill and lift below which a run on a cliff is in the middle of learning; ours
RATE_LEFT = 0.05  # of the largest rate; less has been spent on purpose; ours
NEAR_BEST = 1.03  # last evaluation over the best one; ours
FEW_PASSES = 10.0  # over the training rows; ours
BETTER, LATEST = 0.2, 3  # fall from one evaluation to the next, in so many of them at the end; ours
LEARNT = 0.9  # skill from which little is left to gain; ours
RATE_KEPT = 0.5  # of the largest rate; one that was lowered more was meant to end here; ours
STALE = 0.1  # share of the run at its end in which the last evaluation must lie
ANSWERED = 0.75  # of what the majority answer leaves to be learnt; with answers so good a run may end; ours

RULE = Rule(
    name="trained-too-short",
    code="E03",
    group="sick",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=(
        "loss", "rate", "criterion", "trivial", "accuracy", "majority", "target_std", "val_loss",
        "fact:optimizer", "fact:rows",
    ),
    explains=("loses-to-baseline", "underfitting", "majority-collapse"),
    cures=("train-longer", "raise-lr"),
    summary="a loss still falling steeply when training ended",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when a half-trained network was still learning fast."""
    result = outcome(trace)
    few = _few_passes(trace, result)
    if trace.run.status != "finished" or trace.steps < MIN_STEPS:
        return
    if not (few or _half(result) or _amid(result)):
        return
    long, short = trend(trace, LONG), trend(trace, SHORT)
    steep = long.fall >= STEEP and long.falls(SURE)
    cliff = long.fall >= CLIFF and short.fall >= CLIFF_END and _amid(result)
    still = short.fall >= STEEP_END and short.falls(SURE) and (cliff or _half(result))
    if not steep or not (still or few) or rate_left(trace) < RATE_LEFT or not _near_best(trace):
        return
    since = trace.first_step + int(LONG * trace.steps)
    yield RULE.finding(
        since_step=since,
        value=long.fall,
        threshold=STEEP,
        unit="fall of the loss over the last 40 % of the run",
        message=(
            f"the loss fell by {long.fall:.0%} (± {long.error:.0%}) over the last 40 % of {trace.steps} "
            f"steps (limit {STEEP:.0%}), and only {max(result.reached, 0.0):.0%} was learnt"
            + (f"; evaluations fell by {BETTER:.0%} and more each time to the end" if few else "")
        ),
        why="the network is half-trained, and judged as if this were all it can do",
        strength=0.3 + min(long.fall, 0.7),
        evidence=[Evidence("loss", (), since, trace.last_step)],
    )


def _half(result: Outcome) -> bool:
    """Poor, by a loss that was recognised; accuracy, which comes first, is not good enough to end with."""
    if result.nonfinite or result.opposing or result.lift >= ANSWERED:
        return False
    return bool(result.skill < POOR_SKILL)


def _amid(result: Outcome) -> bool:
    """A classifier in the middle of learning."""
    known = not result.nonfinite and not result.opposing and np.isfinite(result.lift)
    return bool(known and result.skill < AMID and result.lift < WELL)


def _few_passes(trace: Trace, result: Outcome) -> bool:
    """Whether evaluations still went far better each time, after few passes at a rate that was kept."""
    if result.nonfinite or result.opposing or not result.skill < LEARNT or result.lift >= WELL:
        return False
    return _passes(trace) < FEW_PASSES and rate_left(trace) >= RATE_KEPT and _better(trace)


def _passes(trace: Trace) -> float:
    """Times that the training rows were passed; infinite where no loader tells how many there are."""
    rows = {fact.where: fact.data for fact in trace.facts_of("rows")}
    known = [one for one in rows.values() if one["source"] and one["drawn"]]
    return max((trace.steps * one["largest"] / one["source"] for one in known), default=float("inf"))


def _better(trace: Trace) -> bool:
    """Whether some place's last evaluations fell, each far below the one before, until the run ended."""
    table = trace.sampled("val_loss")
    for place in table.places:
        known = np.isfinite(table.column(place))
        column = table.column(place)[known][-LATEST - 1 :]
        if len(column) <= LATEST or table.steps[known][-1] < trace.last_step - STALE * trace.steps:
            continue
        if (column > 0).all() and (column[1:] <= (1 - BETTER) * column[:-1]).all():
            return True
    return False


def _near_best(trace: Trace) -> bool:
    table = trace.sampled("val_loss")
    for place in table.places:
        column = table.column(place)
        column = column[np.isfinite(column)]
        if len(column) >= 3 and column[-1] > NEAR_BEST * column.min() > 0:
            return False
    return True
