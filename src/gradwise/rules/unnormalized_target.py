"""This run shows regression targets far larger than what a fresh network puts out.

What it sees
    Targets of tens or thousands of units, first predictions near zero, and a
    loss that is mostly the distance between the two levels.

Why it hurts
    A fresh network answers with numbers near zero.  Until its last layer has
    grown by the factor that is missing, the loss says nothing about the input;
    with a usual rate that takes most of the run, and the gradients, which grow
    with the targets, are too large for everything else.

How it decides
    For squared, absolute, Huber and smooth L1 losses: the targets' root mean
    square, median over the sampled steps, is at least 10 and at least 10 times
    that of the first predictions (unit: 1; source: fresh networks put out
    numbers near 1; ours).  And learning suffers: at the end the run is poor;
    or the targets are 30 and more and less than half of what a constant answer
    loses was learnt, or 1000 and more and less than 90 % of it.  Nothing is said where
    the last activation cannot reach the targets, or shapes are broadcast: those come first.

Cure
    Subtract the mean and divide by the standard deviation of the training
    targets; undo both on predictions.

Cure safety
    standardize-target changes the data: predictions must be scaled back.

When it is wrong
    A task that no network can learn looks the same, when its targets are large.

Example
    >>> # nn.MSELoss()(model(x), price)   # prices of 150,000 to 500,000, Adam with 1e-3

References
    LeCun, Bottou, Orr, Müller, "Efficient BackProp" (1998), section 4.4;
    DeepDiagnosis, ICSE 2022 (unnormalized data).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import GOOD_SKILL, Outcome, outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Floats, Trace

SCALE_LIMIT = 10.0  # root mean square of the targets; standardised ones have 1; ours
FAR_SCALE = 30.0  # root mean square from which half-learnt is suspicious too; ours
HUGE_SCALE = 1000.0  # root mean square that no usual rate makes up for in time; ours
LEARNT = 0.9  # skill below which such targets still cost something; ours
RATIO_LIMIT = 10.0  # targets over first predictions, both root mean square; ours
MIN_SAMPLES = 3  # sampled steps
MIN_STEPS = 30  # steps; a shorter run has not tried
DISTANCES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")

RULE = Rule(
    name="unnormalized-target",
    code="D02",
    group="sick",
    organ=Organ.DATA,
    since="0.1.0",
    reads=(
        "target_mean", "target_std", "output_mean", "output_std", "loss", "criterion", "trivial",
        "accuracy", "majority", "fact:loss-call", "fact:broadcast", "fact:optimizer",
    ),
    explains=(
        "loss-not-decreasing", "loss-oscillates", "loss-spike", "initial-loss-off", "exploding-gradient",
        "always-clipped", "lr-too-low", "trained-too-short", "underfitting", "loses-to-baseline",
        "constant-output", "dead-relu", "saturated-activation", "weights-grow",
    ),
    cures=("standardize-target",),
    summary="regression targets far larger than what a fresh network puts out",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per distance loss whose targets are out of reach and hardly learnt."""
    if trace.steps < MIN_STEPS or trace.facts_of("broadcast"):
        return
    result = outcome(trace)
    bounded = {f.where for f in trace.facts_of("loss-call") if f.data.get("bounded_by")}
    for place in trace.sampled("target_std").places:
        if place not in DISTANCES or place in bounded:
            continue
        scale, first = _rms(trace, "target", place), _rms(trace, "output", place)
        if len(scale) < MIN_SAMPLES or not len(first):
            continue
        size = float(np.median(scale))
        ratio = size / max(float(first[0]), 1e-30)
        if size >= SCALE_LIMIT and ratio >= RATIO_LIMIT and _suffers(result, size):
            yield _finding(trace, place, size, float(first[0]), result)


def _suffers(result: Outcome, size: float) -> bool:
    if result.nonfinite:
        return False  # too large a rate and too large targets cannot be told apart then
    half_learnt = size >= FAR_SCALE and result.skill < GOOD_SKILL
    return result.poor or half_learnt or (size >= HUGE_SCALE and result.skill < LEARNT)


def _rms(trace: Trace, what: str, place: str) -> Floats:
    """Root mean square of targets or predictions at the sampled steps, in order."""
    mean, std = trace.sampled(f"{what}_mean"), trace.sampled(f"{what}_std")
    if place not in mean.places or place not in std.places:
        return np.zeros(0)
    values = np.hypot(mean.column(place), std.column(place))
    return values[np.isfinite(values)]


def _finding(trace: Trace, place: str, size: float, first: float, result: Outcome) -> Finding:
    since = trace.first_step
    return RULE.finding(
        where=[place],
        since_step=since,
        value=size,
        threshold=SCALE_LIMIT,
        unit="root mean square",
        message=(
            f"targets of {place} have a root mean square of {size:.3g} (limit {SCALE_LIMIT:g}; best near 1), "
            f"the first predictions {first:.2g}, and {max(result.skill, 0.0):.0%} of what a constant answer "
            "loses was learnt"
        ),
        why="until the last layer has grown to the size of the targets, the loss says little about the input",
        strength=0.5 + np.log10(size / SCALE_LIMIT) / 6,
        evidence=evidence_at(trace, ("target_mean", "output_mean", "criterion"), place, since),
    )
