"""This run shows backward passes whose gradients never change a parameter.

What it sees
    Gradients are computed, and no parameter follows them: no optimizer ever
    steps, or one of several never does, or gradients are cleared between the
    backward and the step.

Why it hurts
    The model stays as it was initialised.  The loss only wanders with the
    batches, and no setting of rate or architecture can help.

How it decides
    One of three facts, each exact.  (1) At least 10 backwards ran beside an
    optimizer whose parameters they reach, in training mode, nothing ever
    stepped and the parameters are the same at the end (unit: backwards; ours;
    a script that only looks at gradients uses eval mode).  (2) An optimizer
    has never stepped while others did for at least 20 steps and 50 % of the
    run, and its parameters hold gradients, stand in no other optimizer and do
    not change.  (3) On every sampled step, at least 3 of them, the loss's
    graph reaches the optimizer's parameters and none has a gradient when it
    steps, and no parameter was ever updated.

Cure
    Call ``optimizer.step()`` once per step, with its parentheses, after the
    backward and before the gradients are cleared.

Cure safety
    call-step changes training: the weights begin to move.

When it is wrong
    A script that trains nothing and studies gradients in training mode, with
    an optimizer that it never uses.

Example
    >>> # loss.backward(); optimizer.step      # a name, not a call

References
    PyTorch, ``Optimizer.step``; TrainCheck, arXiv 2506.14813.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Fact, Trace

MIN_BACKWARDS = 10  # backwards without any step
TRAINING_SHARE = 0.5  # share of those backwards with the model in training mode
MIN_IDLE_STEPS = 20  # steps that others made while one optimizer made none
MIN_IDLE_SHARE = 0.5  # share of the run for which that stands, up to its end

RULE = Rule(
    name="optimizer-never-steps",
    code="C02",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:unstepped", "update_norm"),
    explains=(
        "loss-not-decreasing", "constant-output", "majority-collapse", "underfitting",
        "loses-to-baseline", "lr-too-low", "initial-loss-off", "symmetric-init", "missing-zero-grad",
        "loss-oscillates", "detached-graph", "params-not-in-optimizer", "trained-too-short",
    ),
    cures=("call-step",),
    summary="backward passes whose gradients never change a parameter",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for gradients that no step applies."""
    facts = trace.facts_of("unstepped")
    never = [fact for fact in facts if fact.data.get("cause") == "no-step"]
    idle = [fact for fact in facts if fact.data.get("cause") == "idle"]
    cleared = [fact for fact in facts if fact.data.get("cause") == "cleared"]
    if never and not trace.steps:
        yield from _never(never[-1])
    elif cleared and not _ever_updated(trace):
        yield _finding(
            trace,
            cleared[0].step,
            where=(),
            value=float(cleared[0].data.get("samples", 0)),
            limit=0.0,
            message=(
                "the loss reaches the parameters, but every gradient was gone when the optimizer stepped, "
                "and no parameter was ever updated"
            ),
        )
    elif idle and idle[-1].data.get("parameters"):
        yield from _idle(trace, idle[-1])


def _never(fact: Fact) -> Iterator[Finding]:
    backwards = int(fact.data.get("backwards", 0))
    if backwards < MIN_BACKWARDS or fact.data.get("training", 0) < TRAINING_SHARE * backwards:
        return
    names = [str(name) for name in fact.data.get("optimizers", ())]
    yield RULE.finding(
        where=names,
        since_step=0,
        value=backwards,
        threshold=MIN_BACKWARDS,
        unit="backwards",
        message=(
            f"backward() ran {backwards} times and {' and '.join(names)} never stepped "
            f"(limit {MIN_BACKWARDS}); no parameter has changed"
        ),
        why="the gradients are computed and never applied: is step called, with its parentheses?",
        strength=1.0,
    )


def _idle(trace: Trace, fact: Fact) -> Iterator[Finding]:
    end = trace.first_step + trace.steps
    stands = end - fact.step
    if stands < max(MIN_IDLE_STEPS, MIN_IDLE_SHARE * trace.steps):
        return
    names = [str(name) for name in fact.data["parameters"]]
    count = int(fact.data.get("count", len(names)))
    kinds = " and ".join(str(kind) for kind in fact.data.get("optimizers", ()))
    yield _finding(
        trace,
        fact.step,
        where=names,
        value=float(stands),
        limit=float(MIN_IDLE_STEPS),
        message=(
            f"{names[0]}{f' and {count - 1} more' if count > 1 else ''}: gradients, and a {kinds} of "
            f"their own that made no step in {stands} steps of the others (limit {MIN_IDLE_STEPS})"
        ),
    )


def _finding(
    trace: Trace, since: int, *, where: tuple[str, ...] | list[str], value: float, limit: float, message: str
) -> Finding:
    return RULE.finding(
        where=where,
        since_step=since,
        value=value,
        threshold=limit,
        unit="steps",
        message=message,
        why="these parameters stay at their start: their gradients are computed and never applied",
        strength=1.0,
        evidence=[Evidence("update_norm", tuple(where), since, max(trace.last_step, since))],
    )


def _ever_updated(trace: Trace) -> bool:
    return bool(np.any(trace.sampled("update_norm").values > 0))
