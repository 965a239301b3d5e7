"""This run shows convolutions in the slower memory layout.

What it sees
    The probe `layout`: the captured training step timed as it is and in channels-last.

Why it hurts
    Convolution kernels read all channels of a pixel; in torch's first layout these lie
    far apart and are gathered at every layer.

How it decides
    The step is at least 1.2 times as fast in channels-last, and the run took a minute
    or more (unit: ratio of medians; ours).  Only where the probe ran:
    ``gradwise check --probe all``.

Cure
    ``memory_format=torch.channels_last`` for the model and for images.

Cure safety
    Safe: the same numbers up to the order of summation.

When it is wrong
    Batches or image sizes that change from step to step, for which the fastest layout
    changes too.

Example
    >>> # model(images) with nn.Conv2d layers, never moved to channels_last

References
    PyTorch tutorial "Channels Last Memory Format".
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

GAIN_LIMIT = 1.2  # times as fast; ours
RUN_SECONDS = 60.0  # s; in a shorter run nothing is to be gained that anybody waits for; ours

RULE = Rule(
    name="layout-slow",
    code="S05",
    group="slow",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=("fact:probe",),
    explains=(),
    cures=("channels-last",),
    summary="convolutions in the slower memory layout",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding where the probe measured the gain in a run that takes long."""
    answers = [fact.data for fact in trace.facts_of("probe") if fact.where == "layout"]
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
        message=f"the step is {gain:.2g} times as fast in channels-last (limit {GAIN_LIMIT:g})",
        why="convolutions gather channels that lie far apart in memory",
        strength=min(gain / (4 * GAIN_LIMIT), 1.0),
    )
