"""This run shows training that waits for data much of its time.

What it sees
    The time spent inside DataLoader iterators, beside the time of the steps.

Why it hurts
    While a batch is being read, decoded or collated the model stands still.

How it decides
    At least 30 % of the time of the training steps is spent waiting for the
    next batch, the wait of a typical step is 1 ms or more, and all waits
    together are 3 seconds or more (unit: share of step time; source: the usual
    bound of 20 % in profilers, raised; a small net on small data waits tens of
    microseconds for the loader's Python, which is a large share of nothing).

Cure
    Worker processes for what is slow to read; a small data set kept in memory
    as tensors.

Cure safety
    Both leave the mathematics alone.

When it is wrong
    The machine was busy with something else; or the loader also waits on
    purpose, for a stream.

Example
    >>> # class Photos(Dataset): __getitem__ decodes a JPEG; DataLoader(photos, 64)

References
    PyTorch, "Performance tuning guide" (asynchronous data loading).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

SHARE_LIMIT = 0.3  # of step time; ours
MIN_WAIT = 1e-3  # s, of a typical step
MIN_TOTAL = 3.0  # s, of all steps together; less is not worth anybody's while
MIN_STEPS = 20  # steps

RULE = Rule(
    name="dataloader-bound",
    code="S01",
    group="slow",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=("step_seconds", "data_seconds", "fact:sampler"),
    explains=(),
    cures=("workers", "in-memory-batches"),
    summary="training that waits for data much of its time",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when waiting for batches takes a large part of a run worth speeding up."""
    step, data = trace.step_signal("step_seconds"), trace.step_signal("data_seconds")
    _, here, there = np.intersect1d(step.steps, data.steps, return_indices=True)
    whole, wait, counts = step.mean[here], data.mean[there], step.counts[here]
    known = np.isfinite(whole) & np.isfinite(wait)
    if counts[known].sum() < MIN_STEPS:
        return
    whole, counts = whole[known], counts[known]
    wait = np.minimum(wait[known], whole)
    total, waited = float((whole * counts).sum()), float((wait * counts).sum())
    share, typical = waited / total if total > 0 else 0.0, float(np.median(wait))
    if share < SHARE_LIMIT or typical < MIN_WAIT or waited < MIN_TOTAL:
        return
    facts = trace.facts_of("sampler")
    batch = (
        f", batches of {facts[-1].data['batch_size']}" if facts and facts[-1].data.get("batch_size") else ""
    )
    yield RULE.finding(
        since_step=trace.first_step,
        value=share,
        threshold=SHARE_LIMIT,
        unit="share of step time",
        message=(
            f"{share:.0%} of the training time goes into waiting for batches (limit {SHARE_LIMIT:.0%}): "
            f"{typical * 1e3:.3g} ms in a typical step, {waited:.3g} s in all{batch}"
        ),
        why="while a batch is being made the model stands still",
        strength=share,
        evidence=[Evidence("data_seconds", (), trace.first_step, trace.last_step)],
    )
