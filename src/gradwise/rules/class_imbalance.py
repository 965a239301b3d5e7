"""This run shows rare classes that the network hardly ever answers rightly.

What it sees
    Among the labels some classes are at most a tenth as frequent as the most
    frequent one, and the network answers nearly all of their rows with another
    class, while it does well on the frequent ones.

Why it hurts
    Always answering the frequent classes costs little on average, so the loss
    looks fine, and so does the accuracy.  The rare class is often the one that
    the whole thing is for.

How it decides
    Over 16 sampled steps, the latest within the last quarter that held so many: at
    least 20 rows of rare classes were seen, at most 30 % of them were answered
    rightly, and at least 70 % of the other rows were (units: rows, shares; ratio of
    10 as in SageMaker Debugger, the rest ours). The recall has stopped rising: it
    gained less than 10 points since the middle of the run, which is 100 steps or
    longer. One label a row and at most 20 classes, so that rare letters and words
    do not count. Rare means rare in the batches: a sampler that balances them cures
    it.  Or the loss weighs the most frequent class (60 % of the labels and more) at
    least 1.5 times as much as the others, and 95 % of the late answers are that
    class: its weights are the wrong way round.

Cure
    Weigh the classes in the loss, draw them evenly, or use a focal loss.

Cure safety
    class-weights, resample and focal-loss change training: probabilities are
    shifted towards the rare classes and must be corrected where they are read.

When it is wrong
    The inputs may tell nothing about the rare class: then its rows cannot be
    found without as many false alarms.  Where scores are only ranked, or the
    threshold is chosen afterwards, a low recall at one half is no fault.

Example
    >>> # nn.CrossEntropyLoss() on 4 % fraud, 300 steps; recall of fraud: 0.05

References
    SageMaker Debugger, class imbalance rule; He and Garcia, "Learning from
    imbalanced data", IEEE TKDE 2009; Lin et al., arXiv 1708.02002 (focal loss).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import opposing, signed
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Floats, Trace

MIN_RARE_ROWS = 20  # rows of rare classes in the last 16 sampled steps; ours
RECALL_LIMIT = 0.3  # share of these rows answered rightly; ours
REST_RECALL = 0.7  # share of the other rows answered rightly; below it the whole is poor; ours
RISING = 0.1  # gain of recall since the middle of the run at which it is still being learnt; ours
MIN_STEPS = 100  # steps; the majority is learnt first in every run
MIN_SAMPLES = 8  # sampled steps
LATE = 4  # part of the samples (a quarter) in which a window of 16 must hold enough rows
MAX_CLASSES = 20  # classes; of more, some are always rare
UNEVEN = 0.6  # share of the most frequent class from which weights have a purpose; ours
HEAVIER = 1.5  # weight of the most frequent class over the mean of the others; ours
GIVEN_UP = 0.95  # share of the late answers that are that class; ours
MIN_LATE = 4  # late samples
STABLE = 2.0  # factor by which the share of rare classes may change between the halves of the run; ours

RULE = Rule(
    name="class-imbalance",
    code="D04",
    group="sick",
    organ=Organ.DATA,
    since="0.1.0",
    reads=(
        "guess_top", "guess_top_share", "label_top", "majority",
        "rare_share", "rare_rows", "rare_recall", "rest_recall", "batch_size", "loss", "criterion",
        "target_std", "fact:loss-call", "fact:optimizer",
    ),
    explains=("majority-collapse", "constant-output", "loss-not-decreasing", "underfitting"),
    cures=("class-weights", "resample", "focal-loss"),
    summary="rare classes that are hardly ever answered rightly",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per classification loss whose rare classes are given up."""
    if trace.steps < MIN_STEPS or opposing(trace) or signed(trace.step_signal("loss")):
        return
    inverted = [found for place in trace.sampled("guess_top").places if (found := _inverted(trace, place))]
    if inverted:
        yield from inverted
        return
    for place in trace.sampled("rare_recall").places:
        recall, share = _values(trace, "rare_recall", place), _values(trace, "rare_share", place)
        seen = _window(trace, place)
        if len(recall) < MIN_SAMPLES or seen is None or not _one_label_a_row(trace, place):
            continue
        rows, right, rest = seen
        if right > RECALL_LIMIT or rest < REST_RECALL:
            continue
        if recall[-1] - recall[len(recall) // 2] >= RISING or not _stable(share):
            continue
        yield RULE.finding(
            where=[place],
            since_step=trace.first_step,
            value=right,
            threshold=RECALL_LIMIT,
            unit="share of the rare classes' rows answered rightly",
            message=(
                f"rare classes ({share[-1]:.1%} of the labels) are answered rightly in {right:.0%} of "
                f"their last {rows:.0f} rows (limit {RECALL_LIMIT:.0%}), the others in {rest:.0%}"
            ),
            why="giving up the rare classes costs little on average, so loss and accuracy look fine",
            strength=1 - right,
            evidence=evidence_at(trace, ("rare_recall", "rest_recall"), place, trace.first_step),
        )


def _inverted(trace: Trace, place: str) -> Finding | None:
    """Weights that make the most frequent class count for more, and it is all that is answered."""
    weights = next(
        (f.data["class_weights"] for f in trace.facts_of("loss-call")
         if f.where == place and f.data.get("class_weights")), None,
    )  # fmt: skip
    share = _values(trace, "majority", place)
    answers, answered = _values(trace, "guess_top", place), _values(trace, "guess_top_share", place)
    late = slice(-max(len(answers) // LATE, MIN_LATE), None)
    if weights is None or len(answers) < MIN_SAMPLES or not len(share) or share[-1] < UNEVEN:
        return None
    labels = _values(trace, "label_top", place) if len(weights) > 2 else answers
    top = int(np.median(labels)) if len(labels) else -1
    if not 0 <= top < len(weights) or float(np.mean(answers[late] == top)) < 1 or len(labels) < MIN_SAMPLES:
        return None
    others = [w for i, w in enumerate(weights) if i != top]
    factor = weights[top] / max(float(np.mean(others)), 1e-12)
    given_up = float(np.median(answered[late]))
    if factor < HEAVIER or given_up < GIVEN_UP:
        return None
    return RULE.finding(
        where=[place],
        since_step=trace.first_step,
        value=factor,
        threshold=HEAVIER,
        unit="weight of the most frequent class over that of the others",
        message=(
            f"the loss weighs class {top}, {share[-1]:.0%} of the labels, {factor:.3g} times as much as the "
            f"others (limit {HEAVIER:g}), and {given_up:.0%} of the answers are that class: weights the "
            "wrong way round"
        ),
        why="weights are to make rare classes count; these make them count for even less",
        strength=given_up,
        evidence=evidence_at(trace, ("guess_top_share",), place, trace.first_step),
    )


def _window(trace: Trace, place: str) -> tuple[float, float, float] | None:
    """Rare rows, their recall and that of the rest where enough were seen, as late as possible."""
    table = trace.sampled("rare_rows")
    column = table.column(place) if place in table.places else np.zeros(0)
    known = np.flatnonzero(np.isfinite(column))
    late = known[-max(len(known) // LATE, 1) :]
    for at in late[column[late] >= MIN_RARE_ROWS][::-1]:
        right, rest = (
            _at(trace, name, place, int(table.steps[at])) for name in ("rare_recall", "rest_recall")
        )
        if np.isfinite(right) and np.isfinite(rest):
            return float(column[at]), right, rest
    return None


def _at(trace: Trace, signal: str, place: str, step: int) -> float:
    """A sampled signal at one step; NaN where it was not measured."""
    table = trace.sampled(signal)
    found = np.flatnonzero(table.steps == step)
    return float(table.column(place)[found[0]]) if place in table.places and len(found) else float("nan")


def _values(trace: Trace, signal: str, place: str) -> Floats:
    table = trace.sampled(signal)
    if place not in table.places:
        return np.zeros(0)
    column = table.column(place)
    return column[np.isfinite(column)]


def _stable(share: Floats) -> bool:
    """Labels that come from the network itself (policies, pseudo-labels) drift with it."""
    half = len(share) // 2
    early, late = float(np.median(share[half // 2 : half + 1])), float(np.median(share[half:]))
    return min(early, late) * STABLE >= max(early, late)


def _one_label_a_row(trace: Trace, place: str) -> bool:
    """Whether the loss takes one label for each row of the input, of a few classes."""
    calls = [fact for fact in trace.facts_of("loss-call") if fact.where == place]
    sizes = trace.sampled("batch_size").values
    if not calls or not np.isfinite(sizes).any():
        return False
    shape = calls[-1].data.get("input_shape") or []
    wide = len(shape) == 2 and shape[1] > MAX_CLASSES
    several = len(shape) > 1 and not calls[-1].data.get("classes") and shape[1] > 1  # many labels a row
    return bool(shape) and len(shape) <= 2 and not wide and not several and shape[0] <= np.nanmax(sizes)
