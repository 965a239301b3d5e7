"""This run shows a learning-rate schedule that is stepped in the wrong unit.

What it sees
    A scheduler planned in epochs is stepped once per batch, so that its whole
    course is over early in the run; or one planned in batches is stepped once
    per epoch, so that it hardly begins.

Why it hurts
    In the first case the rate is gone, or swings to and fro, long before the
    network has learnt; in the second it stays at the warm-up's low start.

How it decides
    Counters of the scheduler against optimizer steps.  Per batch: at least 0.9
    calls per step, a horizon (`step_size`, last milestone, `T_max`) at most one
    epoch of the DataLoader, or 5 % of the run where there is none, and either
    the rate stayed below 1 % of its peak for at least half of the run or, for a
    cosine, at least 3 periods passed (unit: share of steps; ours: recipes that
    count in steps decay over most of the run).  The same with decay at every
    call (`ExponentialLR`).  Per epoch: `OneCycleLR`, or a cosine, was stepped
    at most 0.34 times as often as its horizon while the steps of a finished run
    come to between 0.5 and 2 horizons.  Parts of a combined schedule and
    schedules made of functions (`LambdaLR`) are not judged.

Cure
    Move ``scheduler.step()`` by one loop, or give its horizon in the other unit.

Cure safety
    move-scheduler changes training: the rate takes another course.

When it is wrong
    A cosine meant to swing within each epoch.  Stepping before the optimizer
    is not judged: PyTorch warns of it itself, and little is lost.

Example
    >>> # for x, y in loader: ...; optimizer.step(); scheduler.step()   # StepLR(step_size=10)

References
    PyTorch, "How to adjust learning rate"; Smith and Topin, arXiv 1708.07120.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

PER_BATCH = 0.9  # calls per optimizer step
EARLY = 0.05  # share of the run that a horizon in epochs takes when counted in batches, without a loader
LOW_RATE = 0.01  # share of the peak rate
LOW_SHARE = 0.5  # share of the run below it
PERIODS = 3.0  # of a cosine, in the run
HARDLY = 0.34  # calls over horizon
FINISHED = (0.5, 2.0)  # steps over horizon, of a run whose plan is in steps
MIN_STEPS = 40  # steps of the run
MIN_CALLS = 3  # calls of a schedule stepped per epoch

RULE = Rule(
    name="scheduler-misplaced",
    code="C21",
    group="sick",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:scheduler", "rate"),
    explains=(
        "lr-decays-too-early",
        "lr-too-low",
        "loss-not-decreasing",
        "underfitting",
        "loses-to-baseline",
        "trained-too-short",
        "loss-oscillates",
        "constant-output",
        "majority-collapse",
    ),
    cures=("move-scheduler",),
    summary="a learning-rate schedule stepped in the wrong unit",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for the first schedule that is stepped in the wrong unit."""
    if trace.steps < MIN_STEPS:
        return
    latest: dict[str, Mapping[str, Any]] = {}
    for fact in trace.facts_of("scheduler"):
        latest[fact.where] = fact.data
    for data in latest.values():
        found = None if data.get("inner") or data.get("already") else _judged(trace, data)
        if found is not None:
            yield found
            return


def _judged(trace: Trace, data: Mapping[str, Any]) -> Finding | None:
    calls, steps = int(data.get("calls", 0)), int(data.get("steps", 0))
    if not steps:
        return None
    if calls >= PER_BATCH * steps:
        return _per_batch(trace, data, steps)
    return _per_epoch(trace, data, calls, steps)


def _per_batch(trace: Trace, data: Mapping[str, Any], steps: int) -> Finding | None:
    horizon, batches = int(data.get("horizon", 0)), int(data.get("batches", 0))
    attribute = str(data.get("attribute", ""))
    if attribute not in ("step_size", "milestones", "T_max") and data.get("class") != "ExponentialLR":
        return None
    if attribute and horizon > (batches if 1 < batches < steps else EARLY * steps):
        return None
    low, since = _low(trace)
    periods = steps / (2 * horizon) if attribute == "T_max" else 0.0
    if low < LOW_SHARE and periods < PERIODS:
        return None
    plan = f", planned for {attribute}={horizon}" if attribute else ""
    happened = (
        f"the rate was below {LOW_RATE:.0%} of its peak for {low:.0%} of the run (limit {LOW_SHARE:.0%})"
        if low >= LOW_SHARE
        else f"its course was run {periods:.0f} times (limit {PERIODS:g})"
    )
    return RULE.finding(
        where=[str(data.get("class"))],
        since_step=since,
        value=low if low >= LOW_SHARE else periods,
        threshold=LOW_SHARE if low >= LOW_SHARE else PERIODS,
        unit="share of steps" if low >= LOW_SHARE else "periods",
        message=f"{data.get('class')} is stepped once per batch{plan}: {happened}",
        why="its settings count epochs, so the whole course is over within the first ones",
        strength=0.9,
        evidence=[Evidence("rate", (), trace.first_step, trace.last_step)],
    )


def _per_epoch(trace: Trace, data: Mapping[str, Any], calls: int, steps: int) -> Finding | None:
    horizon = int(data.get("horizon", 0))
    if data.get("attribute") not in ("total_steps", "T_max") or calls < MIN_CALLS or not horizon:
        return None
    if trace.run.status != "finished" or not FINISHED[0] <= steps / horizon <= FINISHED[1]:
        return None
    share = calls / horizon
    if share > HARDLY:
        return None
    return RULE.finding(
        where=[str(data.get("class"))],
        since_step=trace.first_step,
        value=share,
        threshold=HARDLY,
        unit="share of the schedule",
        message=(
            f"{data.get('class')} was planned for {horizon} calls and got {calls} in {steps} steps: "
            f"{share:.0%} of its course (limit {HARDLY:.0%})"
        ),
        why="its horizon counts batches, but it is stepped once per epoch, so the rate hardly moves",
        strength=0.9,
        evidence=[Evidence("rate", (), trace.first_step, trace.last_step)],
    )


def _low(trace: Trace) -> tuple[float, int]:
    """Share of the run after the peak with a rate below the limit, and where that begins."""
    rate = trace.step_signal("rate")
    if not len(rate):
        return 0.0, trace.first_step
    peak = np.nanmax(rate.mean)
    low = rate.mean < LOW_RATE * peak
    low[: int(np.nanargmax(rate.mean))] = False  # the way up is a warm-up
    since = int(rate.steps[low][0]) if low.any() else trace.first_step
    return float((low * rate.counts).sum() / max(rate.counts.sum(), 1)), since
