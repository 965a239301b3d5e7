"""This run shows a graph that grows from step to step, or a state that goes over to other samples.

What it sees
    The graph behind the loss has more operations at every step, by the same
    number each time; or backward failed because the graph of an earlier step
    was gone or its weights had been changed since.  Or a recurrent module begins
    each step in the state in which other samples left it.

Why it hurts
    Something computed in one step is used in the next with its history: a
    recurrent state, a running average, a sum of losses.  Each backward walks
    through all earlier steps, so that time and memory grow without end, and
    gradients mix weights of many steps.  A state that belongs to other samples is
    noise that every answer begins from.

How it decides
    `graph_nodes` over at least 5 sampled steps rises at every one of them, has
    at least doubled, and rises by the same number per step (largest over
    smallest increment at most 1.5, unit: operations per step; ours: sequences
    that get longer by plan do so in stages, and lengths drawn at random also
    fall).  Or the run ended after a first step with one of PyTorch's two
    errors of that kind.  Or a recurrent module began, in at least 3 steps and 90 % of
    those that were compared with the one before, in the very state in which it had
    ended that one, while at least 90 % of at least 20 pairs of batches that share
    rows had their other rows changed, and equal rows within a batch are rarer than 1 in
    10,000 pairs, so that a row is a sample and not a common value: rows are shuffled, and
    what comes next is no continuation (units: steps, pairs of batches; ours).

Cure
    Detach what is carried to the next step, and take ``retain_graph=True`` out.
    Where samples are shuffled, begin each batch in a state of zeros.

Cure safety
    detach-state changes training: gradients no longer reach into earlier steps.

When it is wrong
    A curriculum whose sequences grow by one at every single step.  A graph that
    is only kept (losses summed for a log) and never walked is missed.  The
    second error can have another cause, an in-place operation.  A state that is kept
    for each row (and not for each place in the batch) is not known from one that is not
    where batches follow one another in the same order.

Example
    >>> # out, h = rnn(x, h); loss(out).backward(retain_graph=True)

References
    PyTorch FAQ, "My model reports out of memory"; Williams and Peng, Neural
    Computation 2 (1990).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

MIN_SAMPLES = 5  # sampled steps with a counted graph
GROWTH = 2.0  # nodes at the end over nodes at the start
EVEN = 1.5  # largest over smallest increment per step
CEILING = 20_000  # nodes at which counting stops
# What PyTorch says when a step's graph reaches into an earlier one.
SECOND_BACKWARD = "Trying to backward through the graph a second time"
CHANGED_WEIGHTS = "has been modified by an inplace operation"
CARRIED_STEPS = 3  # that began in the state in which the one before ended
CARRIED_SHARE = 0.9  # of the pairs of steps that were compared
MET_BATCHES = 20  # pairs of batches that share rows; fewer say little of their order
REGROUPED_SHARE = 0.9  # of them with other company; rows of a stream stay together
TWIN_SHARE = 1e-4  # pairs of equal rows within a batch; more are common values (short texts), not samples
FEW_STEPS = 3  # such an error comes at the second step, or soon after

RULE = Rule(
    name="hidden-state-leak",
    code="C20",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("graph_nodes", "step_seconds", "fact:carried", "fact:rows"),
    explains=("exploding-gradient", "loss-nan", "loss-diverges", "loss-oscillates", "lr-too-high"),
    cures=("detach-state",),
    summary="a graph that grows with every step, or another sample's state",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield findings for a graph that reaches into earlier steps and for states that others left."""
    table = trace.sampled("graph_nodes")
    for place in table.places:
        column = table.column(place)
        seen = np.isfinite(column)
        nodes, steps = column[seen], table.steps[seen]
        whole = nodes < CEILING
        yield from _growing(trace, nodes[whole], steps[whole])
    yield from _failed(trace)
    yield from _carried(trace)


def _growing(trace: Trace, nodes: np.ndarray, steps: np.ndarray) -> Iterator[Finding]:
    if len(nodes) < MIN_SAMPLES or nodes[-1] < GROWTH * nodes[0]:
        return
    each = np.diff(nodes) / np.diff(steps)
    if each.min() <= 0 or each.max() > EVEN * each.min():
        return
    per_step = float(np.median(each))
    yield RULE.finding(
        since_step=int(steps[0]),
        value=nodes[-1] / nodes[0],
        threshold=GROWTH,
        unit="nodes at the end over nodes at the start",
        message=(
            f"the graph behind the loss grew from {nodes[0]:.0f} to {nodes[-1]:.0f} operations by step "
            f"{int(steps[-1])}, {per_step:.1f} at every step ({nodes[-1] / nodes[0]:.1f} times, "
            f"limit {GROWTH:g})"
        ),
        why="something kept from earlier steps still carries its history, so each backward walks all of it",
        strength=1.0,
        evidence=[
            Evidence("graph_nodes", ("backward",), int(steps[0]), trace.last_step),
            Evidence("step_seconds", (), int(steps[0]), trace.last_step),
        ],
    )


def _failed(trace: Trace) -> Iterator[Finding]:
    error = trace.run.error
    if trace.run.status != "failed" or not 1 <= trace.run.steps <= FEW_STEPS:
        return
    if SECOND_BACKWARD not in error and CHANGED_WEIGHTS not in error:
        return
    again = SECOND_BACKWARD in error
    yield RULE.finding(
        since_step=trace.first_step,
        value=trace.run.steps,
        threshold=FEW_STEPS,
        unit="steps before the failure",
        message=(
            f"backward failed after {trace.run.steps} step{'s' if trace.run.steps > 1 else ''} (limit "
            f"{FEW_STEPS}): it reached "
            f"{'the graph of an earlier step' if again else 'weights that a step had changed since'}"
        ),
        why="something kept from an earlier step (a state, an average, a sum of losses) carries its history",
        strength=1.0 if again else 0.7,
    )


def _carried(trace: Trace) -> Iterator[Finding]:
    facts, rows = trace.facts_of("carried"), trace.facts_of("rows")
    met, regrouped = (sum(int(f.data.get(key, 0)) for f in rows[-1:]) for key in ("met", "regrouped"))
    if not facts or met < MET_BATCHES or regrouped < REGROUPED_SHARE * met:
        return
    if rows[-1].data.get("twins", 0) > TWIN_SHARE * rows[-1].data.get("pairs", 0):
        return
    pairs = {name: pair for name, pair in facts[-1].data.items() if pair[0] >= CARRIED_STEPS}
    names = [name for name, (carried, compared) in pairs.items() if carried >= CARRIED_SHARE * compared]
    if not names:
        return
    carried, compared = pairs[names[0]]
    finding = RULE.finding(
        where=names,
        since_step=facts[0].step,
        value=carried / compared,
        threshold=CARRIED_SHARE,
        unit="share of the steps compared",
        message=(
            f"{names[0]} began {carried} of {compared} steps in the state in which it had ended the one "
            f"before (limit {CARRIED_SHARE:.0%}), and rows come in other company each time ({regrouped} of "
            f"{met} pairs of batches)"
        ),
        why="samples are shuffled, so the state belongs to others; begin each batch in zeros",
        strength=0.8,
        evidence=[Evidence("loss", (), facts[0].step, trace.last_step)],
    )
    yield replace(finding, group="sick")
