"""This run shows a recurrent network whose early time steps get hardly any gradient.

What it sees
    The loss's gradient by the inputs of each time step of a recurrent layer, sent
    through a copy of the layer at sampled steps; for cells called in a loop, the
    gradients of their outputs.

Why it hurts
    What the early steps of a sequence hold cannot be learnt: the network only
    uses the last few.

How it decides
    The gradient of the first quarter of the time steps is below 1e-4 of that of
    the quarter with the most, median over the second half of the samples, and the
    run learnt poorly (skill below 0.2 against the best constant prediction).  A
    task in which only the end matters is learnt all the same and passes; layers
    that read both ways are not judged, nor weights that have hardly moved since
    they were drawn, by steps of less than a fiftieth of the gradient (unit: ratio
    of norms; ours).

Cure
    LSTM or GRU instead of a plain recurrent layer, a forget bias of 1 and more;
    clip the gradient where it explodes as well.

Cure safety
    lstm and gru change the model, forget-bias its start, clip-gradient training.

When it is wrong
    Long padding at the end of the sequences: there packing is the better cure.

Example
    >>> # nn.RNN over 100 steps, the label depends on the first

References
    Hochreiter, 1991; Bengio, Simard, Frasconi, IEEE TNN 1994; Pascanu, Mikolov,
    Bengio, ICML 2013.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import outcome
from gradwise.rules.motion import held_back
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Floats, Trace

RATIO_LIMIT = 1e-4  # first quarter over the largest; LSTMs that learn over 100 steps stay above 1e-3
MIN_STEPS = 30  # steps; a shorter run had no chance to learn
MIN_SAMPLES = 3  # sampled steps at which it was measured
PLAIN = ("RNN", "RNNCell")  # kinds without gates

RULE = Rule(
    name="fades-through-time",
    code="G06",
    group="sick",
    organ=Organ.ARCHITECTURE,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "early_gradient", "grad_norm",
        "update_norm", "weight_norm", "fact:optimizer", "fact:structure",
    ),
    explains=(
        "loss-not-decreasing", "vanishing-gradient", "underfitting", "constant-output", "majority-collapse",
        "lr-too-low", "loses-to-baseline", "trained-too-short", "noisy-gradient",
    ),
    cures=("lstm", "gru", "forget-bias", "clip-gradient"),
    summary="a recurrent network whose early steps get hardly any gradient",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for the recurrent layer that fades most, in a poor run."""
    result = outcome(trace)
    if trace.steps < MIN_STEPS or result.nonfinite or not result.poor or held_back(trace):
        return
    table = trace.sampled("early_gradient")
    faded = [(_late(table.column(place)), place) for place in table.places]
    faded = [(ratio, place) for ratio, place in faded if ratio < RATIO_LIMIT]
    if not faded:
        return
    ratio, place = min(faded)
    module = trace.module(place)
    kind = module.type if module is not None else ""
    gated = bool(kind) and kind not in PLAIN
    yield RULE.finding(
        where=[place],
        since_step=trace.first_step,
        value=ratio,
        threshold=RATIO_LIMIT,
        unit="first quarter over the largest",
        message=(
            f"{place} ({kind}): the first quarter of the time steps gets {ratio:.1e} of the gradient "
            f"that the quarter with the most gets (limit {RATIO_LIMIT:g})"
        ),
        why="what the early steps hold cannot be learnt",
        strength=min(0.5 + np.log10(RATIO_LIMIT / max(ratio, 1e-30)) / 20, 1.0),
        evidence=evidence_at(trace, ("early_gradient",), place, trace.first_step),
        cures=("forget-bias", "clip-gradient") if gated else ("lstm", "gru", "clip-gradient"),
    )


def _late(column: Floats) -> float:
    """Median over the second half of what was measured; infinite when that is too little."""
    column = column[np.isfinite(column)]
    return float(np.median(column[len(column) // 2 :])) if len(column) >= MIN_SAMPLES else float("inf")
