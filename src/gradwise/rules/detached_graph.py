"""This run shows parameters that take part in the forward pass and get no gradient.

What it sees
    Parameters in an optimizer that require a gradient, whose modules run in
    training passes, and that never have one: the graph ends before it reaches
    them.

Why it hurts
    Everything in front of the cut stays at its random start; what comes behind
    must make do with random features.  Where the loss itself is cut off,
    nothing learns at all.

How it decides
    The latest `unreached` facts name such parameters, have stood for at least 5
    steps and half of the run (unit: steps; ours), and nothing that does get a
    gradient runs before them: branches that end unused, such as auxiliary
    heads, lie behind others and are left alone.  Never when a parameter had a
    gradient, or changed, at any sampled step; not when weights came from a
    file (a frozen backbone); not when every one of them has a learning twin of
    the same name and shape (target networks, averages, momentum encoders).
    Modules that ran under ``no_grad`` count only when learning is poor, for
    random or earlier features are often meant there.  A run that fails because
    torch finds no gradient function behind the loss is named without more ado.

Cure
    Take out what cuts the graph: ``.detach()``, ``.data``, ``.numpy()``,
    ``argmax``, ``no_grad``, or a new tensor made of the loss.

Cure safety
    keep-graph changes training: more parameters learn.

When it is wrong
    Layers kept random on purpose by a ``detach`` while they stay in the
    optimizer.  A cut in the middle of a net with a way around it is missed.

Example
    >>> # loss = Variable(loss.data, requires_grad=True); loss.backward()

References
    Amazon SageMaker Debugger, built-in rules; PyTorch, "Autograd mechanics".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Fact, Trace

MIN_STEPS = 5  # steps it must have stood
MIN_SHARE = 0.5  # share of the run it must have stood, up to its end
NAMED = 3  # modules named in the message
REFUSED = "does not require grad and does not have a grad_fn"  # torch's words about such a loss

RULE = Rule(
    name="detached-graph",
    code="C12",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:unreached", "update_norm", "grad_norm", "criterion", "trivial", "accuracy", "majority"),
    explains=(
        "optimizer-never-steps",
        "loss-not-decreasing",
        "constant-output",
        "majority-collapse",
        "underfitting",
        "vanishing-gradient",
        "loses-to-baseline",
        "lr-too-low",
        "dead-relu",
        "symmetric-init",
        "saturated-activation",
        "initial-loss-off",
        "trained-too-short",
    ),
    cures=("keep-graph",),
    summary="parameters that run in the forward pass and get no gradient",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding that says which modules are cut off, and where."""
    if trace.run.status == "failed" and REFUSED in trace.run.error:
        yield _refused(trace)
        return
    facts = trace.facts_of("unreached")
    if not facts or not facts[-1].data.get("parameters"):
        return
    data, since = facts[-1].data, _since(facts)
    names = [name for name in data["parameters"] if not _ever(trace, str(name))]
    end = trace.first_step + trace.steps
    if not names or end - since < max(MIN_STEPS, MIN_SHARE * trace.steps):
        return
    if data.get("loaded") or data.get("twins") or not (data.get("first") or data.get("whole")):
        return
    modules = [str(module) for module in data.get("modules", ())]
    without = set(data.get("gradless", ()))
    if without >= set(modules) and not outcome(trace).poor:
        return
    total = max(int(data.get("trained", 0)), len(names))
    yield RULE.finding(
        where=modules,
        since_step=since,
        value=len(names),
        threshold=0,
        unit="parameters",
        message=(
            f"{len(names)} of {total} parameters run in the forward pass and never get a gradient (limit 0): "
            f"{_where(data, modules, without)}"
        ),
        why=(
            "the loss is cut off from the whole model: no parameter learns"
            if data.get("whole")
            else "what lies before the cut stays at its random start"
        ),
        strength=0.5 + 0.5 * len(names) / total,
        evidence=[Evidence("grad_norm", tuple(str(name) for name in names), since, max(end - 1, since))],
    )


def _since(facts: Sequence[Fact]) -> int:
    """Since when the parameters of the latest fact have been named by every one."""
    names, since = set(facts[-1].data["parameters"]), facts[-1].step
    for earlier in reversed(facts):
        if not names <= set(earlier.data.get("parameters", ())):
            break
        since = earlier.step
    return since


def _refused(trace: Trace) -> Finding:
    return RULE.finding(
        where=[],
        since_step=max(trace.last_step, trace.first_step),
        value=1.0,
        threshold=0,
        unit="losses without a graph",
        message="the run ended at a backward from a loss that no trainable parameter reaches",
        why="no_grad, detach, .data, argmax or a new tensor cut it off, or every parameter is frozen",
        strength=1.0,
        evidence=[Evidence("loss", (), trace.first_step, max(trace.last_step, trace.first_step))],
    )


def _where(data: Mapping[str, Any], modules: list[str], without: set[str]) -> str:
    shown = ", ".join(modules[:NAMED]) + (f" and {len(modules) - NAMED} more" if len(modules) > NAMED else "")
    if data.get("leaf_loss"):
        return "backward begins at a tensor that was made anew from the loss's value"
    if without >= set(modules):
        return f"{shown} ran with gradients switched off"
    if data.get("before"):
        return f"{shown}; the graph ends before {data['before']}"
    return f"{shown}; the graph ends between them and the loss"


def _ever(trace: Trace, name: str) -> bool:
    """Whether it had a gradient, or was updated, at some sampled step."""
    for signal in ("update_norm", "grad_norm"):
        table = trace.sampled(signal)
        if name in table.places and bool(np.any(np.nan_to_num(table.column(name)) > 0)):
            return True
    return False
