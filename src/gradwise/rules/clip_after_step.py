"""This run shows gradients that are clipped when nobody uses them any more.

What it sees
    ``clip_grad_norm_`` or ``clip_grad_value_`` is called when no backward has
    run since the last step, and the next thing to come is a backward: after
    the step that it was meant for, or before the backward.

Why it hurts
    The step uses unclipped gradients.  Nothing warns: the code looks as if it
    were protected, and one bad batch throws the weights away.

How it decides
    At least 90 % of the clip calls were wasted in that way, of at least 5
    (unit: share of calls; source: order is exact, and healthy runs have a share
    of 0).  Calls with a limit of 1e6 or more only measure the norm.  A call
    without a backward whose gradients are then used by a step (gradients
    assigned by hand) is not wasted.

Cure
    Put the call between backward and step; with a GradScaler after
    ``scaler.unscale_(optimizer)``.

Cure safety
    move-clip changes training: steps with large gradients become shorter.

When it is wrong
    Hardly ever: the calls have no effect.

Example
    >>> # loss.backward(); optimizer.step(); clip_grad_norm_(model.parameters(), 1.0)

References
    PyTorch, ``torch.nn.utils.clip_grad_norm_``; Pascanu et al., arXiv 1211.5063.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

WASTED_SHARE = 0.9  # share of clip calls
MIN_CALLS = 5  # clip calls

RULE = Rule(
    name="clip-after-step",
    code="C13",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:clip",),
    explains=(
        "exploding-gradient", "loss-nan", "nan-gradient", "loss-diverges", "loss-spike",
        "loss-oscillates", "loss-not-decreasing", "lr-too-high", "weights-grow", "dead-relu",
        "saturated-activation", "constant-output", "majority-collapse", "loses-to-baseline",
        "underfitting", "vanishing-gradient", "trained-too-short",
    ),
    cures=("move-clip",),
    summary="gradients clipped when nobody uses them any more",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when clipping has no effect."""
    facts = trace.facts_of("clip")
    if not facts:
        return
    data = facts[-1].data
    calls, wasted = int(data.get("calls", 0)), int(data.get("wasted", 0))
    if calls < MIN_CALLS or wasted + 1 < WASTED_SHARE * calls:  # the last call has nothing behind it yet
        return
    since = max(int(data.get("first_late", trace.first_step)), trace.first_step)
    share = min((wasted + 1) / calls, 1.0)
    yield RULE.finding(
        where=[str(data.get("function", "clip_grad_norm_"))],
        since_step=since,
        value=share,
        threshold=WASTED_SHARE,
        unit="share of clip calls",
        message=(
            f"{data.get('function')} was called {calls} times; {share:.0%} of the calls found no gradient "
            f"that a step would still use (limit {WASTED_SHARE:.0%})"
        ),
        why="it stands after the step or before the backward, so every step uses unclipped gradients",
        strength=share,
        evidence=[Evidence("loss", (), since, max(trace.last_step, since))],
    )
