"""This run shows gradients that are NaN or infinite while the loss is finite.

What it sees
    The gradients at sampled steps; in graphs with a square root, a guarded
    logarithm or the like the gradient nearest the input at every step; and the
    steps that a GradScaler skipped.

Why it hurts
    One step with such a gradient makes every weight behind it NaN, and the loss
    of the next step with them.

How it decides
    The gradient of any parameter was not finite at a step whose loss was, no
    GradScaler was there to skip it, and the optimizer stepped with it, the loss was
    not finite within the next 3 steps, or the weights had no finite norm at any
    sampled step after it (a loss can hide that).  Or a GradScaler skipped more
    than 30 % of its steps, and 10 at least: then no scale is small enough.  The
    few skips with which a scaler finds its scale are normal (units: steps, share;
    ours).

Cure
    Where an operation is named (square root, logarithm, division): move its
    argument away from the edge by a small number, or use the stable form.  Else
    clip the gradient or lower the rate.

Cure safety
    stable-loss is the same mathematics but for that small number; the others
    change training only.

When it is wrong
    Scripts that skip such steps by hand are not reported unless the loss suffers.

Example
    >>> # ((a - b) ** 2).sum(1).sqrt() where a row of a equals that of b

References
    PyTorch documentation, "Numerical accuracy" and `torch.autograd.detect_anomaly`;
    Micikevicius et al., "Mixed precision training", ICLR 2018.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Fact, Trace

FOLLOWS = 3  # steps within which the loss must break too, where the step is not known to have been made
RUINED = 2  # sampled steps after it, at least, in none of which a weight had a finite norm
SKIP_LIMIT = 0.3  # share of a GradScaler's steps; ours, healthy ones stay below 0.05
MIN_SKIPPED = 10  # steps; a scale of 65536 needs fewer to find its place

RULE = Rule(
    name="nan-gradient",
    code="G03",
    group="broken",
    organ=Organ.ARCHITECTURE,
    since="0.1.0",
    reads=("loss", "weight_norm", "fact:nonfinite", "fact:scaler"),
    explains=(
        "loss-nan", "loss-not-decreasing", "underfitting", "constant-output", "majority-collapse",
        "dead-relu", "overfitting", "vanishing-gradient", "loses-to-baseline",
    ),
    cures=("stable-loss", "clip-gradient", "lower-lr"),
    summary="gradients that are not finite though the loss is",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for the first gradient that was not finite, or for a scaler that only skips."""
    skips = _skipping(trace)
    if skips is not None:
        yield skips
        return
    fact = next((f for f in trace.facts_of("nonfinite") if f.data.get("what") == "gradient"), None)
    if fact is None or not _harmful(trace, fact):
        return
    data = fact.data
    bad = [str(name) for name in data.get("bad_parameters") or ()]
    cause, place = str(data.get("cause") or ""), str(data.get("place") or "")
    first = str(data.get("first_module") or "")
    origin = f"{cause} {place}".strip() if cause else f"{first or 'the loss'} is the first on the way back"
    yield RULE.finding(
        where=[first] if first else bad[-1:],
        since_step=fact.step,
        value=len(bad),
        threshold=0,
        unit="parameters",
        message=(
            f"the gradients of {len(bad)} parameters are not finite while the loss is; "
            f"{origin}{_values(data)}"
        ),
        why="one step with such a gradient makes every weight behind it NaN",
        strength=1.0,
        evidence=[Evidence("loss", (), max(fact.step - 20, trace.first_step), trace.last_step)],
        cures=("stable-loss",) if cause else ("clip-gradient", "lower-lr", "stable-loss"),
    )


def _harmful(trace: Trace, fact: Fact) -> bool:
    """Whether the gradient reached the weights."""
    loss = trace.step_signal("loss")
    near = loss.between(fact.step, fact.step + FOLLOWS + 1)
    if near.nonfinite.sum() > 0 or _ruined(trace, fact):
        return True
    return bool(fact.data.get("applied")) and fact.step >= trace.last_step - FOLLOWS


def _ruined(trace: Trace, fact: Fact) -> bool:
    """Whether a weight had a norm before, and never after."""
    table = trace.sampled("weight_norm")
    for name in fact.data.get("bad_parameters") or ():
        if name not in table.places:
            continue
        known = np.isfinite(table.column(name))
        later = table.steps > fact.step
        if known[~later].any() and later.sum() >= RUINED and not known[later].any():
            return True
    return False


def _values(data: Any) -> str:
    """What went in, as a clause."""
    values = data.get("values") or {}
    if not values:
        return ""
    low, high, share = values.get("min"), values.get("max"), values.get("bad_share", 0.0)
    span = f"{low:.3g} to {high:.3g}, " if low is not None and high is not None else ""
    return f" ({values.get('are', 'inputs')} {span}{share:.1%} of them to blame)"


def _skipping(trace: Trace) -> Finding | None:
    facts = trace.facts_of("scaler")
    if not facts:
        return None
    skipped, steps = int(facts[-1].data.get("skipped") or 0), int(facts[-1].data.get("steps") or 0)
    share = skipped / max(steps, 1)
    if skipped < MIN_SKIPPED or share <= SKIP_LIMIT:
        return None
    scale = facts[-1].data.get("scale")
    shown = f", its scale is {scale:.3g}" if scale is not None and np.isfinite(scale) else ""
    return RULE.finding(
        since_step=facts[0].step,
        value=share,
        threshold=SKIP_LIMIT,
        unit="share of steps",
        message=f"the GradScaler skipped {skipped} of {steps} steps (limit {SKIP_LIMIT:.0%}){shown}",
        why="no scale is small enough: the gradients are not finite by themselves",
        strength=1.0,
        cures=("stable-loss", "clip-gradient", "lower-lr"),
    )
