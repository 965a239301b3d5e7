"""This run shows hardware whose faster number format lies idle.

What it sees
    The probe `precision`: the captured training step timed in float32 and under bfloat16
    autocast, with the difference of the loss.

Why it hurts
    Products in float32 use a fraction of what matrix units can do.

How it decides
    The step is at least 1.3 times as fast under autocast, the loss differs by at most
    5 %, and the run took a minute or more (unit: ratio of medians; ours).  Only where
    the probe ran: ``gradwise check --probe all``.

Cure
    bfloat16 autocast around forward pass and loss.

Cure safety
    Changes training: products are rounded to 8 bits.

When it is wrong
    Losses that need every digit: physics-informed nets, second derivatives.

Example
    >>> # loss = criterion(model(x), y), on a GPU with tensor cores

References
    Kalamkar et al., arXiv 1905.12322; Micikevicius et al., arXiv 1710.03740.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

GAIN_LIMIT = 1.3  # times as fast; ours
RUN_SECONDS = 60.0  # s; in a shorter run nothing is to be gained that anybody waits for; ours

RULE = Rule(
    name="precision-unused",
    code="S04",
    group="slow",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=("fact:probe",),
    explains=(),
    cures=("autocast-bf16",),
    summary="hardware whose faster number format lies idle",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding where the probe measured the gain in a run that takes long."""
    answers = [fact.data for fact in trace.facts_of("probe") if fact.where == "precision"]
    if not answers or answers[-1].get("verdict") != "faster" or trace.run.seconds < RUN_SECONDS:
        return
    seen = answers[-1].get("measured") or {}
    gain = float(seen.get("gain", 1.0))
    if gain < GAIN_LIMIT:
        return
    yield RULE.finding(
        since_step=trace.first_step,
        value=gain,
        threshold=GAIN_LIMIT,
        unit="times as fast",
        message=(
            f"the step is {gain:.2g} times as fast under bfloat16 autocast (limit {GAIN_LIMIT:g}); "
            f"the loss differs by {float(seen.get('change', 0.0)):.1%}"
        ),
        why="products in float32 use a fraction of what the hardware can do",
        strength=min(gain / (4 * GAIN_LIMIT), 1.0),
    )
