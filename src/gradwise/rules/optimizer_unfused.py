"""This run shows an optimizer that takes a large part of each step, with a fused form at hand.

What it sees
    The time of the optimizer's own step at sampled steps, beside forward and
    backward passes, and whether the optimizer could run fused.

Why it hurts
    An unfused optimizer reads and writes every weight several times and starts
    several kernels for each; the fused one does it in one pass.

How it decides
    The median optimizer step takes at least 15 % of the typical step, over at
    least 5 timed samples; all optimizer steps of the run together take 20
    seconds or more; the optimizer is torch's Adam, AdamW, SGD or Adagrad, not
    fused, and everything it holds would fit (unit: share of step time; ours).

Cure
    ``fused=True``.

Cure safety
    fused-optimizer computes the same in another order of rounding.

When it is wrong
    A tiny net spends this time in Python and not in kernels; fused helps there
    too, by less.

Example
    >>> # torch.optim.Adam(model.parameters(), lr=1e-3)

References
    PyTorch, ``torch.optim`` ("fused" is typically the fastest).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, Trace

SHARE_LIMIT = 0.15  # of the typical step; ours
MIN_TOTAL = 20.0  # s, of all optimizer steps together; less is not worth a change
MIN_SAMPLES = 5  # timed samples

RULE = Rule(
    name="optimizer-unfused",
    code="S06",
    group="slow",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=("step_seconds", "optimizer_seconds", "fact:optimizer"),
    explains=(),
    cures=("fused-optimizer",),
    summary="an unfused optimizer that takes much of each step",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when fusing the optimizer would pay."""
    facts = [fact for fact in trace.facts_of("optimizer") if fact.data.get("fused") == "possible"]
    table, step = trace.sampled("optimizer_seconds"), trace.step_signal("step_seconds")
    if not facts or not table.places:
        return
    optimizer = _finite(table.values[:, 0])
    whole = _finite(step.mean)
    if len(optimizer) < MIN_SAMPLES or not len(whole):
        return
    typical, took = float(np.median(whole)), float(np.median(optimizer))
    share, total = took / typical if typical > 0 else 0.0, took * trace.steps
    if share < SHARE_LIMIT or total < MIN_TOTAL:
        return
    kind = facts[0].data.get("class", "the optimizer")
    yield RULE.finding(
        where=[kind],
        since_step=trace.first_step,
        value=share,
        threshold=SHARE_LIMIT,
        unit="share of step time",
        message=(
            f"{kind} takes {took * 1e3:.3g} ms of a step of {typical * 1e3:.3g} ms "
            f"({share:.0%}, limit {SHARE_LIMIT:.0%}), {total:.3g} s in all, and is not fused"
        ),
        why="unfused, each weight is read and written several times in every step",
        strength=min(share, 1.0),
        evidence=[Evidence("optimizer_seconds", tuple(table.places), trace.first_step, trace.last_step)],
    )


def _finite(values: Floats) -> Floats:
    kept: Floats = values[np.isfinite(values)]
    return kept
