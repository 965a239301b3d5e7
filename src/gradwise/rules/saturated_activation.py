"""This run shows sigmoid, tanh or softmax units that sit at their ends.

What it sees
    The share of a hidden layer's outputs beyond +-5 before a sigmoid or tanh, or
    within 1 % of an end behind it; of functions that follow no layer directly
    (``torch.tanh(beta * layer(x))``), what autograd kept of them; of softmaxes
    between layers (attention, gates) the share of rows of four and more free
    entries whose largest entry is above 0.99.

Why it hurts
    At its ends a sigmoid or tanh has next to no slope: no gradient passes, and
    the layer stays as it is whatever the loss says.

How it decides
    The median over the second half of the run is above 70 % in a hidden layer,
    and the run learnt poorly (skill below 0.2 against the best constant
    prediction).  Output layers are left out, since a sure answer is saturated
    on purpose; so are the gates of LSTMs, hard-sigmoid and ReLU6 (unit: share of
    outputs; source of +-5: DeepDiagnosis; the share is ours).

    A softmax between layers may learn to choose: it is named where more than 70 %
    of its rows are taken by one entry late, more than 25 % were already in the
    first tenth of the run (scores of layers as torch draws them, divided by the
    root of their width, give none), and the run did not learn well (skill below
    0.5; unit: share of rows; ours).

Cure
    ReLU, Glorot initialisation, batch-norm before the activation, standardised
    inputs. For a softmax: divide its scores by the root of their width.

Cure safety
    glorot-init changes training only, relu and batch-norm change the model,
    standardize-input changes the data.

When it is wrong
    Layers meant to be binary (hash codes, hard gates) in a run that is poor for
    another reason.  Attention by ``scaled_dot_product_attention`` keeps no rows
    and is not seen.

Example
    >>> # nn.Linear(784, 64), nn.Sigmoid() on pixels from 0 to 255
    >>> # softmax(q @ k.mT * sqrt(d)) instead of softmax(q @ k.mT / sqrt(d))

References
    Wardat et al., "DeepDiagnosis", ICSE 2022; Glorot and Bengio, AISTATS 2010;
    Vaswani et al., arXiv 1706.03762, section 3.2.1 (why scores are scaled).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import GOOD_SKILL, Outcome, outcome
from gradwise.rules.motion import matrices
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.rules.signal_path import first, late
from gradwise.trace.findings import Finding
from gradwise.trace.model import Table, Trace

SHARE_LIMIT = 0.7  # share of a layer's outputs; ours
EARLY_LIMIT = 0.25  # share of a softmax's rows in the first tenth of the run; ours, usual starts give none
EARLY = 0.1  # share of the run
MIN_STEPS = 30  # steps; a shorter run had no chance to learn
MIN_SAMPLES = 4  # sampled steps before a layer is judged
BOUNDED = ("sigmoid", "tanh")

RULE = Rule(
    name="saturated-activation",
    code="A02",
    group="sick",
    organ=Organ.ARCHITECTURE,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "saturated_share",
        "fact:optimizer", "fact:structure",
    ),
    explains=(
        "vanishing-gradient", "loss-not-decreasing", "constant-output", "majority-collapse",
        "underfitting", "lr-too-low", "loses-to-baseline", "trained-too-short",
    ),
    cures=("relu", "glorot-init", "batch-norm", "standardize-input"),
    summary="sigmoid or tanh units that sit at their ends",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for the most saturated hidden layer of a poor run."""
    result = outcome(trace)
    if trace.steps < MIN_STEPS or result.nonfinite:
        return
    found = list(_poor(trace)) if result.poor else []
    yield from found or _taken(trace, result)


def _poor(trace: Trace) -> Iterator[Finding]:
    """One finding on sigmoids and tanhs."""
    table = trace.sampled("saturated_share")
    shares = [
        (late(table, place), place, activation)
        for place, activation in (*_hidden(trace), *_functions(table))
        if place in table.places and np.isfinite(table.column(place)).sum() >= MIN_SAMPLES
    ]
    if not shares:
        return
    share, place, activation = max(shares)
    if not share > SHARE_LIMIT:
        return
    early = first(table, place)
    when = "from the start" if early > SHARE_LIMIT else f"{early:.0%} at the start"
    yield RULE.finding(
        where=[place],
        since_step=_since(trace, place),
        value=share,
        threshold=SHARE_LIMIT,
        unit="share of outputs",
        message=(
            f"{place}: {share:.0%} of what its {activation} gets or gives lies at its ends in "
            f"the second half of the run (limit {SHARE_LIMIT:.0%}; {when})"
        ),
        why="at its ends a sigmoid or tanh has no slope, so that no gradient passes",
        strength=0.3 + 0.7 * (share - SHARE_LIMIT) / (1 - SHARE_LIMIT),
        evidence=evidence_at(trace, ("saturated_share",), place, trace.first_step),
    )


def _taken(trace: Trace, result: Outcome) -> Iterator[Finding]:
    """One finding on the softmax between layers whose rows are most often taken by one entry."""
    if not (result.poor or result.reached < GOOD_SKILL):
        return
    table = trace.sampled("saturated_share")
    shares = [
        (late(table, place), place)
        for place in table.places
        if place.partition(" after ")[0] == "softmax"
        and np.isfinite(table.column(place)).sum() >= MIN_SAMPLES
        and _early(trace, place) > EARLY_LIMIT
    ]
    if not shares or not max(shares)[0] > SHARE_LIMIT:
        return
    share, place = max(shares)
    yield RULE.finding(
        where=[place],
        since_step=_since(trace, place),
        value=share,
        threshold=SHARE_LIMIT,
        unit="share of rows",
        message=(
            f"{place}: one entry takes {share:.0%} of the rows in the second half of the run (limit "
            f"{SHARE_LIMIT:.0%}), {_early(trace, place):.0%} already in its first tenth "
            f"(limit {EARLY_LIMIT:.0%})"
        ),
        why="a softmax that has chosen passes no gradient to its scores, and cannot learn what to choose",
        strength=0.3 + 0.7 * (share - SHARE_LIMIT) / (1 - SHARE_LIMIT),
        evidence=evidence_at(trace, ("saturated_share",), place, trace.first_step),
        cures=("temper-scores", "glorot-init", "standardize-input"),
    )


def _early(trace: Trace, place: str) -> float:
    """Median over the first tenth of the run; NaN when nothing was measured there."""
    table = trace.sampled("saturated_share")
    column = table.column(place)[table.steps <= trace.first_step + EARLY * trace.steps]
    column = column[np.isfinite(column)]
    return float(np.median(column)) if len(column) else float("nan")


def _hidden(trace: Trace) -> list[tuple[str, str]]:
    """Layers with a sigmoid or tanh, and these themselves, before the last layer with weights."""
    weights = matrices(trace)
    last = weights[-1].order if weights else 0
    return [(m.name, m.activation) for m in trace.modules if m.activation in BOUNDED and m.order < last]


def _functions(table: Table) -> list[tuple[str, str]]:
    """Functions called on something else than a layer's output, told of hidden ones alone."""
    named = [(place, place.partition(" after ")[0]) for place in table.places]
    return [(place, function) for place, function in named if function in BOUNDED]


def _since(trace: Trace, name: str) -> int:
    table = trace.sampled("saturated_share")
    above = np.flatnonzero(np.nan_to_num(table.column(name)) > SHARE_LIMIT)
    return int(table.steps[above[0]]) if len(above) else trace.first_step
