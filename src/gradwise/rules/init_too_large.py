"""This run shows weights that start far too large.

What it sees
    The size of the weights before the first step, the signal that they let
    through, and units that are saturated from the start.

Why it hurts
    Too large weights blow the signal up from layer to layer: sigmoid and tanh
    units sit at their ends, where they have no slope, and scores are sure of
    wrong answers, so that the first steps are spent on undoing the start.

How it decides
    Half of the weight matrices start at more than 3 times the size of a He start
    (root mean square against sqrt(2 / fan-in)), and one of: a layer before a
    sigmoid or tanh has more than half of its outputs beyond +-5; the signal grows
    more than 10 times from the first layer to the last (SageMaker Debugger); the
    first loss is more than 5 times that of the best constant prediction.  And the
    start was not made up for: less than 90 % of the trivial loss was removed in the
    end (units: ratio, share; ours where no source is named).

    Recurrent matrices (``weight_hh``) are judged by themselves, against torch's
    own start, uniform within 1/sqrt(hidden): an orthogonal start is 1.7 times as
    large.  At 5 times a state is fed back with a gain of about 3, which drives its
    gates to their ends within a few time steps and makes the state chaotic; so
    half of them at that size are sign enough in a run that did not learn well
    (skill below 0.5).

Cure
    He initialisation for ReLU, Glorot for tanh and sigmoid, orthogonal for
    recurrent matrices.

Cure safety
    All change training only.

When it is wrong
    Random features (a large frozen or slowly trained first layer, a reservoir) in
    a run that learns little for another reason.

Example
    >>> # nn.init.normal_(layer.weight, std=1.0) in a tanh network

References
    Glorot and Bengio, AISTATS 2010; He et al., arXiv 1502.01852; SageMaker
    Debugger, poor weight initialization rule.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import GOOD_SKILL, outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.rules.signal_path import Layer, first, layers_at_start, recurrent_at_start
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

SIZE_LIMIT = 3.0  # times the He size, median over matrices; ours, usual starts stay below 1.5
SATURATED_LIMIT = 0.5  # share of a layer's outputs beyond +-5; ours
GROWTH_LIMIT = 10.0  # last signal over first; SageMaker Debugger
LOSS_LIMIT = 5.0  # first loss over the trivial predictor's; ours
MIN_STEPS = 30  # steps; a shorter run had no chance to learn
RECURRENT_LIMIT = 5.0  # times torch's own recurrent start, median over matrices; ours
RECOVERED = 0.9  # share of the trivial loss removed (or lift) that forgives the start; ours
BOUNDED = ("sigmoid", "tanh")

RULE = Rule(
    name="init-too-large",
    code="W02",
    group="sick",
    organ=Organ.INITIALISATION,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "act_mean", "act_std",
        "sample_std", "saturated_share", "weight_norm", "fact:optimizer", "fact:structure",
    ),
    explains=(
        "exploding-gradient", "saturated-activation", "activation-scale-drift", "initial-loss-off",
        "vanishing-gradient", "noisy-labels",
        "loss-not-decreasing", "constant-output", "majority-collapse", "underfitting", "loss-spike",
        "loss-oscillates", "dead-relu", "nan-gradient", "fades-through-time", "lr-too-low", "overfitting",
        "loses-to-baseline", "trained-too-short", "noisy-gradient", "loss-diverges", "loss-nan",
    ),
    cures=("he-init", "glorot-init", "orthogonal-init"),
    summary="weights that start far too large",
    at_once=True,
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the weights start too large and it shows."""
    layers = layers_at_start(trace)
    if trace.steps < MIN_STEPS or not layers or outcome(trace).opposing:
        return
    found = list(_fed_back(trace))
    yield from found or _forward(trace, layers)


def _forward(trace: Trace, layers: list[Layer]) -> Iterator[Finding]:
    """One finding on the layers of all kinds together."""
    size = float(np.median([layer.large for layer in layers]))
    if not size > SIZE_LIMIT or not _harmed(trace):
        return
    sign = _saturated(trace) or _grows(layers) or _sure(trace)
    if not sign:
        return
    worst = max(layers, key=lambda layer: layer.large)
    yield RULE.finding(
        where=[worst.weight],
        since_step=trace.first_step,
        value=size,
        threshold=SIZE_LIMIT,
        unit="times a He start",
        message=f"the weights start {size:.3g} times as large as a He start (limit {SIZE_LIMIT:g}); {sign}",
        why="units saturate or explode before anything is learnt, and training must first undo the start",
        strength=min(0.5 + np.log10(size / SIZE_LIMIT) / 2, 1.0),
        evidence=evidence_at(trace, ("act_std", "saturated_share"), worst.name, trace.first_step),
    )


def _fed_back(trace: Trace) -> Iterator[Finding]:
    """One finding on the matrices that feed a state back to itself."""
    sizes = recurrent_at_start(trace)
    size = float(np.median(list(sizes.values()))) if sizes else 0.0
    result = outcome(trace)
    if not size > RECURRENT_LIMIT or not (result.poor or result.reached < GOOD_SKILL):
        return
    yield RULE.finding(
        where=[max(sizes, key=lambda name: sizes[name])],
        since_step=trace.first_step,
        value=size,
        threshold=RECURRENT_LIMIT,
        unit="times torch's own start",
        message=(
            f"the recurrent weights start {size:.3g} times as large as torch draws them "
            f"(limit {RECURRENT_LIMIT:g}), and what they feed back grows at every time step"
        ),
        why="gates and states sit at their ends from the first time steps on, where no gradient passes",
        strength=min(0.5 + np.log10(size / RECURRENT_LIMIT) / 2, 1.0),
        evidence=evidence_at(trace, ("weight_norm",), next(iter(sizes)), trace.first_step),
        cures=("orthogonal-init", "glorot-init"),
    )


def _harmed(trace: Trace) -> bool:
    """Whether the run is known not to have made up for its start."""
    result = outcome(trace)
    return result.poor or bool(result.reached < RECOVERED)


def _saturated(trace: Trace) -> str:
    table = trace.sampled("saturated_share")
    for module in trace.modules:
        share = first(table, module.name)
        if module.activation in BOUNDED and not module.is_activation and share > SATURATED_LIMIT:
            return (
                f"{share:.0%} of the outputs of {module.name} lie beyond +-5 before its {module.activation}"
            )
    return ""


def _grows(layers: list[Layer]) -> str:
    signals = [layer.signal for layer in layers if np.isfinite(layer.signal) and layer.signal > 0]
    if len(signals) < 2 or not signals[-1] > GROWTH_LIMIT * signals[0]:
        return ""
    return f"the signal grows {signals[-1] / signals[0]:.3g} times from the first layer to the last"


def _sure(trace: Trace) -> str:
    criterion, trivial = trace.sampled("criterion"), trace.sampled("trivial")
    for place in criterion.places:
        ratio = first(criterion, place) / first(trivial, place)
        if ratio > LOSS_LIMIT:
            return f"the first loss is {ratio:.3g} times that of the best constant prediction"
    return ""
