"""This run shows so much dropout that little is left to learn with.

What it sees
    A dropout layer that drops most units of a layer, or one that drops
    predictions themselves.

Why it hurts
    Where nearly all units are zero, a step sees a handful of them, scaled up many
    times: the signal drowns in the noise.  A prediction that is set to zero at
    random can match no target, and the network learns to hedge.

How it decides
    Hidden: 75 % and more are dropped, or fewer than 3 units of the layer are left
    on average, while less than half of what can be learnt was learnt, in training
    and in evaluation, or less than 70 % of it where 90 % and more are dropped (units:
    share, units, better of skill and lift; source: Srivastava and others keep 50 to
    80 % of hidden units).
    Output: the last thing before the loss is a dropout of 10 % and more, and less
    than 90 % was learnt.
    Functional dropout (``F.dropout``) is not seen on a CPU.

Cure
    A share of 0.1 to 0.5 between hidden layers, none on the prediction.  In
    torch, p is the share that is dropped, not the share that is kept.

Cure safety
    lower-dropout changes training only.

When it is wrong
    A task that hardly anything can be learnt of, with strong dropout on purpose.

Example
    >>> # nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.95), nn.Linear(64, 2))

References
    Srivastava et al., "Dropout", JMLR 15 (2014), sections 7.3 and A.4; UMLAUT, CHI 2021.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.calls import best_reached, is_dropout, loss_calls
from gradwise.rules.learning import GOOD_SKILL, outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

DROPPED_LIMIT = 0.75  # share of units; 0.5 is the classic value, 0.2 to 0.5 is common
FEWEST_LEFT = 3.0  # units that take part in a step on average; ours
OUTPUT_LIMIT = 0.1  # share of predictions that are set to zero; ours
FINE = 0.9  # better of skill and lift; above it dropped predictions do no harm; ours
NEARLY_ALL = 0.9  # share of units that is seldom dropped on purpose; ours
MOST = 0.7  # better of skill and lift above which it does no harm even so; ours
MIN_STEPS = 50  # training steps before anything is said about what was learnt

RULE = Rule(
    name="excessive-dropout",
    code="C17",
    group="sick",
    organ=Organ.REGULARISATION,
    since="0.1.0",
    reads=(
        "fact:layers", "fact:loss-call", "fact:structure", "loss", "criterion", "trivial", "accuracy",
        "majority", "target_std", "val_loss", "fact:optimizer", "zero_share",
    ),
    explains=(
        "loss-not-decreasing", "underfitting", "loss-oscillates", "noisy-gradient", "majority-collapse",
        "constant-output", "loses-to-baseline", "trained-too-short", "lr-too-low", "loss-spike",
        "noisy-labels", "class-imbalance", "exploding-gradient", "initial-loss-off",
    ),
    cures=("lower-dropout",),
    summary="so much dropout that little is left to learn with",
)  # fmt: skip

OUTPUT_ACTIVATIONS = ("softmax", "log_softmax", "sigmoid", "log_sigmoid", "Clamp")


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for dropped predictions, and one for layers of which hardly a unit is left."""
    told = trace.facts_of("layers")
    shares: dict[str, float] = dict(told[-1].data.get("dropout") or {}) if told else {}
    reached = best_reached(trace)
    result = outcome(trace)
    if (
        not shares
        or trace.steps < MIN_STEPS
        or result.opposing
        or result.nonfinite
        or not np.isfinite(reached)
    ):
        return
    last = _on_output(trace, shares)
    if last and reached < FINE:
        yield _output(trace, last, shares[last])
    strong = {name: p for name, p in shares.items() if name != last and _too_much(trace, name, p)}
    if strong and reached < (MOST if max(strong.values()) >= NEARLY_ALL else GOOD_SKILL):
        yield _hidden(trace, strong, reached)


def _on_output(trace: Trace, shares: dict[str, float]) -> str:
    """The dropout that stands right before a loss; "" where there is none."""
    for call in loss_calls(trace):
        made = [step for step in call.lineage if step["operation"] not in OUTPUT_ACTIVATIONS][:1]
        name = str(made[0].get("module") or "") if made else ""
        if is_dropout(trace, name) and shares.get(name, 0.0) >= OUTPUT_LIMIT:
            return name
    return ""


def _too_much(trace: Trace, name: str, share: float) -> bool:
    module = trace.module(name)
    units = module.units if module is not None else 0
    few = units >= FEWEST_LEFT and share >= 0.5 and (1 - share) * units < FEWEST_LEFT
    return share >= DROPPED_LIMIT or few


def _output(trace: Trace, name: str, share: float) -> Finding:
    since = trace.first_step
    return RULE.finding(
        where=[name],
        since_step=since,
        value=share,
        threshold=OUTPUT_LIMIT,
        unit="share dropped",
        message=f"{name} zeroes {share:.0%} of the predictions before the loss (limit {OUTPUT_LIMIT:.0%})",
        why="a prediction that is zero at random matches no target; the network learns to hedge",
        strength=0.5 + share / 2,
        evidence=evidence_at(trace, ("zero_share",), name, since)
        or [Evidence("loss", (), since, trace.last_step)],
    )


def _hidden(trace: Trace, strong: dict[str, float], reached: float) -> Finding:
    since, (name, share) = trace.first_step, max(strong.items(), key=lambda item: item[1])
    return RULE.finding(
        where=list(strong),
        since_step=since,
        value=share,
        threshold=DROPPED_LIMIT,
        unit="share dropped",
        message=(
            f"{name} drops {share:.0%} of its units (limit {DROPPED_LIMIT:.0%}), "
            f"and {max(reached, 0):.0%} is learnt"
        ),
        why="the few units that are left change from step to step: the signal drowns in their noise",
        strength=share,
        evidence=[Evidence("loss", (), since, trace.last_step)],
    )
