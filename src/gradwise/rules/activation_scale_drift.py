"""This run shows activations whose scale drifts from layer to layer, or over time.

What it sees
    The signal of each layer (how far its outputs differ between the inputs of a
    batch) at the start, and the largest output of hidden layers over the run.

Why it hurts
    A signal that shrinks a little in every layer is gone after many, and one that
    grows drowns everything that comes after; gradients follow the same law.

How it decides
    In a run that learnt poorly, without normalisation layers: over 5 layers with
    weights and more, the signal changes 1000 times from first to last at the
    start (100 times, where it grows and the first loss is 100 times that of the best
    constant prediction), in the same direction in 80 % of the steps between layers; or the
    largest output of a hidden layer grows 1000 times over the run, to more than
    1000 (units: ratio; ours).  A signal that grows so at the start is named also in
    a run that learnt something, but less than 90 %, as of weights that start too
    large: what was spent on undoing the start is missing.  One that shrinks is
    often made up for.

Cure
    Batch-norm or layer-norm between the layers; He initialisation.

Cure safety
    he-init changes training only; the norms change the model.

When it is wrong
    Residual streams grow by design, by the square root of the depth, and stay far
    below the limit.

Example
    >>> # 20 layers of nn.Linear(64, 64) and nn.ReLU() with torch's own start

References
    He et al., arXiv 1502.01852, section 2.2; Hanin and Rolnick, "How to start
    training", NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import opposing, outcome
from gradwise.rules.motion import matrices
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.rules.signal_path import first, late, layers_at_start
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

RATIO_LIMIT = 1000.0  # first over last signal, or the other way round; ours
BURST = 100.0  # first loss over the best constant prediction's: the growth has reached the answers; ours
BURST_LIMIT = 100.0  # times that the signal grows then; ours
ONE_WAY = 0.8  # share of the steps between layers; ours
MIN_LAYERS = 5  # layers with weights
MIN_STEPS = 30  # steps; a shorter run had no chance to learn
RECOVERED = 0.9  # share of the trivial loss removed (or lift) that forgives the start; ours
LARGE = 1000.0  # outputs; standardised ones stay below 10

RULE = Rule(
    name="activation-scale-drift",
    code="A04",
    group="sick",
    organ=Organ.ARCHITECTURE,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "act_mean", "act_std",
        "act_absmax", "sample_std", "weight_norm", "fact:optimizer", "fact:structure",
    ),
    explains=(
        "loss-not-decreasing", "constant-output", "majority-collapse", "underfitting", "lr-too-low",
        "initial-loss-off",
    ),
    cures=("batch-norm", "layer-norm", "he-init"),
    summary="activations whose scale drifts with depth or over time",
    at_once=True,
)  # fmt: skip

Seen = tuple[float, str, str, float]  # ratio, place, clause, limit
GROWN = "signal grows"  # over depth, in the clause


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the scale runs away in a poor run."""
    if trace.steps < MIN_STEPS or opposing(trace) or _normalised(trace):
        return
    result = outcome(trace)
    if not (result.poor or result.reached < RECOVERED):
        return
    seen = _over_depth(trace) or _over_time(trace)
    if seen is None or not (result.poor or GROWN in seen[2]):
        return
    ratio, place, text, limit = seen
    yield RULE.finding(
        where=[place],
        since_step=trace.first_step,
        value=ratio,
        threshold=limit,
        unit="times",
        message=f"{text} (limit {limit:g})",
        why="a signal that shrinks or grows a little in every layer is gone, or drowns the rest, after many",
        strength=min(0.3 + np.log10(ratio / limit) / 10, 1.0),
        evidence=evidence_at(trace, ("act_std", "sample_std", "act_absmax"), place, trace.first_step),
    )


def _normalised(trace: Trace) -> bool:
    return any("Norm" in module.type for module in trace.modules)


def _over_depth(trace: Trace) -> Seen | None:
    layers = [one for one in layers_at_start(trace) if np.isfinite(one.signal) and one.signal > 0]
    if len(layers) < MIN_LAYERS:
        return None
    steps = np.diff(np.log([layer.signal for layer in layers]))
    change = float(steps.sum())
    ratio = float(np.exp(min(abs(change), 200.0)))
    limit = BURST_LIMIT if change > 0 and _bursts(trace) else RATIO_LIMIT
    if ratio < limit or np.mean(np.sign(steps) == np.sign(change)) < ONE_WAY:
        return None
    verb = GROWN if change > 0 else "signal shrinks"
    text = f"the {verb} {ratio:.2g} times over {len(layers)} layers before any training"
    return ratio, layers[-1].name, text, limit


def _bursts(trace: Trace) -> bool:
    """Whether the first loss is far above that of the best constant prediction."""
    criterion, trivial = trace.sampled("criterion"), trace.sampled("trivial")
    for place in set(criterion.places) & set(trivial.places):
        start, constant = criterion.column(place)[:1], trivial.column(place)
        constant = constant[np.isfinite(constant)]
        if len(constant) and np.isfinite(start).all() and len(start) and start[0] > BURST * constant[0] > 0:
            return True
    return False


def _over_time(trace: Trace) -> Seen | None:
    table = trace.sampled("act_absmax")
    hidden = [p.module for p in matrices(trace)[:-1]]
    grown = [(late(table, name) / max(first(table, name), 1e-6), name) for name in hidden]
    grown = [(ratio, name) for ratio, name in grown if np.isfinite(ratio) and late(table, name) > LARGE]
    if not grown or max(grown)[0] < RATIO_LIMIT:
        return None
    ratio, name = max(grown)
    return ratio, name, f"the largest output of {name} grows {ratio:.2g} times over the run", RATIO_LIMIT
