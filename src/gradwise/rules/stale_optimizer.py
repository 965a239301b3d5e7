"""This run shows an optimizer that holds tensors of a model that no longer runs.

What it sees
    Tensors in an optimizer belong to no module that takes part in training and
    never get a gradient, while parameters that do get gradients are in no
    optimizer.

Why it hurts
    The optimizer updates what nothing uses; the model that runs, or its
    replaced layer, keeps its random start.

How it decides
    The latest `stale-optimizer` fact names such tensors and running parameters
    beside them, and has stood for at least 3 steps and 5 % of the run (unit:
    steps; source: as for params-not-in-optimizer, which sees the other half of
    it).

Cure
    Create the optimizer after the last line that replaces the model or one of
    its layers.

Cure safety
    rebuild-optimizer changes training: what runs begins to learn.

When it is wrong
    A layer that was replaced on purpose by one that shall stay random, with
    the old optimizer kept; freeze it to say so.

Example
    >>> # optimizer = Adam(model.parameters()); model.fc = nn.Linear(512, 10)

References
    TrainCheck, arXiv 2506.14813; PyTorch, ``torch.optim``: constructing it.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

MIN_STEPS = 3  # steps it must have stood
MIN_SHARE = 0.05  # share of the run it must have stood; ours

RULE = Rule(
    name="stale-optimizer",
    code="C04",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:stale-optimizer",),
    explains=(
        "params-not-in-optimizer", "optimizer-never-steps", "missing-zero-grad", "loss-not-decreasing",
        "constant-output", "majority-collapse", "underfitting", "loses-to-baseline", "lr-too-low",
        "vanishing-gradient", "initial-loss-off", "exploding-gradient", "loss-oscillates",
        "trained-too-short", "loss-diverges",
    ),
    cures=("rebuild-optimizer",),
    summary="an optimizer that holds tensors nothing runs",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for an optimizer whose tensors no longer run."""
    facts = trace.facts_of("stale-optimizer")
    if not facts or not facts[-1].data.get("parameters"):
        return
    latest = facts[-1]
    since = latest.step
    end = trace.first_step + trace.steps
    limit = max(MIN_STEPS, MIN_SHARE * trace.steps)
    if end - since < limit:
        return
    held, running = int(latest.data.get("count", 0)), [str(name) for name in latest.data.get("running", ())]
    trained = int(latest.data.get("trained", 0))
    rest = "nothing else that it holds is trained" if not trained else f"{trained} others are trained"
    yield RULE.finding(
        where=running,
        since_step=since,
        value=held,
        threshold=0,
        unit="tensors",
        message=(
            f"the optimizer holds {held} tensors that no training pass uses (limit 0; {rest}), while "
            f"{running[0]}{f' and {len(running) - 1} more' if len(running) > 1 else ''} run, get gradients "
            "and are in no optimizer"
        ),
        why="the model, or a layer of it, was replaced after the optimizer was made",
        strength=1.0 if not trained else 0.8,
        evidence=[Evidence("update_norm", (), since, max(end - 1, since))],
    )
