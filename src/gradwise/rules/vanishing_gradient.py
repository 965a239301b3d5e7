"""This run shows gradients that vanish on their way to the first layers.

What it sees
    The root mean square of the gradient of each weight matrix, first layers
    beside last, and how far the first layers move.

Why it hurts
    Layers near the input get so little gradient that they keep their random
    start; the layers above them learn from noise.

How it decides
    The ratio of first to last gradient (root mean square per weight, median over
    samples) is below 1e-3 (AutoTrainer), for optimizers that rescale gradients
    (Adam and kin) below 1e-4; the first layers' update is below 1e-4 of their
    weight, unless the optimizer rescales it; the net has 3 matrices or more; and
    the run learnt poorly (skill below 0.2 against the best constant prediction), or
    less than 80 % after a plateau of 30 % of the run on which the loss fell by less than
    5 %; the samples are then those of the plateau (ours).
    Layers that are dead, frozen or symmetric have rules of their own.

Cure
    ReLU instead of sigmoid or tanh, He or Glorot initialisation, batch-norm,
    residual connections.

Cure safety
    he-init changes training only; the others change the model.

When it is wrong
    A plateau at the start of a long run that was stopped while still on it.

Example
    >>> # ten layers of nn.Linear and nn.Sigmoid, SGD

References
    Hochreiter, 1991; Glorot and Bengio, AISTATS 2010; Zhang et al.,
    "AutoTrainer", ICSE 2021 (ratio 1e-3).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import outcome
from gradwise.rules.motion import matrices
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, Trace

RATIO_LIMIT = 1e-3  # first over last gradient RMS; AutoTrainer
RATIO_LIMIT_RESCALED = 1e-4  # the same where the optimizer rescales gradients; ours
MOVE_LIMIT = 1e-4  # update over weight of the first layer, per step; Karpathy: 1e-3 is healthy
MIN_LAYERS = 3  # weight matrices; a shallower net has no depth to vanish over
MIN_SAMPLES = 5  # sampled steps; ours
LEARNT = 0.8  # better of skill and lift, from which on a plateau has cost little; ours
PLATEAU_SHARE = 0.3  # of the run, before the loss moves; ours
PLATEAU_FALL = 0.05  # of the first loss; ours
EDGE = 2  # matrices at either end that are compared

# Optimizers whose step hardly depends on the size of the gradient.
RESCALING = (
    "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "Adadelta", "Rprop", "Adafactor",
)  # fmt: skip

RULE = Rule(
    name="vanishing-gradient",
    code="G01",
    group="sick",
    organ=Organ.ARCHITECTURE,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "grad_norm", "weight_norm", "update_norm",
        "fact:optimizer", "fact:structure",
    ),
    explains=(
        "loss-not-decreasing", "underfitting", "constant-output", "majority-collapse", "lr-too-low",
        "loses-to-baseline", "trained-too-short", "activation-scale-drift", "fades-through-time",
    ),
    cures=("relu", "he-init", "batch-norm", "residual"),
    summary="gradients that vanish on their way to the first layers",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the first layers get next to no gradient and the run is poor."""
    rms, names = _gradients(trace)
    until = _stuck_until(trace)
    if len(names) < MIN_LAYERS or until is None:
        return
    seen = np.isfinite(rms[:, :EDGE]).any(axis=1) & np.isfinite(rms[:, -EDGE:]).any(axis=1)
    seen &= trace.sampled("grad_norm").steps < until
    rms, steps = rms[seen], trace.sampled("grad_norm").steps[seen]
    first, last = np.nanmin(rms[:, :EDGE], axis=1), np.nanmax(rms[:, -EDGE:], axis=1)
    judged = np.isfinite(first) & np.isfinite(last) & (last > 0)
    if judged.sum() < MIN_SAMPLES:
        return
    ratios = first[judged] / last[judged]
    ratio = float(np.median(ratios))
    rescaled = any(fact.data.get("class") in RESCALING for fact in trace.facts_of("optimizer"))
    limit = RATIO_LIMIT_RESCALED if rescaled else RATIO_LIMIT
    move = _move(trace, names[:EDGE])
    if not 0 < ratio < limit or (not rescaled and not move < MOVE_LIMIT):
        return
    since = int(steps[judged][np.argmax(ratios < limit)])
    yield RULE.finding(
        where=names[:EDGE],
        since_step=since,
        value=ratio,
        threshold=limit,
        unit="first over last gradient",
        message=(
            f"the gradient of {names[0]} is {ratio:.1e} of that of the last layers (limit {limit:g}); "
            f"a step moves it by {move:.1e} of its size"
        ),
        why="the first layers keep their random start, so the layers above learn from noise",
        strength=min(0.5 + math.log10(limit / ratio) / 10, 1.0),
        evidence=[Evidence("grad_norm", tuple(names), since, trace.last_step)],
    )


def _stuck_until(trace: Trace) -> float | None:
    """The step up to which nothing was learnt: the end of a poor run, or of a long plateau; None without."""
    result = outcome(trace)
    if result.poor:
        return float("inf")
    if result.nonfinite or not result.reached < LEARNT:
        return None
    loss = trace.step_signal("loss")
    finite = np.isfinite(loss.mean)
    steps, values = loss.steps[finite], loss.mean[finite]
    width = max(len(values) // 20, 3)
    if len(values) < 4 * width:
        return None
    medians = np.median(np.lib.stride_tricks.sliding_window_view(values, width), axis=1)
    fell = np.flatnonzero(medians < (1 - PLATEAU_FALL) * medians[0])
    end = int(steps[fell[0]]) if len(fell) else trace.last_step
    return float(end) if end - trace.first_step >= PLATEAU_SHARE * trace.steps else None


def _gradients(trace: Trace) -> tuple[Floats, list[str]]:
    """Gradient RMS of each trained matrix in forward order, shape (S, P), and the names."""
    table = trace.sampled("grad_norm")
    chosen = [
        p for p in matrices(trace) if p.name in table.places and np.isfinite(table.column(p.name)).any()
    ]
    names = [p.name for p in chosen]
    if not names:
        return np.zeros((0, 0)), names
    return np.stack([table.column(p.name) / math.sqrt(math.prod(p.shape)) for p in chosen], axis=1), names


def _move(trace: Trace, names: list[str]) -> float:
    """Median update over weight of the slower of the first layers; NaN when not measured."""
    updates, weights = trace.sampled("update_norm"), trace.sampled("weight_norm")
    moves = [
        np.nanmedian(updates.column(name)) / max(np.nanmedian(weights.column(name)), 1e-30)
        for name in names
        if name in updates.places and name in weights.places and np.isfinite(updates.column(name)).any()
    ]
    return float(min(moves)) if moves else float("nan")
