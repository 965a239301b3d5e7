"""This run shows labels that contradict one another, or a fixed part of them that looks wrong.

What it sees
    Rows are known by fingerprints of their bits, so the same row can be followed
    from epoch to epoch: with its label, and with the probability that the
    network gives to this label.

Why it hurts
    The network is pulled to answers that are not true; with time it learns them
    by heart, which costs it on new data.  Labels that change from epoch to epoch
    (inputs and targets shuffled apart) leave nothing to learn at all.

How it decides
    Changing: of at least 30 rows that were met again, at least 10 % had another
    label then, and equal rows within a batch are rarer than 1 in 10,000 pairs,
    so that a row is a sample and not a common value (units: rows, shares).
    Stuck: of at least 150 rows seen in the last 60 % of the run, 8 to 45 % have
    less than 10 % for their label and more than one half for another class; at
    least half have more than one half for their label, and at most 30 % lie in
    between.  Of the rows that were met again, at least 5 of these and 75 % of
    them were wrong each time, and they are spread over at least half of the
    classes (units: rows, probabilities; ours).  Hard samples lie in between or
    change sides, and rare or unlearnt classes are wrong as a whole.

Cure
    Look at the stuck samples and mend their labels; a loss that a single label
    cannot dominate; stop before they are learnt by heart.

Cure safety
    clean-labels changes the data; robust-loss changes training.

When it is wrong
    A network that has learnt all labels by heart shows no stuck ones, so wrong
    labels in long runs of large nets are not seen.  Augmented rows are never
    met again.  Labels drawn anew by design are reported.

Example
    >>> # order = torch.randperm(n); loss(model(X[order]), y[torch.randperm(n)])

References
    Arpit et al., "A closer look at memorization", arXiv 1706.05394; Northcutt et
    al., "Confident learning", JAIR 2021; Natarajan et al., NeurIPS 2013.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradwise.rules.learning import opposing, signed
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

MIN_REVISITED = 30  # rows met in two sampled batches or more
CHANGED_SHARE = 0.1  # share of them with another label; a data set has one label for a row
TWIN_SHARE = 1e-4  # pairs of equal rows within a batch; more are common values, not samples
MIN_LATE = 150  # rows seen in the last 60 % of the run
MIN_WRONG_AGAIN = 5  # rows met again there that were wrong at least once
STUCK_SHARE = 0.75  # share of them that was wrong each time; rows that change sides are not
STUCK_LOW = 0.08  # share of the late rows that is surely wrong; clean data stays below 0.03; ours
STUCK_HIGH = 0.45  # share above which it is the network that is wrong
FITTED_SHARE = 0.5  # share that fits; ours
BETWEEN_SHARE = 0.3  # share that does neither; hard samples are there; ours
CLASS_SHARE = 0.5  # share of the classes over which the stuck rows are spread
MAX_RARE = 0.0  # share of labels in rare classes; those are stuck for another reason

RULE = Rule(
    name="noisy-labels",
    code="D10",
    group="sick",
    organ=Organ.DATA,
    since="0.1.0",
    reads=("loss", "criterion", "rare_share", "target_std", "fact:rows", "fact:optimizer"),
    explains=(
        "overfitting", "loss-not-decreasing", "underfitting", "noisy-gradient", "loses-to-baseline",
        "majority-collapse", "constant-output", "trained-too-long", "class-imbalance",
    ),
    cures=("clean-labels", "robust-loss", "early-stop"),
    summary="labels that change, or a fixed part that looks wrong",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per model whose rows change their labels or keep wrong ones."""
    if opposing(trace) or signed(trace.step_signal("loss")):
        return
    for place, data in {fact.where: fact.data for fact in trace.facts_of("rows")}.items():
        finding = _changing(trace, place, data) or _stuck(trace, place, data)
        if finding is not None:
            yield finding


def _changing(trace: Trace, place: str, data: Mapping[str, Any]) -> Finding | None:
    again, changed = int(data["revisited"]), int(data["relabelled"])
    common = data["twins"] > TWIN_SHARE * max(data["pairs"], 1)
    if again < MIN_REVISITED or changed < CHANGED_SHARE * again or common:
        return None
    share = changed / again
    return RULE.finding(
        where=[place],
        since_step=trace.first_step,
        value=share,
        threshold=CHANGED_SHARE,
        unit="share of rows met again",
        message=(
            f"{changed} of {again} rows of {place} that were met again had another label then "
            f"(limit {CHANGED_SHARE:.0%})"
        ),
        why="a row whose label changes from epoch to epoch cannot be learnt",
        strength=0.5 + share / 2,
        evidence=_loss(trace),
        cures=("clean-labels",),
    )


def _stuck(trace: Trace, place: str, data: Mapping[str, Any]) -> Finding | None:
    late, wrong, fitted = (int(data[name]) for name in ("late", "wrong", "fitted"))
    again, stuck = int(data["wrong_again"]), int(data["stuck"])
    if late < MIN_LATE or again < MIN_WRONG_AGAIN or stuck < STUCK_SHARE * again or _rare(trace) > MAX_RARE:
        return None
    share, between = wrong / late, (late - wrong - fitted) / late
    if not STUCK_LOW <= share <= STUCK_HIGH or fitted < FITTED_SHARE * late or between > BETWEEN_SHARE:
        return None
    if data["stuck_classes"] < max(2, CLASS_SHARE * data["classes"]):
        return None
    return RULE.finding(
        where=[place],
        since_step=trace.first_step + int(0.4 * trace.steps),
        value=share,
        threshold=STUCK_LOW,
        unit="share of the late rows",
        message=(
            f"{share:.0%} of the rows of {place} late in the run got less than a tenth for their label while "
            f"another class had half (limit {STUCK_LOW:.0%}), and {stuck} of {again} of them each time; "
            f"{fitted / late:.0%} fitted"
        ),
        why="rows that stay surely wrong while the rest fits mostly bear a wrong label",
        strength=0.4 + share,
        evidence=_loss(trace),
    )


def _rare(trace: Trace) -> float:
    """Share of labels in rare classes, the largest of all losses at the end."""
    values = trace.sampled("rare_share").values
    return float(np.nan_to_num(values[-1]).max(initial=0.0)) if len(values) else 0.0


def _loss(trace: Trace) -> list[Evidence]:
    return [Evidence("loss", (), trace.first_step, trace.last_step)]
