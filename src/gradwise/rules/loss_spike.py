"""This run shows a loss that rises far above its level for a few steps, again and again.

What it sees
    Single steps, or a few in a row, whose loss is many times the median of the
    steps before them and above where training began; afterwards it comes back.

Why it hurts
    One such batch makes a step that is many times too long, and undoes what
    many good ones had reached.  Mostly a few broken samples are behind it.

How it decides
    A spike is a loss above 10 times the median of the 50 steps before it, above
    twice the first loss and above the best constant prediction's, with the
    median of the 25 steps after it back below 3 times that level (unit: loss;
    Lightning's spike detector asks for 2 times over 10 steps, which noisy
    batches reach).  At least 2 spikes, on at most 5 % of the steps, in a run of
    at least 100 steps that goes on after them, and they leave harm: the level
    after a spike is 1.1 times that before it, in the median of all spikes, and less
    than half of what there is to learn was learnt in the end.  The
    loss must be positive, no optimizers may oppose each other, and gradients
    may not be clipped already.

Cure
    Look at the samples of those batches; clip gradients, or skip such batches.

Cure safety
    clip-gradient and skip-batch change training: outliers count less.

When it is wrong
    Rare samples whose large loss is what should be learnt; losses of
    reinforcement learning after a rare reward.  A run whose loss is near zero spikes
    easily, so spikes are told only where little was learnt, and some are missed.

Example
    >>> # y[7] = 99999   # a sentinel for "missing" among the targets

References
    PyTorch Lightning, ``SpikeDetection``; Chowdhery et al., PaLM,
    arXiv 2204.02311, section 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import GOOD_SKILL, opposing, outcome, signed
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, Ints, Trace

HEIGHT = 10.0  # loss over the level before
ABOVE_START = 2.0  # loss over the first level
BACK = 3.0  # level after over level before
BEFORE, AFTER = 50, 25  # buckets (steps in short runs)
HARM = 1.1  # level after over level before, median of the spikes
CLIPPED = 0.5  # clip calls per step from which on spikes are taken care of
MIN_STEPS = 100  # steps of the run
MIN_SPIKES = 2  # spikes
MOST_SHARE = 0.05  # share of steps in spikes; more is a level of its own
APART = 5  # buckets between two spikes
FIRST = 10  # values of the loss whose median is its first level

RULE = Rule(
    name="loss-spike",
    code="L05",
    group="sick",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=(
        "loss", "target_std", "criterion", "trivial", "accuracy", "majority", "fact:clip", "fact:optimizer",
    ),
    explains=(),
    cures=("clip-gradient", "skip-batch"),
    summary="a loss that jumps far above its level for a few steps",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for all spikes."""
    loss = trace.step_signal("loss")
    if trace.steps < MIN_STEPS or len(loss) < MIN_STEPS or signed(loss) or opposing(trace):
        return
    if _clipped(trace) or not outcome(trace).reached < GOOD_SKILL:
        return
    finite = np.isfinite(loss.high) & np.isfinite(loss.mean)
    if not finite.any():
        return
    spikes, heights, harm = spikes_of(loss.mean[finite], loss.high[finite], _reference(trace))
    if len(spikes) < MIN_SPIKES or len(spikes) > MOST_SHARE * int(finite.sum()):
        return
    first = _groups(spikes)
    if len(first) < MIN_SPIKES or np.median(harm) < HARM:
        return
    steps = loss.steps[finite]
    highest = float(heights.max())
    yield RULE.finding(
        since_step=int(steps[spikes[0]]),
        value=highest,
        threshold=HEIGHT,
        unit="loss over the level before",
        message=(
            f"{len(first)} spikes, the highest {highest:.3g} times the level before it (limit {HEIGHT:g}), "
            f"which leave the loss {np.median(harm):.2g} times as high (limit {HARM:g}), "
            f"at steps {', '.join(str(int(steps[i])) for i in first[:4])}{' ...' if len(first) > 4 else ''}"
        ),
        why="single batches make steps many times too long; broken samples are the usual reason",
        strength=0.5,
        evidence=[Evidence("loss", (), int(steps[spikes[0]]), trace.last_step)],
    )


def spikes_of(means: Floats, highs: Floats, reference: float) -> tuple[Ints, Floats, Floats]:
    """Indices of spiking buckets, their height and the level after them, over the level before."""
    least = max(ABOVE_START * float(np.nanmedian(means[:FIRST])), reference)
    found: list[int] = []
    heights: list[float] = []
    harm: list[float] = []
    for i in np.flatnonzero(highs > least):
        before, after = means[max(i - BEFORE, 0) : i], means[i + 1 : i + 1 + AFTER]
        if len(before) < BEFORE // 2 or len(after) < AFTER // 2:
            continue
        level = float(np.median(before))
        if highs[i] > HEIGHT * level and np.median(after) < BACK * level:
            found.append(int(i))
            heights.append(float(highs[i]) / max(level, 1e-30))
            harm.append(float(np.median(after)) / max(level, 1e-30))
    return np.asarray(found, dtype=np.int64), np.asarray(heights), np.asarray(harm)


def _reference(trace: Trace) -> float:
    """Loss of the best constant prediction; 0 where it is not known."""
    trivial = trace.sampled("trivial").values
    return float(np.nanmax(trivial)) if np.isfinite(trivial).any() else 0.0


def _clipped(trace: Trace) -> bool:
    """Whether gradients are clipped at most steps, before the step that uses them."""
    facts = trace.facts_of("clip")
    if not facts:
        return False
    data = facts[-1].data
    return int(data.get("calls", 0)) - int(data.get("wasted", 0)) > CLIPPED * facts[-1].step


def _groups(spikes: Ints) -> list[int]:
    """The first bucket of each spike; neighbours belong together."""
    return [int(s) for k, s in enumerate(spikes) if k == 0 or s - spikes[k - 1] > APART]
