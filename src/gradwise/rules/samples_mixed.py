"""This run shows a network whose answer for one sample hangs on its neighbours in the batch.

What it sees
    The probe `sample-mixing`: the gradient of one sample's output with respect to
    the inputs of the others, in eval mode, and the first module where it is not 0.

Why it hurts
    A recurrent or attention layer that takes samples for time steps, or a reshape
    that cuts across them, learns from whoever happens to stand beside a sample.
    Shuffled batches make that noise, and no prediction can be repeated.

How it decides
    More than 1 % of the gradient's size reaches other samples (0 where they stay
    apart; ours), the run learnt less than half of what a constant prediction
    leaves, and one of two: mixing begins inside a recurrent or attention layer with
    ``batch_first=False`` whose first axis holds the samples (proven by the
    targets or the loader; two-dimensional input needs a shuffled loader), or
    anywhere else in a poor run whose batches are shuffled: by the loader, or since
    rows met again stand beside others (9 of 10 pairs of batches).  Left alone: edges,
    adjacency or membership among the inputs (graphs), the same batch at every
    step (one graph, one series), norm layers.

Cure
    Say which axis is which: ``batch_first=True``, or ``permute`` instead of
    ``view``.

Cure safety
    Changes the model: its weights mean something else afterwards.

When it is wrong
    Attention between samples on purpose (SAINT, neural processes) in a run that
    learns badly for another reason.

Example
    >>> # nn.LSTM(3, 16)(x) with x of shape (samples, steps, 3): batch_first=True is missing

References
    Karpathy, "A Recipe for Training Neural Networks", 2019.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

LIMIT = 0.01  # share of the gradient that reaches other samples; ours
STRENGTH_AT = 0.5  # share at which nothing is surer; ours
FEWEST_MET = 10  # pairs of batches with rows in common; ours
REGROUPED = 0.9  # of those, pairs whose other rows are others; ours

RULE = Rule(
    name="samples-mixed",
    code="C19",
    group="sick",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:probe", "fact:rows", "loss", "criterion", "trivial", "accuracy", "majority", "target_std"),
    explains=(
        "loss-not-decreasing", "underfitting", "loses-to-baseline", "constant-output", "majority-collapse",
        "overfitting", "trained-too-short", "trained-too-long", "vanishing-gradient", "lr-too-low",
        "loss-oscillates", "fades-through-time",
    ),
    cures=("fix-layout",),
    summary="an answer for one sample that depends on other samples",
    at_once=True,
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding where samples mix that should not."""
    answers = [fact.data for fact in trace.facts_of("probe") if fact.where == "sample-mixing"]
    if not answers or answers[-1].get("verdict") != "mixed":
        return
    seen: Mapping[str, Any] = answers[-1].get("measured") or {}
    share = float(seen.get("share", 0.0))
    result = outcome(trace)
    if share <= LIMIT or result.good or result.opposing or _meant(seen):
        return
    layer = _layer(seen)
    if not layer and not (result.poor and (seen.get("shuffled") or _regrouped(trace))):
        return
    module, kind = str(seen.get("module", "")), str(seen.get("type", ""))
    if layer:
        told = f"{kind} takes its first axis for steps, but that axis holds the {seen.get('samples')} samples"
    else:
        told = f"it begins {'in' if seen.get('inside') else 'before'} {kind or 'the model'}"
    yield RULE.finding(
        where=[module] if module else [],
        since_step=trace.first_step,
        value=share,
        threshold=LIMIT,
        unit="share of the gradient",
        message=(
            f"{share:.0%} of what one output depends on are other samples of the batch "
            f"(limit {LIMIT:.0%}): {told}"
        ),
        why="who stands beside a sample in the batch is chance, and becomes part of the answer",
        strength=0.5 + 0.5 * min(share / STRENGTH_AT, 1.0),
    )


def _meant(seen: Mapping[str, Any]) -> bool:
    """Graphs, a single batch for the whole run, and norm layers mix on purpose."""
    return bool(seen.get("relations") or seen.get("repeated")) or "Norm" in str(seen.get("type", ""))


def _regrouped(trace: Trace) -> bool:
    """Whether rows that come again stand beside other rows than before."""
    latest = {fact.where: fact.data for fact in trace.facts_of("rows")}
    for data in latest.values():
        met, anew = int(data.get("met", 0)), int(data.get("regrouped", 0))
        if met >= FEWEST_MET and anew >= REGROUPED * met:
            return True
    return False


def _layer(seen: Mapping[str, Any]) -> bool:
    """Whether a layer that knows steps and samples has them the wrong way round."""
    if seen.get("batch_first") is not False or not seen.get("inside") or seen.get("axis") != 0:
        return False
    return seen.get("dims") == 3 or bool(seen.get("shuffled"))
