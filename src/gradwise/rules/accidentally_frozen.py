"""This run shows freshly initialised parameters that do not require a gradient.

What it sees
    Modules take part in training with ``requires_grad`` switched off, and their
    weights are distributed as torch's own initialisation leaves them: nobody
    has trained them.

Why it hurts
    Freezing keeps what was learnt; here nothing was.  The rest learns on top of
    random features, or a random head decides about learnt ones.

How it decides
    Frozen matrices whose values are uniformly distributed (fourth moment over
    squared second within 4 standard errors of 9/5, unit: 1; torch's linear and
    convolution layers begin so, trained weights do not stay so) or normally with
    mean 0 and a variance that He's, Glorot's or LeCun's initialisation gives, or 1
    (torch's embeddings), 0.02 or 0.01 squared, or rows of length 1 that point
    anywhere; none of them loaded from a file or changed at any sampled step, frozen to the end and
    for at least half of the run.  They hold at least half of all numbers of the
    frozen and trainable parameters, or are more than half of the matrices, or the
    last layer is among them.  And they are
    in an optimizer, which was hence meant to train them, or learning is poor.
    Not when each has a trainable twin of the same name and shape (target
    networks, averages).  Or: a module bears an attribute ``requires_grad = True`` of
    its own, which torch does not look at, and all of its parameters are frozen to
    the end (a fact; the switch is ``requires_grad_``).

Cure
    Freeze only what holds trained weights.

Cure safety
    unfreeze changes training: more parameters learn.

When it is wrong
    Random features or a random classifier that are meant, handed to the
    optimizer all the same.  Frozen layers with another initialisation are missed.

Example
    >>> # for p in backbone.parameters(): p.requires_grad = False   # weights=None

References
    TrainCheck, arXiv 2506.14813; PyTorch tutorials, Transfer learning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

FROZEN_SHARE = 0.5  # share of all numbers in parameters
STANDING = 0.5  # share of the run for which it stands, up to its end
MIN_STEPS = 5  # steps
NAMED = 3  # parameters named in the message

RULE = Rule(
    name="accidentally-frozen",
    code="C14",
    group="sick",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:frozen", "fact:attributes", "update_norm", "criterion", "trivial", "accuracy", "majority"),
    explains=(
        "loss-not-decreasing",
        "constant-output",
        "majority-collapse",
        "underfitting",
        "vanishing-gradient",
        "loses-to-baseline",
        "dead-relu",
        "saturated-activation",
        "trained-too-short",
        "lr-too-low",
    ),
    cures=("unfreeze",),
    summary="freshly initialised parameters that do not require gradients",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield a finding that names the frozen random parameters, or modules that were to be unfrozen."""
    yield from _by_attribute(trace)
    facts = trace.facts_of("frozen")
    if not facts:
        return
    data, since = facts[-1].data, facts[-1].step
    excluded = set(data.get("loaded", ())) | {p for p in data.get("uniform", ()) if _moved(trace, str(p))}
    names = [str(name) for name in data.get("uniform", ()) if name not in excluded]
    end = trace.first_step + trace.steps
    if not names or end - since < max(MIN_STEPS, STANDING * trace.steps):
        return
    if set(names) <= set(data.get("twins", ())):
        return
    shapes = {parameter.name: math.prod(parameter.shape) for parameter in trace.parameters}
    numbers = sum(shapes.get(name, 0) for name in names)
    total = int(data.get("numbers", 0)) + int(data.get("trainable", 0))
    share = numbers / max(total, 1)
    head = any(name.rpartition(".")[0] == data.get("last") for name in names)
    matrices = [p.name for p in trace.parameters if p.is_matrix]
    most = len(set(names) & set(matrices)) > FROZEN_SHARE * len(matrices)
    if share < FROZEN_SHARE and not head and not most:
        return
    if not set(names) & set(data.get("held", ())) and not outcome(trace).poor:
        return
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    yield RULE.finding(
        where=names,
        since_step=since,
        value=share,
        threshold=FROZEN_SHARE,
        unit="share of parameters",
        message=(
            f"{shown}: frozen at {'its' if len(names) == 1 else 'their'} random start, {share:.0%} of the "
            f"model's numbers{', the last layer among them' if head else ''} (limit {FROZEN_SHARE:.0%})"
        ),
        why="freezing keeps what was learnt, and these weights are as the initialisation drew them",
        strength=max(share, 0.5),
        evidence=[Evidence("loss", (), since, max(end - 1, since))],
    )


def _by_attribute(trace: Trace) -> Iterator[Finding]:
    """``module.requires_grad = True`` is a new attribute of the module, and no parameter hears of it."""
    facts = trace.facts_of("attributes")
    frozen = dict(facts[-1].data.get("frozen", {})) if facts else {}
    end = trace.first_step + trace.steps
    if not frozen or end - facts[-1].step < MIN_STEPS:
        return
    names = [name for name in frozen if name.rpartition(".")[0] not in frozen]
    numbers = sum(frozen[name] for name in names)
    share = numbers / max(int(facts[-1].data.get("numbers", 0)), 1)
    yield RULE.finding(
        where=names,
        since_step=facts[-1].step,
        value=share,
        threshold=0.0,
        unit="share of parameters",
        message=(
            f"{', '.join(names[:NAMED])}: requires_grad = True was set on the module, where it is a mere "
            f"attribute, and {numbers:,} numbers in its parameters stay frozen ({share:.0%} of the model's)"
        ),
        why="only requires_grad_(True), or the attribute of each parameter, lets them learn again",
        strength=max(share, 0.5),
        evidence=[Evidence("loss", (), facts[-1].step, max(end - 1, facts[-1].step))],
    )


def _moved(trace: Trace, name: str) -> bool:
    table = trace.sampled("update_norm")
    return name in table.places and bool(np.any(np.nan_to_num(table.column(name)) > 0))
