"""This run shows weights that start far too small.

What it sees
    The size of the weights before the first step, and how much of the
    differences between inputs is left at the last layer.

Why it hurts
    Too small weights let the signal die on its way: all inputs look alike to the
    last layers, and the gradient on its way back dies as fast.  The loss stays on
    a plateau until the weights have grown, if they ever do.

How it decides
    Half of the weight matrices, of 2 and more, start below 0.2 of the smallest
    usual size (Glorot's, or torch's own sqrt(1 / (3 fan-in))), the last layer's
    signal is below 1e-3 (or half of them below 0.5, where the signal is below 1e-5:
    many layers make up for what each lacks less), and the run is poor, or its loss
    fell by less than 5 % of the start, or than two standard errors of the first
    losses, in its first fifth, or less than a tenth of the best constant's loss was
    removed by then, or the signal is below 1e-5 and less than 80 % was
    learnt in the end (units: ratio to the usual root mean square, signal as
    standard deviation over the batch; ours).  Where weights stand in no layer of
    their own (a list of parameters), the predictions are taken for the last layer's
    outputs.

Cure
    He initialisation for ReLU, Glorot for tanh and sigmoid.

Cure safety
    Both change training only.

When it is wrong
    Small starts on purpose where the network is normalised or residual; those
    keep their signal and are not reported.

Example
    >>> # nn.init.normal_(layer.weight, std=0.001) in six layers

References
    Glorot and Bengio, AISTATS 2010; He et al., arXiv 1502.01852; Goodfellow et
    al., Deep Learning, section 8.4.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.calls import loss_calls, measured
from gradwise.rules.learning import Outcome, outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.rules.signal_path import Layer, layers_at_start
from gradwise.rules.trend import MEDIAN_COST, SIGMA
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

SIZE_LIMIT = 0.2  # of the smallest usual size, median over matrices; ours
DEEP_SIZE_LIMIT = 0.5  # the same, where next to nothing arrives; torch's own start is 1
DEEP_SIGNAL_LIMIT = 1e-5  # standard deviation over the batch
SIGNAL_LIMIT = 1e-3  # standard deviation over the batch; torch's own starts keep 1e-2 over 5 layers
MIN_LAYERS = 2  # weight matrices; a linear model may start at zero
MIN_STEPS = 30  # steps; a shorter run had no chance to learn
IDLE_FALL = 0.05  # of the first loss, within the first fifth; ours
IDLE_SKILL = 0.1  # share of the trivial loss; less is what a bias learns; ours
IDLE_SHARE = 0.2  # of the run
MADE_UP = 0.8  # better of skill and lift from which on a run made up for the start; ours
LATEST = 6  # samples before its end

RULE = Rule(
    name="init-too-small",
    code="W03",
    group="sick",
    organ=Organ.INITIALISATION,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "act_mean", "act_std",
        "sample_std", "weight_norm", "output_sample_std", "fact:loss-call", "fact:optimizer",
        "fact:structure",
    ),
    explains=(
        "vanishing-gradient", "activation-scale-drift", "loss-not-decreasing", "constant-output",
        "majority-collapse",
        "underfitting", "lr-too-low", "fades-through-time", "loses-to-baseline", "trained-too-short",
        "dead-relu", "noisy-gradient",
    ),
    cures=("he-init", "glorot-init"),
    summary="weights that start far too small",
    at_once=True,
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the weights start too small and the signal dies."""
    layers = layers_at_start(trace)
    if trace.steps < MIN_STEPS or len(layers) < MIN_LAYERS:
        return
    size, (signal, place) = float(np.median([layer.small for layer in layers])), _last_signal(trace, layers)
    limit = DEEP_SIZE_LIMIT if signal < DEEP_SIGNAL_LIMIT else SIZE_LIMIT
    if not size < limit or not signal < SIGNAL_LIMIT:
        return
    result = outcome(trace)
    if result.nonfinite or result.opposing or not (result.poor or _idle(trace) or _lost(result, signal)):
        return
    worst = min(layers, key=lambda layer: layer.small)
    yield RULE.finding(
        where=[worst.weight],
        since_step=trace.first_step,
        value=size,
        threshold=limit,
        unit="of a usual start",
        message=(
            f"the weights start at {size:.2g} of a usual start (limit {limit:g}), and {place} "
            f"differ by {signal:.1e} from input to input (limit {SIGNAL_LIMIT:g})"
        ),
        why="all inputs look alike to the last layers, and the gradient dies on its way back as fast",
        strength=min(0.5 + np.log10(limit / max(size, 1e-12)) / 3, 1.0),
        evidence=evidence_at(trace, ("act_std", "sample_std"), layers[-1].name, trace.first_step),
    )


def _last_signal(trace: Trace, layers: list[Layer]) -> tuple[float, str]:
    """How far the last outputs differ between inputs before training, and what they are; NaN: not known."""
    if np.isfinite(layers[-1].signal):
        return layers[-1].signal, f"the outputs of {layers[-1].name}"
    for call in loss_calls(trace):
        spread = measured(trace, "output_sample_std", call.place)
        if len(spread) and not call.mixed:
            return float(spread[0]), f"the predictions given to {call.place}"
    return float("nan"), ""


def _lost(result: Outcome, signal: float) -> bool:
    """Whether nothing at all arrived at the end, and the run did not make up for it."""
    return signal < DEEP_SIGNAL_LIMIT and np.fmax(result.skill, result.lift) < MADE_UP


def _idle(trace: Trace) -> bool:
    """Whether a fifth of the run went by before the loss moved more than it varies, or beat a constant."""
    loss = trace.step_signal("loss")
    values = loss.mean[np.isfinite(loss.mean)]
    values = values[: int(len(values) * IDLE_SHARE)]
    if len(values) < 5:
        return False
    first, late = float(np.median(values[:3])), float(np.median(values[-max(len(values) // 4, 1) :]))
    noise = SIGMA * float(np.median(np.abs(values - np.median(values)))) * MEDIAN_COST / 3**0.5
    moved = first - late >= max(IDLE_FALL * first, 2 * noise)
    until = trace.first_step + IDLE_SHARE * trace.steps
    return first > 0 and (not moved or _skill_until(trace, until) < IDLE_SKILL)


def _skill_until(trace: Trace, step: float) -> float:
    """Share of the trivial loss that the latest samples before a step have removed; NaN where not known."""
    criterion, trivial = trace.sampled("criterion"), trace.sampled("trivial")
    skills = []
    for place in criterion.places:
        if place in trivial.places:
            reached = criterion.column(place)[criterion.steps < step]
            constant = trivial.column(place)
            reached, constant = reached[np.isfinite(reached)], constant[np.isfinite(constant)]
            if len(reached) >= LATEST and len(constant) and constant[-1] > 0:
                skills.append(1 - float(np.median(reached[-LATEST:])) / float(constant[-1]))
    return max(skills, default=np.nan)
