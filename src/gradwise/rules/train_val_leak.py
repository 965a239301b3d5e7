"""This run shows evaluations on samples that were trained on.

What it sees
    Fingerprints of the rows that enter the model in an evaluation, of which a
    part are those of training rows, bit for bit.

Why it hurts
    The score on these samples is one of memory.  Stopping, choosing and
    comparing by it favours the network that learnt most by heart.

How it decides
    At sampled steps and in evaluations rows are known by 64 bits.  The share of
    evaluation rows that were met in training, over the share of all training
    rows that were looked at (the loader's length, or the largest batch), is the
    estimated leak.  It is reported from 5 % on, with at least 10 rows, where it
    is more than twice what equal rows by chance would give: pairs of equal rows
    within batches, and 3 more, bound that chance (units: share, rows; ours).  Rows
    drawn with replacement, or copied to balance classes, before the data was cut are
    equal without chance: where rows that agree in one number agree in all, the
    leak is reported from 20 % on, of as many different training rows as the draws
    tell.  A place where all rows leak is silent, as training accuracy is measured so, and
    autoencoders are shown so, unless the lines that evaluate speak of validation or test
    rows (``val_loader``, ``x_test``) and not of training ones: then it is reported where it
    holds at most 90 % of the training rows, or where its loader has as many rows as that of
    training; but not where 5 % more rows had gradients than there are to train on, as attacks
    on test rows make them (units: share of rows; ours).  An evaluation larger than the
    training set, as of all data together, is silent, and one whose lines speak of training
    rows, or of both.

Cure
    Cut the data once, by row numbers, and check that no number is on both sides.

Cure safety
    re-split changes the data that is trained on and the score, which gets worse
    and right.

When it is wrong
    Data that holds true copies of its rows leaks whatever is cut; removing the
    copies first is right then too.  Copies of rows of few different numbers
    (whole numbers, categories) are taken for chance.  A validation set that is all or a part
    of the training set is told from a measure of training by names alone, so names that
    mislead do, and inputs that are trained on without their labels (adaptation to a
    target) leak by name.  Augmented training rows are never equal to what they were made of.

Example
    >>> # train, _ = random_split(data, [800, 200]); _, valid = random_split(data, [800, 200])

References
    Kaufman et al., "Leakage in data mining", ACM TKDD 2012; deepchecks,
    train-test samples mix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

LEAK_LIMIT = 0.05  # estimated share of the evaluation's rows; ours
MIN_MATCHED = 10  # rows; ours
MIN_ROWS = 20  # distinct rows of the evaluation; ours
CHANCE_FACTOR = 2.0  # matches over those expected of copies by chance; ours
UNSEEN_TWINS = 3  # pairs of equal rows that may be missed when none is seen (95 % bound of 0)
ALL_SHARE = 0.93  # estimated share from which the evaluation is one of the training set itself; ours
ALL_SHARE_ESTIMATED = 0.75  # the same where the size of the training set is only estimated
COPIED_LEAK = 0.2  # share from which copies of rows on both sides are reported; ours
COPIED_ALL = 0.97  # share of them from which the evaluation is one of the training set itself; ours
FINE_SURPLUS = 1.05  # equal pairs in the finest column over equal rows, up to which rows are copies
NAMED = "validation"  # what the lines of an evaluation say of its rows (fact:evaluation-rows)
OF_TRAINING = "training"  # what it says of lines that speak of training rows, or of both
FEWER = 0.9  # of the training rows, that an evaluation of a part of them holds at most; ours
MORE_SEEN = 1.05  # rows that had gradients over training rows, from which others had them too; ours
ERRORS = 2.5  # standard errors by which the leak must be less than everything

RULE = Rule(
    name="train-val-leak",
    code="D08",
    group="sick",
    organ=Organ.DATA,
    since="0.1.0",
    reads=("val_loss", "fact:rows", "fact:evaluation-rows"),
    explains=(),
    cures=("re-split",),
    summary="evaluations on samples that were trained on",
)


@dataclass(frozen=True, slots=True)
class Leak:
    """What is known of one place's evaluations."""

    place: str
    matched: int
    distinct: int
    covered: float  # share of the training rows that were looked at
    chance: float  # share of rows expected to match by chance, upper bound
    size: int  # training rows
    limit: float  # share from which the evaluation is one of the training set itself
    least: float = LEAK_LIMIT  # share from which it counts
    named: bool = False  # the user's own names say that no row of it was trained on

    @property
    def found(self) -> float:
        """Share of the evaluation's rows that were met in training."""
        return self.matched / self.distinct

    @property
    def share(self) -> float:
        """Estimated share of the evaluation's rows that were trained on."""
        return min(self.found / self.covered, 1.0)

    @property
    def counts(self) -> bool:
        """Whether there are enough of them, and more than by chance."""
        if self.matched < MIN_MATCHED or self.share < self.least:
            return False
        return self.found > CHANCE_FACTOR * self.chance

    @property
    def everything(self) -> bool:
        """Whether all rows may be training rows."""
        rest = max(1 - self.distinct / self.size, 0.0)  # drawn without replacement
        error = sqrt(self.covered * (1 - self.covered) / self.distinct * rest)
        return self.share >= self.limit or self.found > self.covered - ERRORS * error


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for the evaluation with the largest partial leak."""
    training = list({fact.where: fact.data for fact in trace.facts_of("rows")}.values())
    latest = {fact.where: fact.data for fact in trace.facts_of("evaluation-rows")}
    found = [leak for place, data in latest.items() if (leak := _leak(place, data, training))]
    leaks = [leak for leak in found if leak.counts and (leak.named or not leak.everything)]
    if not leaks:
        return
    leak = max(leaks, key=lambda one: one.share)
    yield RULE.finding(
        where=[one.place for one in leaks],
        since_step=trace.first_step,
        value=leak.share,
        threshold=leak.least,
        unit="share of the evaluation's rows",
        message=(
            f"{leak.matched} of {leak.distinct} rows evaluated at {leak.place} were trained on; with "
            f"{leak.covered:.0%} of the training rows looked at, about {leak.share:.0%} of them leak "
            f"(limit {leak.least:.0%}){_why(leak)}"
        ),
        why="the score on rows that were learnt says nothing about new ones, and choices by it go wrong",
        strength=0.5 + leak.share / 2,
        evidence=[
            Evidence("val_loss", (place,), trace.first_step, trace.last_step)
            for place in trace.sampled("val_loss").places
        ],
    )


def _leak(place: str, data: Mapping[str, Any], training: list[Mapping[str, Any]]) -> Leak | None:
    """None where there is too little to judge, or nothing that rows could be told apart by."""
    size = sum(_size(one) for one in training)
    limit = ALL_SHARE if all(one["source"] or one["same"] for one in training) else ALL_SHARE_ESTIMATED
    evaluated = max(int(data["source"]), int(data["largest"]))
    if data.get("named") == OF_TRAINING:
        return None
    whole = evaluated == size == int(data["source"]) and data.get("named") == NAMED
    if int(data["distinct"]) < MIN_ROWS or not size or (evaluated >= size and not whole):
        return None
    matched, distinct = int(data["matched"]), int(data["distinct"])
    if _copied(training):
        drawn = sum(_drawn_from(int(one["rows"]), int(one["distinct"])) for one in training)
        covered = min(int(data["seen"]) / drawn, 1.0)
        return Leak(place, matched, distinct, covered, 0.0, drawn, COPIED_ALL, COPIED_LEAK)
    twins = int(data["twins"]) + sum(int(one["twins"]) for one in training)
    pairs = int(data["pairs"]) + sum(int(one["pairs"]) for one in training)
    if not pairs:
        return None
    seen = int(data["seen"])
    chance = seen * (twins + UNSEEN_TWINS) / pairs
    covered = min(seen / size, 1.0)
    part = max(evaluated, distinct) <= FEWER * size
    named = data.get("named") == NAMED and (whole or part) and seen <= MORE_SEEN * size
    return Leak(place, matched, distinct, covered, min(chance, 1.0), size, limit, named=named)


def _copied(training: list[Mapping[str, Any]]) -> bool:
    """Whether rows stand several times in what is trained on, and not because they have few values."""
    twins = sum(int(one.get("finest_twins", 0)) for one in training)
    finest = sum(int(one.get("finest", 0)) for one in training)
    return (
        twins > UNSEEN_TWINS and all("finest" in one for one in training) and finest <= FINE_SURPLUS * twins
    )


def _why(leak: Leak) -> str:
    if leak.least == COPIED_LEAK:
        return "; equal rows are copies, as one number tells them apart"
    return "; the lines there speak of validation or test rows" if leak.everything else ""


def _size(data: Mapping[str, Any]) -> int:
    """How many rows a model trains on: its loader's; else estimated from how often rows came again."""
    if data["source"]:
        return int(data["source"])
    rows, distinct = int(data["rows"]), int(data["distinct"])
    if distinct == rows or data["largest"] >= distinct:
        return int(data["largest"]) if data["largest"] >= distinct else 0
    return max(_drawn_from(rows, distinct), distinct)


def _drawn_from(rows: int, distinct: int) -> int:
    """Size of a set of which so many draws give so many different ones (birthday estimate)."""
    low, high = distinct, 1000 * distinct
    while high - low > 1:
        middle = (low + high) // 2
        expected = middle * (1 - (1 - 1 / middle) ** rows)
        low, high = (middle, high) if expected < distinct else (low, middle)
    return high
