"""This run shows parameters that get gradients but stand in no optimizer.

What it sees
    Parameters that require a gradient, receive one that is not zero, are in no
    parameter group of any optimizer and never change.

Why it hurts
    They keep their random start for ever.  A layer in the middle turns into a
    random projection that the others must work around; the gradient for it is
    computed and thrown away.

How it decides
    The latest `unowned` fact names such parameters and has stood for at least
    3 steps and 5 % of the run (unit: steps; source: parameters added to the
    optimizer late cure themselves and are reported as an empty list).  Not
    when their weights were loaded from a file (a pretrained part frozen by
    leaving it out), not when they were trained earlier, and not in the later
    stages of a run, which may rest on what the first has trained.  Where no
    parameter at all is in an optimizer, only when learning is poor: fitting an
    input to a fixed network is meant.

Cure
    Build the optimizer from ``model.parameters()`` after the model is
    complete; keep layers in ``nn.ModuleList``; add late ones with
    ``optimizer.add_param_group``.  To freeze on purpose, say so with
    ``requires_grad_(False)``.

Cure safety
    add-to-optimizer changes training: more parameters learn.

When it is wrong
    A random network used as a fixed feature map, when its parameters still
    require a gradient.  The same fault in a later stage only is missed.

Example
    >>> # optimizer = Adam(model.head.parameters())   # the random body never learns

References
    TrainCheck, arXiv 2506.14813; PyTorch, "Optimizer: per-parameter options".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Fact, Trace

MIN_STEPS = 3  # steps it must have stood; the optimizer may be completed right after the first
MIN_SHARE = 0.05  # share of the run it must have stood; ours
NAMED = 3  # parameters named in the message

RULE = Rule(
    name="params-not-in-optimizer",
    code="C03",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:unowned", "update_norm", "grad_norm", "criterion", "trivial", "accuracy", "majority"),
    explains=(
        "loss-not-decreasing", "vanishing-gradient", "constant-output", "majority-collapse",
        "underfitting", "dead-relu", "symmetric-init", "loses-to-baseline", "trained-too-short",
        "lr-too-low", "fades-through-time",
    ),
    cures=("add-to-optimizer",),
    summary="parameters with gradients that no optimizer holds",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding that names all parameters left out."""
    facts = trace.facts_of("unowned")
    if not facts or facts[-1].data.get("loaded"):
        return
    latest = facts[-1]
    names = [name for name in latest.data.get("parameters", ()) if not _ever_moved(trace, name)]
    since = _since(facts, names)
    end = trace.first_step + trace.steps
    limit = max(MIN_STEPS, MIN_SHARE * trace.steps)
    if not names or end - since < limit:
        return
    known = {parameter.name for parameter in trace.parameters}
    owned = [p for p in trace.parameters if p.in_optimizer and p.name not in names]
    if known and not owned and not outcome(trace).poor:
        return
    # modules that nobody registered are left out too, and stand in no model's list
    total = len(known.union(names)) if known else len(names) + int(latest.data.get("owned", 0))
    share = len(names) / max(total, 1)
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    gets, them = ("gets a gradient", "it") if len(names) == 1 else ("get gradients", "them")
    yield RULE.finding(
        where=names,
        since_step=since,
        value=len(names),
        threshold=0,
        unit="parameters",
        message=(
            f"{shown}: {gets} but no optimizer holds {them} ({len(names)} of {total} parameters, limit 0)"
        ),
        why=(
            "nearly the whole model stays at its random start and only the rest learns on top of it"
            if share > 0.5
            else "they keep their random start: their gradients are computed and thrown away"
        ),
        strength=0.5 + 0.5 * share,
        evidence=[Evidence("grad_norm", tuple(names), since, max(end - 1, since))],
    )


def _since(facts: Sequence[Fact], names: Sequence[str]) -> int:
    """First step of the unbroken stretch, up to the end, in which any of these names is listed."""
    since = facts[-1].step
    for fact in reversed(facts):
        if not set(names) & set(fact.data.get("parameters", ())):
            break
        since = fact.step
    return since


def _ever_moved(trace: Trace, name: str) -> bool:
    """Whether an optimizer changed it at some sampled step: then it was trained, and left out later."""
    table = trace.sampled("update_norm")
    return name in table.places and bool(np.any(table.column(name) > 0))
