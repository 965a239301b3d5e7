"""This run shows a batch of inputs with NaN or infinity in it, and a loss broken by it.

What it sees
    The first layer of the model got values that are not finite, and the loss of
    that very step was not finite either.

Why it hurts
    A single such number makes the loss NaN; the gradients are NaN then, and one
    step with them ruins every weight.

How it decides
    At the first non-finite loss the numbers that autograd kept of the first
    layers' inputs are looked at: at least one of them is NaN or infinite (unit:
    count; nothing to calibrate).  As for loss-nan, the loss is still non-finite
    at the end, or was so on 3 steps or more of a run that did not learn well, or the
    script skipped the batch and did not learn well: batches that a script skips by
    itself are forgiven while enough are left.  The step, the rows of
    the batch and the columns (channels) are named where they could be read.

Cure
    Drop the rows, or fill the gaps with a value from the training data.

Cure safety
    drop-or-impute changes the data.

When it is wrong
    Not known: an input that the model repairs by itself leaves the loss finite.

Example
    >>> # x = torch.tensor(frame.to_numpy())   # empty cells of a csv are NaN

References
    PyTorch, ``torch.isfinite``; SageMaker Debugger, tensor NaN rule; Little and
    Rubin, Statistical Analysis with Missing Data, 3rd edition (2019).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Fact, Trace

FEW_STEPS = 3  # non-finite steps that count although the loss came back; as for loss-nan

RULE = Rule(
    name="nan-input",
    code="D03",
    group="broken",
    organ=Organ.DATA,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "input_nonfinite",
        "fact:nonfinite", "fact:optimizer",
    ),
    explains=(
        "loss-nan", "nan-gradient", "loss-not-decreasing", "loss-diverges", "underfitting", "constant-output",
        "majority-collapse", "dead-relu", "vanishing-gradient", "exploding-gradient", "overfitting",
        "unnormalized-input", "lr-too-high", "loss-spike", "loses-to-baseline", "stale-optimizer",
    ),
    cures=("drop-or-impute",),
    summary="a batch of inputs with NaN or infinity in it",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the first broken loss came from a broken input."""
    first = next(iter(trace.facts_of("nonfinite")), None)
    if first is None or not first.data.get("input_nonfinite") or first.data.get("bad_parameters"):
        return
    loss = trace.step_signal("loss")
    total, skipped = int(loss.nonfinite.sum()), bool(first.data.get("skipped"))
    if not (total or skipped) or not len(loss):
        return
    at_end = not np.isfinite(loss.mean[-1]) or bool(loss.nonfinite[-1] > loss.counts[-1] // 2)
    if not at_end and ((total < FEW_STEPS and not skipped) or outcome(trace).good):
        return
    then = "the script skipped it" if not total else f"the loss was not finite on {total} steps"
    batches = _batches(trace)
    yield RULE.finding(
        where=batches,
        since_step=first.step,
        value=float(first.data.get("bad_values") or 1),
        threshold=1,
        unit="values that are not finite",
        message=f"the batch of step {first.step} {_which(first)}; {then}",
        why="one such number makes the loss NaN, and one step with its gradients ruins every weight",
        strength=1.0,
        evidence=[
            Evidence("loss", (), max(first.step - 20, trace.first_step), trace.last_step),
            *(Evidence("input_nonfinite", (place,), trace.first_step, trace.last_step) for place in batches),
        ],
    )


def _batches(trace: Trace) -> list[str]:
    """Models whose sampled batches held such values."""
    table = trace.sampled("input_nonfinite")
    return [place for place in table.places if (np.nan_to_num(table.column(place)) > 0).any()]


def _which(fact: Fact) -> str:
    """Where in the batch, as far as it is known."""
    data: Mapping[str, Any] = fact.data
    if not data.get("bad_values"):
        return "held values that are not finite"
    rows, columns = data.get("bad_rows") or [], data.get("bad_columns") or []
    return (
        f"held {data['bad_values']} values that are not finite, "
        f"in {_named('row', rows, int(data.get('bad_row_count') or 0))} "
        f"and {_named('column', columns, int(data.get('bad_column_count') or 0))} "
        f"of an input of {' x '.join(str(size) for size in data.get('bad_shape') or ())}"
    )


def _named(what: str, numbers: list[int], count: int) -> str:
    """``row 3``, ``rows 3, 7`` or ``40 rows (3, 7, ...)``."""
    listed = ", ".join(str(number) for number in numbers)
    if count > len(numbers):
        return f"{count} {what}s ({listed}, ...)"
    return f"{what}{'s' if count != 1 else ''} {listed}"
