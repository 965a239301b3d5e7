"""This run shows gradients that pile up because nothing clears them.

What it sees
    At the start of a backward pass the parameters of an optimizer still hold
    the gradient that the previous step has already applied, and it is not zero.

Why it hurts
    Every step repeats all earlier gradients.  That is momentum that never
    forgets: steps grow, overshoot and turn late, as with a far too high rate.

How it decides
    `stale_grad_norm` of an optimizer is above zero on at least 60 % of its
    sampled steps, the first one left out, with at least 4 of them (unit: share
    of sampled steps; source: a cleared gradient is exactly zero or absent, so
    healthy runs have a share of 0; a loop that clears once per epoch of three or
    more batches reaches 60 %).  Steps at which the first layers have no gradient
    at all, as of units that died of it, tell nothing and are left out.  Several
    backwards before one step are accumulation and leave nothing stale.

Cure
    Call ``optimizer.zero_grad()`` once per step, before the backward.

Cure safety
    zero-grad changes training: it removes the repeated gradients.

When it is wrong
    Methods that keep a decaying trace in ``.grad`` on purpose, such as
    eligibility traces, look the same.

Example
    >>> # for x, y in loader: loss(model(x), y).backward(); optimizer.step()

References
    Karpathy, "A Recipe for Training Neural Networks" (2019); TrainCheck,
    arXiv 2506.14813; PyTorch, ``Optimizer.zero_grad``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Ints, Trace

STALE_SHARE = 0.6  # share of sampled steps; healthy runs have 0, see "How it decides"
LOOKED_AT = 4  # parameters of an optimizer that stand for it, as the watcher takes them
MIN_SAMPLES = 4  # sampled steps of an optimizer, its first one not counted

RULE = Rule(
    name="missing-zero-grad",
    code="C01",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("stale_grad_norm", "grad_norm"),
    explains=(
        "loss-nan", "loss-diverges", "loss-not-decreasing", "loss-oscillates", "loss-spike",
        "exploding-gradient", "vanishing-gradient", "always-clipped", "lr-too-high", "dead-relu",
        "saturated-activation", "weights-grow", "constant-output", "overfitting", "underfitting",
        "loses-to-baseline", "trained-too-short", "nan-gradient", "fades-through-time",
        "activation-scale-drift",
    ),
    cures=("zero-grad",),
    summary="gradients that are never cleared",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for all optimizers whose gradients are never cleared."""
    table = trace.sampled("stale_grad_norm")
    found: list[tuple[str, float, int, int, float]] = []  # place, share, samples, since, latest norm
    for place in table.places:
        column = table.column(place)
        seen = ~np.isnan(column) & ((column > 0) | ~np.isin(table.steps, _dead(trace)))
        norms, steps = column[seen][1:], table.steps[seen][1:]  # nothing was applied before the first
        if len(norms) < MIN_SAMPLES:
            continue
        stale = norms > 0
        share = float(stale.mean())
        if share >= STALE_SHARE:
            latest = float(np.median(norms[stale][-3:]))
            found.append((place, share, len(norms), int(steps[stale][0]), latest))
    if not found:
        return
    worst = max(found, key=lambda item: item[1])
    place, share, samples, _, latest = worst
    since = min(item[3] for item in found)
    yield RULE.finding(
        where=[item[0] for item in found],
        since_step=since,
        value=share,
        threshold=STALE_SHARE,
        unit="share of sampled steps",
        message=(
            f"{place} still held an already applied gradient (norm {latest:.3g} at the end) when the next "
            f"backward began, on {share:.0%} of {samples} sampled steps (limit {STALE_SHARE:.0%})"
        ),
        why="each step repeats all earlier gradients, which acts like momentum that never forgets",
        strength=share,
        evidence=[
            Evidence("stale_grad_norm", tuple(item[0] for item in found), since, _last(trace)),
            Evidence("loss", (), since, _last(trace)),
        ],
    )


def _dead(trace: Trace) -> Ints:
    """Sampled steps at which the first parameters had a gradient of exactly zero."""
    table = trace.sampled("grad_norm")
    values = table.values[:, :LOOKED_AT]
    known = np.isfinite(values)
    dead: Ints = table.steps[known.any(axis=1) & (np.where(known, values, 0.0) == 0.0).all(axis=1)]
    return dead


def _last(trace: Trace) -> int:
    return max(trace.last_step, trace.first_step)
