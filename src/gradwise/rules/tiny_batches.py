"""This run shows batches too small to keep the machine busy.

What it sees
    The probe `batch-size`: time per sample, forward and backward, with the batch as it
    is and two, four and eight times as large.

Why it hurts
    Each step costs what Python, kernels and the optimizer cost, however few samples it
    has; with tiny batches most of the time goes there.

How it decides
    A sample is computed at least 3 times as fast in a larger batch, batches hold at
    most 32 samples, and the run took a minute or more (unit: ratio of medians; ours).
    Only where the probe ran: ``gradwise check --probe all``.

Cure
    A larger batch, with the rate raised in about the same proportion.

Cure safety
    Changes training: fewer steps per epoch, steadier gradients.

When it is wrong
    Small batches that are wanted: their noise generalises better, or the data come one
    by one.

Example
    >>> # DataLoader(train_set, batch_size=4)

References
    Goyal et al., arXiv 1706.02677; McCandlish et al., arXiv 1812.06162; Keskar et al.,
    arXiv 1609.04836 (why small batches may be wanted).
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

GAIN_LIMIT = 3.0  # times as fast; ours
RUN_SECONDS = 60.0  # s; in a shorter run nothing is to be gained that anybody waits for; ours
TINY = 32  # samples of a batch, above which it is not called tiny; ours

RULE = Rule(
    name="tiny-batches",
    code="S03",
    group="slow",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=("fact:probe",),
    explains=(),
    cures=("larger-batch",),
    summary="batches too small to use the machine",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding where the probe measured the gain in a run that takes long."""
    answers = [fact.data for fact in trace.facts_of("probe") if fact.where == "batch-size"]
    if not answers or answers[-1].get("verdict") != "larger" or trace.run.seconds < RUN_SECONDS:
        return
    seen = answers[-1].get("measured") or {}
    gain = float(seen.get("gain", 1.0))
    if gain < GAIN_LIMIT or int(seen.get("samples", 0)) > TINY:
        return
    yield RULE.finding(
        since_step=trace.first_step,
        value=gain,
        threshold=GAIN_LIMIT,
        unit="times as fast",
        message=(
            f"a sample is computed {gain:.2g} times as fast in batches of {seen.get('best')} as in "
            f"batches of {seen.get('samples')} (limit {GAIN_LIMIT:g})"
        ),
        why="what a step costs whatever its size is paid for a handful of samples",
        strength=min(gain / (4 * GAIN_LIMIT), 1.0),
    )
