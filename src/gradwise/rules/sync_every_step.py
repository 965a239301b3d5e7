"""This run shows a host that waits for the accelerator at every step.

What it sees
    How many numbers the script reads from the accelerator in a step
    (``.item()``, ``.cpu()``, ``float()``), at sampled steps, and how long steps are.

Why it hurts
    The host normally runs ahead and keeps the accelerator's queue full.  Each
    read empties the queue, and the accelerator idles until the next kernels
    arrive.

How it decides
    At least 90 % of the sampled steps, the first left out and 8 of them at
    least, read at least one number, and the typical step is shorter than 20 ms
    (unit: share of sampled steps; ours; in longer steps an idle tenth of a
    millisecond does not matter).  Never on the CPU.  On trial: counted, but not
    yet measured on enough real runs how much time it costs.

Cure
    Sum losses and metrics on the device and read them every hundred steps.

Cure safety
    log-less-often leaves the mathematics alone.

When it is wrong
    Where the host has to know a number in each step (a skipped batch, a line
    search), reading it is no mistake.

Example
    >>> # total += loss.item()   # in every step on a GPU

References
    PyTorch, "Performance tuning guide" (avoid unnecessary CPU-GPU synchronization).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

SHARE_LIMIT = 0.9  # of sampled steps that read at least one number; ours
MIN_SAMPLES = 8  # sampled steps
LONG_STEP = 0.02  # s; a queue emptied once in so long costs less than 1 %; ours

RULE = Rule(
    name="sync-every-step",
    code="S02",
    group="trial",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=("sync_calls", "step_seconds"),
    explains=(),
    cures=("log-less-often",),
    summary="a host that waits for the accelerator at every step",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when nearly every step reads numbers from the accelerator."""
    table, step = trace.sampled("sync_calls"), trace.step_signal("step_seconds").mean
    if not table.places:
        return
    calls = table.values[1:, 0]
    calls, step = calls[np.isfinite(calls)], step[np.isfinite(step)]
    if len(calls) < MIN_SAMPLES or not len(step):
        return
    share, typical, usual = float((calls > 0).mean()), float(np.median(step)), float(np.median(calls))
    if share < SHARE_LIMIT or typical > LONG_STEP:
        return
    yield RULE.finding(
        since_step=trace.first_step,
        value=share,
        threshold=SHARE_LIMIT,
        unit="share of sampled steps",
        message=(
            f"{usual:.3g} numbers are read from the accelerator in a typical step of {typical * 1e3:.3g} ms, "
            f"in {share:.0%} of {len(calls)} sampled steps (limit {SHARE_LIMIT:.0%})"
        ),
        why="each read waits until the accelerator has nothing left to do",
        strength=share / 2,
        evidence=[Evidence("sync_calls", tuple(table.places), trace.first_step, trace.last_step)],
    )
