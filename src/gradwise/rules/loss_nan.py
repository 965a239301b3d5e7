"""This run shows a loss that became NaN or infinite.

What it sees
    Training losses that are not finite, and what was not finite first: a batch
    of the input, a weight, or an operation on the way to the loss.

Why it hurts
    One non-finite loss makes every gradient NaN, the next step makes every
    weight NaN, and nothing after that step is training.

How it decides
    The loss is still non-finite at the last step, or was so on at least 3 steps of
    a run that did not learn well (unit: steps; ours).  What broke first is read off
    the autograd graph of the step itself, from the input to the loss.  A run that came back and
    learnt is forgiven: a gradient scaler feels its way down from too large a
    factor, and scripts skip steps by hand.

Cure
    Bad input: drop or fill the broken values.  Finite weights and an operation
    such as log, division or square root: use the stable form of the loss.
    Weights already broken: a smaller rate, or clipped gradients.

Cure safety
    stable-loss is the same mathematics; drop-or-impute changes the data;
    lower-lr and clip-gradient change training only.

When it is wrong
    A loss that is infinite now and then by design (CTC on too short inputs), in a
    run that has not yet learnt much.

Example
    >>> # loss = -(y * torch.log(p)).mean() with p exactly 0

References
    Zhang et al., "AutoTrainer", ICSE 2021; SageMaker Debugger, tensor and loss
    NaN rules; PyTorch documentation, `torch.autograd.detect_anomaly`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

FEW_STEPS = 3  # non-finite steps that count although the loss came back; ours

# Autograd operations that turn finite numbers into NaN or infinity.
FRAGILE = ("Log", "Div", "Sqrt", "Pow", "Exp", "Acos", "Asin", "Atanh", "Norm", "Reciprocal", "Rsqrt")

RULE = Rule(
    name="loss-nan",
    code="L01",
    group="broken",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "fact:nonfinite",
        "fact:optimizer",
    ),
    explains=(
        "nan-gradient", "loss-not-decreasing", "underfitting", "constant-output", "majority-collapse",
        "dead-relu", "vanishing-gradient", "overfitting", "loses-to-baseline",
    ),
    cures=("lower-lr", "clip-gradient", "stable-loss"),
    summary="a loss that became NaN or infinite",
    at_once=True,
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when non-finite losses stay, or come three times."""
    loss = trace.step_signal("loss")
    bad = np.flatnonzero(loss.nonfinite > 0)
    if not len(bad):
        return
    total = int(loss.nonfinite.sum())
    at_end = not np.isfinite(loss.mean[-1]) or bool(loss.nonfinite[-1] > loss.counts[-1] // 2)
    if not at_end and (total < FEW_STEPS or outcome(trace).good):
        return
    since = int(loss.steps[bad[0]])
    cause, cures, where = _first(trace)
    last = loss.mean[: bad[0]]
    last = last[np.isfinite(last)]
    before = f", {last[-1]:.3g} the step before" if len(last) else " from the first step"
    yield RULE.finding(
        where=where,
        since_step=since,
        value=total,
        threshold=FEW_STEPS,
        unit="steps",
        message=f"loss not finite on {total} steps{before}; {cause}",
        why="the gradients of a non-finite loss are NaN, and one step with them ruins every weight",
        strength=1.0 if at_end else 0.6,
        evidence=[Evidence("loss", (), max(since - 20, trace.first_step), int(loss.steps[-1]))],
        cures=cures,
    )


def _first(trace: Trace) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What was not finite first, the cures that fit it, and its place."""
    # A gradient that broke first has a finding of its own.
    facts = [
        fact
        for fact in trace.facts_of("nonfinite")
        if fact.data.get("what") != "gradient" and not fact.data.get("skipped")
    ]
    if not facts:
        return "what broke first was not seen", RULE.cures, ()
    data = facts[0].data
    place = str(data.get("first_module") or "")
    where = (place,) if place else ()
    if data.get("input_nonfinite"):
        return "the input held non-finite values first", ("drop-or-impute",), where
    broken = tuple(str(name) for name in data.get("bad_parameters") or ())
    if broken:
        cause = f"the update before had already broken {broken[0]} ({len(broken)} parameters in all)"
        return cause, ("lower-lr", "clip-gradient", "stable-loss"), broken[:3]
    if data.get("cause"):
        cause = f"weights were finite; {data['cause']} {data.get('place') or ''}".rstrip() + _values(data)
        return cause, ("stable-loss", "lower-lr"), where
    operation = _fragile(data)
    if operation:
        return f"weights were finite; the loss passes through {operation}", ("stable-loss", "lower-lr"), where
    return "weights and input were finite", ("stable-loss", "lower-lr", "clip-gradient"), where


def _values(data: Mapping[str, Any]) -> str:
    """What went into the operation that broke, and where the batch lies, as clauses."""
    values, batch = data.get("values") or {}, data.get("batch") or {}
    low, high = values.get("min"), values.get("max")
    span = f"{low:.3g} to {high:.3g}, " if low is not None and high is not None else ""
    shown = f" ({values.get('are', 'inputs')} {span}{values.get('bad_share', 0):.1%} of them to blame)"
    return (shown if values else "") + (
        f"; the batch is kept in {batch['file']}" if batch.get("file") else ""
    )


def _fragile(data: Mapping[str, Any]) -> str:
    """The operation nearest the loss that can make NaN out of finite numbers."""
    names = [str(name) for name in data.get("operations") or ()]
    return next((n for n in names if n.startswith(FRAGILE) and not n.startswith("LogSoftmax")), "")
