"""This run shows a model that is trained in evaluation mode.

What it sees
    Backward passes run while the model is in eval mode: its batch-norm layers
    use stored statistics and its dropout layers do nothing.

Why it hurts
    Batch-norm no longer normalises: it applies statistics from earlier, or the
    0 and 1 it began with, so activations drift and deep nets diverge or crawl.
    Without dropout the regularisation that was asked for is missing.

How it decides
    The model's own mode is eval in training passes, with batch-norm or dropout
    modules that are in eval too and are not frozen, and none left in train
    mode.  It holds at the end of the run and has held for at least 3 steps and
    5 % of the run, or for 20 % of the run in all (unit: share of steps; source:
    ``model.train()`` forgotten after the first validation costs nearly all
    steps).  Single layers put in eval inside a training model are meant, so
    are frozen ones, and so is fitting an input to a finished network, where no
    parameter of the model is in an optimizer.

Cure
    Call ``model.train()`` at the start of every epoch, after each validation.

Cure safety
    set-train-mode changes training: batch statistics and dropout return.

When it is wrong
    Fine-tuning a whole network with all its batch-norm statistics kept, set by
    ``model.eval()`` rather than layer by layer.

Example
    >>> # model.eval(); validate(model)   # and never model.train() again

References
    PyTorch, "Autograd mechanics: evaluation mode"; TrainCheck,
    arXiv 2506.14813; Karpathy, common mistakes (2018).
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Fact, Trace

MIN_STEPS = 3  # steps; one odd batch is not judged
LASTING_SHARE = 0.05  # share of the run, when it lasts to the end
TOTAL_SHARE = 0.2  # share of the run, when it comes and goes

RULE = Rule(
    name="eval-mode-while-training",
    code="C10",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:modes", "criterion"),
    explains=(
        "loss-diverges", "loss-nan", "loss-not-decreasing", "loss-oscillates", "loss-spike",
        "exploding-gradient", "vanishing-gradient", "dead-relu", "overfitting", "lr-too-high",
        "activation-scale-drift", "weights-grow", "underfitting", "loses-to-baseline",
        "trained-too-short",
    ),
    cures=("set-train-mode",),
    summary="a model trained in evaluation mode",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the model's own mode is eval for a lasting part of training."""
    if not any(parameter.in_optimizer and parameter.requires_grad for parameter in trace.parameters):
        return  # an input is fitted to a finished network
    facts = trace.facts_of("modes")
    end = trace.first_step + trace.steps
    stretches: list[tuple[int, int, Fact]] = []  # [start, stop) in steps, and what was seen
    for i, fact in enumerate(facts):
        stop = facts[i + 1].step if i + 1 < len(facts) else end
        if _at_fault(fact):
            stretches.append((fact.step, stop, fact))
    if not stretches:
        return
    total = sum(stop - start for start, stop, _ in stretches)
    share = total / max(trace.steps, 1)
    lasts = stretches[-1][1] == end
    limit = LASTING_SHARE if lasts else TOTAL_SHARE
    if total < MIN_STEPS or share < limit:
        return
    names = _unfrozen(stretches[-1][2])
    since = stretches[0][0]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    yield RULE.finding(
        where=names,
        since_step=since,
        value=share,
        threshold=limit,
        unit="share of steps",
        message=(
            f"{names[0]}{more} in eval mode in training passes, with the whole model: {share:.0%} of the "
            f"steps{', to the end' if lasts else ''} (limit {limit:.0%})"
        ),
        why="batch-norm applies stored statistics instead of normalising, and dropout does nothing",
        strength=share,
        evidence=[Evidence("loss", (), since, max(end - 1, since))],
    )


def _at_fault(fact: Fact) -> bool:
    """The whole model is in eval, and something that is not frozen is changed by that."""
    if fact.data.get("root_training", True) or fact.data.get("train_modules"):
        return False
    return bool(_unfrozen(fact))


def _unfrozen(fact: Fact) -> list[str]:
    frozen = set(fact.data.get("frozen", ()))
    return [name for name in fact.data.get("eval_modules", ()) if name not in frozen]
