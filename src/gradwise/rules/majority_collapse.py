"""This run shows a classifier whose predictions are nearly all the same class.

What it sees
    At the end of the run nearly every row of a batch gets the same answer, while
    the labels hold several classes.

Why it hurts
    The network says nothing about its input.  Its accuracy is the share of that
    class, which looks like a result.

How it decides
    Over the last 30 % of the run, or the last 6 sampled steps where it has fewer,
    batches with several classes: in 90 % of them one class has more than 95 % of
    the answers, the same in 80 % of them; the most frequent class has at most
    80 % of the labels; the run has 100 steps and more and removes less than a
    fifth of a constant answer's loss (units: shares, steps; ours).  At its start
    every classifier answers so for a while.

Cure
    Find what stopped the learning; with unequal classes, weigh them.

Cure safety
    class-weights and lower-lr change training only.

When it is wrong
    Labels that no input tells anything about: the most frequent class is then the
    best answer.

Example
    >>> # nn.Linear(20, 3) fed with zeros by a wrong slice; accuracy stays at 0.40

References
    Buda et al., arXiv 1710.05381; UMLAUT, CHI 2021.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import POOR_SKILL, outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Floats, Ints, Trace

TOP_LIMIT = 0.95  # share of a batch's answers
LASTING_SHARE = 0.9  # share of the late samples in which one class is above the limit
SAME_SHARE = 0.8  # share of them in which it is the same class
MAJORITY_LIMIT = 0.8  # share of the most frequent class in the labels
LATE_SHARE = 0.3  # of the run, at its end
MIN_SAMPLES = 6  # sampled steps in it
MIN_STEPS = 100  # steps
MIN_BATCH = 8  # rows; small batches agree by chance
ONE_CLASS = 0.999  # share of the batch's labels in one class: nothing else could be answered

RULE = Rule(
    name="majority-collapse",
    code="E05",
    group="sick",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=(
        "guess_top", "guess_top_share", "label_top_share", "batch_size", "loss", "criterion", "trivial",
        "accuracy", "majority", "target_std", "fact:optimizer",
    ),
    explains=("loss-not-decreasing", "constant-output", "underfitting", "loses-to-baseline", "lr-too-low"),
    cures=("class-weights", "lower-lr"),
    summary="a classifier whose predictions are nearly all the same class",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per classification loss with one answer for everything."""
    result = outcome(trace)
    if trace.steps < MIN_STEPS or result.opposing or result.skill >= POOR_SKILL:
        return  # the accuracy of a single answer is chance, whatever a few batches say
    sizes = trace.sampled("batch_size").values
    if not np.isfinite(sizes).any() or np.nanmedian(sizes) < MIN_BATCH:
        return
    for place in trace.sampled("guess_top_share").places:
        late = _late(trace, place)
        share, top = _column(trace, "guess_top_share", place, late), _column(trace, "guess_top", place, late)
        one = _column(trace, "label_top_share", place, late) >= ONE_CLASS
        judged = np.isfinite(share) & ~one
        majority = _column(trace, "majority", place, late)
        majority = majority[np.isfinite(majority)]
        if judged.sum() < MIN_SAMPLES or not len(majority) or not majority[-1] <= MAJORITY_LIMIT:
            continue
        classes, counts = np.unique(top[judged], return_counts=True)
        lasting = float((share[judged] > TOP_LIMIT).mean())
        if lasting < LASTING_SHARE or counts.max() < SAME_SHARE * judged.sum():
            continue
        answer = int(classes[counts.argmax()])
        value = float(np.median(share[judged]))
        yield RULE.finding(
            where=[place],
            since_step=int(late[judged][0]),
            value=value,
            threshold=TOP_LIMIT,
            unit="share of the answers",
            message=(
                f"class {answer} has {value:.0%} of the answers at the end of the run (limit "
                f"{TOP_LIMIT:.0%}), while no class has more than {majority[-1]:.0%} of the labels"
            ),
            why="one answer for every input is what a network gives that has learnt nothing of it",
            strength=value,
            evidence=evidence_at(trace, ("guess_top_share", "accuracy"), place, trace.first_step),
        )


def _late(trace: Trace, place: str) -> Ints:
    """Sampled steps of the last part of the run, or the last few where they reach into its second half."""
    table = trace.sampled("guess_top_share")
    steps = table.steps[np.isfinite(table.column(place))]
    late = steps[steps >= trace.first_step + (1 - LATE_SHARE) * trace.steps]
    if len(late) >= MIN_SAMPLES or not len(steps) or steps[-1] < trace.first_step + trace.steps // 2:
        return late
    return steps[-MIN_SAMPLES:]


def _column(trace: Trace, signal: str, place: str, steps: Ints) -> Floats:
    """A signal at these steps; NaN where it was not measured."""
    table = trace.sampled(signal)
    values = np.full(len(steps), np.nan)
    if place in table.places:
        _, here, there = np.intersect1d(steps, table.steps, return_indices=True)
        values[here] = table.column(place)[there]
    return values
