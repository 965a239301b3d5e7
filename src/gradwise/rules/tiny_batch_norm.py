"""This run shows batch-norm that estimates its statistics from a handful of values.

What it sees
    A batch-norm layer in training mode that gets two to four values per channel
    (samples times positions), or a last batch of one that torch refuses.

Why it hurts
    Of two values, mean and variance leave only which of them is larger.  Of four,
    the variance is off by 40 % from batch to batch.  What the layer does in
    training has little to do with what its running averages do in evaluation.

How it decides
    Median over at least 4 sampled steps of the values per channel: at most 3 and
    less than 90 % learnt, or at most 4 and less than half learnt (units: values;
    better of skill and lift; source: the relative error of a variance of n values
    is sqrt(2 / (n - 1))).  Also where the run ended because torch met a single
    value per channel.
    Images of batch size 1 have as many values as positions and are left alone.

Cure
    Group-norm or layer-norm, which do not look at other samples; a larger batch;
    ``drop_last=True`` where only the last batch is too small.

Cure safety
    group-norm changes the model, larger-batch training only.  Adding up gradients
    does not enlarge the batch that batch-norm sees.

When it is wrong
    Where hardly anything can be learnt of a task, a small batch is not to blame.

Example
    >>> # nn.BatchNorm1d(64) with DataLoader(..., batch_size=2)

References
    Wu and He, "Group Normalization", arXiv 1803.08494; Ioffe, "Batch
    Renormalization", arXiv 1702.03275.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.calls import measured
from gradwise.rules.learning import GOOD_SKILL, outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

HANDFUL = 4.0  # values; their variance is off by 80 % (one standard error)
TWO = 2.0  # values, of which nothing is left but their order
THREE = 3.0  # values, whose variance is off by its own size
FINE = 0.9  # better of skill and lift; above it even two values do no harm; ours
MIN_SAMPLES = 4  # sampled steps
REFUSED = "Expected more than 1 value per channel when training"  # torch's words

RULE = Rule(
    name="tiny-batch-norm",
    code="C18",
    group="sick",
    organ=Organ.ARCHITECTURE,
    since="0.1.0",
    reads=(
        "norm_values", "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "fact:optimizer",
    ),
    explains=(
        "loss-oscillates", "loss-not-decreasing", "noisy-gradient", "overfitting", "underfitting",
        "loss-spike", "constant-output", "majority-collapse", "loses-to-baseline", "tiny-batches",
        "train-val-shift", "trained-too-short",
    ),
    cures=("group-norm", "larger-batch"),
    summary="batch-norm on a handful of values",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for all batch-norm layers that see too few values."""
    if REFUSED in trace.run.error and trace.last_step + 1 >= trace.run.steps:
        yield _refused(trace)
        return
    places = trace.sampled("norm_values").places
    medians = {place: _median(trace, place) for place in places}
    few = {place: values for place, values in medians.items() if values <= HANDFUL}
    if not few:
        return
    result = outcome(trace)
    if not result.reached < (FINE if min(few.values()) <= THREE else GOOD_SKILL) or result.opposing:
        return
    place, values = min(few.items(), key=lambda item: item[1])
    since = trace.first_step
    yield RULE.finding(
        where=list(few),
        since_step=since,
        value=values,
        threshold=HANDFUL,
        unit="values per channel",
        message=f"{place} averages over {values:.0f} values per channel (limit {HANDFUL:.0f})",
        why="mean and variance of so few are noise, and evaluation uses other ones",
        strength=1 - values / 8,
        evidence=[Evidence("norm_values", tuple(few), since, trace.last_step)],
    )


def _median(trace: Trace, place: str) -> float:
    values = measured(trace, "norm_values", place)
    return float(np.median(values)) if len(values) >= MIN_SAMPLES else np.inf


def _refused(trace: Trace) -> Finding:
    return RULE.finding(
        where=[],
        since_step=max(trace.last_step, trace.first_step),
        value=1.0,
        threshold=TWO,
        unit="values per channel",
        message="the run ended where batch-norm met a batch with one value per channel",
        why="one value has no variance; most often it is the last batch of an epoch, of a single sample",
        strength=1.0,
        evidence=[Evidence("loss", (), trace.first_step, max(trace.last_step, trace.first_step))],
        cures=("larger-batch", "group-norm"),
    )
