"""This run shows labels that contradict one another, or a fixed part of them that looks wrong.

What it sees
    Rows are known by fingerprints of their bits, so the same row can be followed
    from epoch to epoch: with its label, and with the probability that the
    network gives to this label.  Of each quarter of the rows, in the order in
    which they were met, it is known how sure the answers were and how right.

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
    Unsure: a network that was given many such labels says "70 %" everywhere and
    is surely wrong nowhere; there, being sure tells nothing about being right.
    Where rows are merely hard, it does: a right answer is surer than a wrong one
    in 48 % + 0.48 x lift of the pairs, lift being the accuracy above the share of
    the most frequent class, over what is left above it.  (Computed for calibrated
    answers with normal, uniform, exponential and Laplacian logits of 2 to 10
    classes: none lies lower by more than 4 %.)  Reported is a quarter of the
    rows after the first, with 150 rows, 40 wrong answers and a lift of 0.3 at
    least, in which that share is lower by 5 % and 2.5 standard errors (of two
    classes: 0.4, 10 % and 4).  The surest quarter of its answers must be wrong at
    least 6 times and half as often as all, the easier half of the classes 0.6
    times as often; confidence is at most 22 % below accuracy; and of three
    classes and more, a wrong answer leaves the label at most half of lift^2 more
    than its share of the rest (units: rows, shares, probabilities; ours).

Cure
    Look at the stuck samples and mend their labels; a loss that a single label
    cannot dominate; stop before they are learnt by heart.

Cure safety
    clean-labels changes the data; robust-loss changes training.

When it is wrong
    A network that has learnt all labels by heart shows neither stuck nor unsure
    ones, so wrong labels in long runs of large nets are often not seen.
    Augmented rows are never met again; unsure answers are seen there too.
    Labels drawn anew by design are reported, and so is a world that is itself as
    random.  Networks that learn little from them, two classes with many wrong
    labels, and classes mistaken for one certain other stay unseen.

Example
    >>> # order = torch.randperm(n); loss(model(X[order]), y[torch.randperm(n)])

References
    Arpit et al., "A closer look at memorization", arXiv 1706.05394; Northcutt et
    al., "Confident learning", JAIR 2021; Natarajan et al., NeurIPS 2013.
"""

from __future__ import annotations

import math
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
CLASS_SHARE = 0.5  # share of the classes over which these are spread
MAX_RARE = 0.0  # share of labels in rare classes; those are stuck for another reason
QUARTER_ROWS = 150  # rows of a quarter that is judged
QUARTER_WRONG = 40  # wrong answers among them; fewer say little about the surer share
MIN_LIFT, MIN_LIFT_OF_TWO = 0.3, 0.4  # below, weak hints and half-learnt shapes look the same; ours
LAG = 0.22  # accuracy above confidence; more is a network on its way, or smoothed targets; ours
SURER_AT, SURER_PER_LIFT = 0.48, 0.48  # share of pairs with the right one surer; computed, within 0.035
UNSURE, UNSURE_OF_TWO = 0.05, 0.1  # how far below that it must lie, and of two classes alone; ours
ERRORS, ERRORS_OF_TWO = 2.5, 4.0  # ... and how many standard errors
SUREST_LEAST = 6  # wrong answers in the surest quarter; ours
SUREST_WRONG = 0.5  # wrong share of the surest quarter over that of all; spread answers: 0.6 at that lift
EASIER_WRONG = 0.6  # the same of the easier half of the classes; ours
FAVOUR = 0.5  # how much a wrong answer leaves to the label, over lift squared; spread answers: 0.52 or more

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
        finding = _changing(trace, place, data) or _stuck(trace, place, data) or _unsure(trace, place, data)
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


def _unsure(trace: Trace, place: str, data: Mapping[str, Any]) -> Finding | None:
    """The quarter after the first in which being sure tells least about being right."""
    found = [quarter for quarter in data.get("quarters", ())[1:] if _says_nothing(quarter)]
    quarter = max(found, key=_lack, default=None)
    if quarter is None or _rare(trace) > MAX_RARE:
        return None
    wrong, surest = (1 - quarter[a] / quarter[b] for a, b in (("right", "rows"), ("surest_right", "surest")))
    return RULE.finding(
        where=[place],
        since_step=trace.first_step,
        value=_lack(quarter),
        threshold=UNSURE if quarter["classes"] > 2 else UNSURE_OF_TWO,
        unit="share of pairs",
        message=(
            f"{wrong:.0%} of the answers of {place} were wrong, of the surest quarter {surest:.0%}; right "
            f"ones were surer in {quarter['surer']:.0%} of pairs, {_lack(quarter):.0%} less than of hard rows"
        ),
        why="where being sure says nothing about being right, a part of the labels is wrong whatever the row",
        strength=0.4 + surest / 2,
        evidence=_loss(trace),
    )


def _says_nothing(quarter: Mapping[str, Any]) -> bool:
    """Whether being sure says nothing about being right in a network that has learnt."""
    rows, right, lift, more = quarter["rows"], quarter["right"], _lift(quarter), quarter["classes"] > 2
    if rows < QUARTER_ROWS or rows - right < QUARTER_WRONG or lift < (MIN_LIFT_OF_TWO, MIN_LIFT)[more]:
        return False
    if right / rows - quarter["confidence"] > LAG or not _everywhere(quarter, lift):
        return False
    least, errors = (UNSURE, ERRORS) if more else (UNSURE_OF_TWO, ERRORS_OF_TWO)
    error = math.sqrt((rows + 1) / (12 * right * (rows - right)))  # of the share, were there no difference
    return _lack(quarter) >= max(least, errors * error)


def _lack(quarter: Mapping[str, Any]) -> float:
    """How far the share of pairs with the right answer surer lies below that of hard rows."""
    return SURER_AT + SURER_PER_LIFT * _lift(quarter) - float(quarter["surer"])


def _everywhere(quarter: Mapping[str, Any], lift: float) -> bool:
    """Whether wrong answers are spread over sure ones and over classes, and are no near misses."""
    wrong = 1 - quarter["right"] / quarter["rows"]
    surest, easier = (quarter[part] - quarter[f"{part}_right"] for part in ("surest", "easier"))
    if surest < SUREST_LEAST or surest < SUREST_WRONG * wrong * quarter["surest"]:
        return False
    others = int(quarter["classes"]) - 1
    near = (float(quarter["left"]) * others - 1) / (others - 1) > FAVOUR * lift**2 if others > 1 else False
    return bool(easier >= EASIER_WRONG * wrong * quarter["easier"]) and not near


def _lift(quarter: Mapping[str, Any]) -> float:
    """Accuracy above the most frequent class, over what is left above it."""
    rest = quarter["rows"] - quarter["common"]
    return (quarter["right"] - quarter["common"]) / rest if rest else 0.0


def _rare(trace: Trace) -> float:
    """Share of labels in rare classes, the largest of all losses at the end."""
    values = trace.sampled("rare_share").values
    return float(np.nan_to_num(values[-1]).max(initial=0.0)) if len(values) else 0.0


def _loss(trace: Trace) -> list[Evidence]:
    return [Evidence("loss", (), trace.first_step, trace.last_step)]
