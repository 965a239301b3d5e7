"""This run shows a loss that jumps up and down more than it falls.

What it sees
    The loss of every step around its own level, whether the gradients of
    neighbouring steps point against each other, and whether all steps see the
    same rows.

Why it hurts
    Each step leaps over the valley to its other wall: the loss stays at the
    height of the leap, whatever lies below.

How it decides
    In the second half of a run that did not learn well (half of the trivial
    loss), what is left of the loss after its running mean of 9 changes its
    side from step to step (lag-1 correlation below -0.35, by 3 standard errors
    and more), by more than 5 % of the level and more than what the loss gained
    over that half; and the median cosine between the gradients of neighbouring
    steps is below -0.2.  Batches that differ in difficulty make a loss uneven,
    but their gradients agree or are indifferent (units: correlation, share,
    cosine; ours).

    Where every step sees the same rows, nothing but the rate (and dropout) makes
    the loss jump, and leaps need not come in twos: there a swing of more than 10 %
    of the level, and more than what was gained, is enough beside a median cosine
    below -0.5 after the first tenth of the run (two masks of dropout leave it
    around 0); and 90 % of the trivial loss removed forgives it, since full-batch
    training ends at the edge of stability and still gets there (ours).

    Momentum m carries a gradient on for 1 / (1 - m) steps. Where that is a quarter of the
    run and more, nothing has slowed the weights down by its end: they swing through each
    valley in waves that last for many steps, and the noise of the batches adds to them.
    There it is enough that the level of the loss, the median of a 24th of the run, rose to
    twice its best and the run did not learn well (units: share of the run, ratio; ours).

Cure
    A smaller rate; larger batches. Where momentum makes the waves, 0.9 of it, or Adam.

Cure safety
    All change training only.

When it is wrong
    Two kinds of batches in turn that ask for opposite changes.

Example
    >>> # full-batch gradient descent with a rate just above 2 / curvature

References
    Cohen et al., "Gradient descent on neural networks typically occurs at the edge
    of stability", arXiv 2103.00065; Zhang et al., "AutoTrainer", ICSE 2021; Polyak,
    "Some methods of speeding up the convergence of iteration methods", 1964.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import opposing, outcome, signed
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, Trace

LAG_LIMIT = -0.35  # lag-1 correlation; a running mean of 9 alone leaves -0.1 of white noise
ERRORS = 3.0  # standard errors, 1 / sqrt(steps)
WIDTH = 9  # steps of the running mean
SWING_LIMIT = 0.05  # of the level; ours
COSINE_LIMIT = -0.2  # between neighbouring gradients; ours
MIN_STEPS = 80  # steps
MIN_PAIRS = 4  # pairs of neighbouring sampled steps in the second half
SAME_BATCHES = 20  # batches looked at, all of the same rows, before a run counts as full-batch
FULL_SWING = 0.1  # of the level, without noise from batch to batch; ours
FULL_COSINE = -0.5  # between neighbouring full gradients: more than half is taken back; ours
FULL_FROM = 0.1  # share of the run after which these are taken
MEMORY = 0.25  # of the run, for which momentum carries a gradient on; ours
BLOCKS = 24  # of the run, whose medians are the level of the loss
RISEN = 2.0  # level over the best one before it; ours
RECOVERED = 0.9  # share of the trivial loss removed that forgives leaps of full batches; ours

RULE = Rule(
    name="loss-oscillates",
    code="L03",
    group="sick",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "grad_agreement",
        "fact:optimizer", "fact:rows",
    ),
    explains=(
        "loss-not-decreasing", "loss-spike", "underfitting", "loses-to-baseline", "trained-too-short",
        "loss-diverges", "saturated-activation", "activation-scale-drift", "weights-grow",
    ),
    cures=("lower-lr", "larger-batch"),
    summary="a loss that jumps up and down more than it falls",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the loss leaps from wall to wall, or swings in long waves."""
    loss = trace.step_signal("loss")
    if trace.steps < MIN_STEPS or signed(loss) or opposing(trace):
        return
    result = outcome(trace)
    waves = [] if result.good or result.nonfinite else list(_waves(trace))
    yield from waves
    if waves or not (loss.counts == 1).all():
        return
    values = loss.mean[len(loss.mean) // 2 :]
    if result.nonfinite or not np.isfinite(values).all() or len(values) < MIN_STEPS // 2:
        return
    correlation, swing = _swing(values)
    level = float(np.median(values))
    gained = _gained(values)
    since = int(loss.steps[len(loss.mean) // 2])
    if not level > 0 or swing < max(SWING_LIMIT * level, gained):
        return
    uneven = correlation < LAG_LIMIT and correlation < -ERRORS / np.sqrt(len(values))
    cosine = _against(trace, 0.5)
    if result.good or not (uneven and cosine < COSINE_LIMIT):
        if not result.reached >= RECOVERED:
            yield from _full(trace, swing / level, since)
        return
    yield RULE.finding(
        since_step=since,
        value=correlation,
        threshold=LAG_LIMIT,
        unit="lag-1 correlation",
        message=(
            f"the loss swings by {swing / level:.0%} of its level from step to step (correlation of "
            f"neighbours {correlation:.2f}, limit {LAG_LIMIT:g}), and neighbouring gradients point against "
            f"each other (cosine {cosine:.2f}, limit {COSINE_LIMIT:g})"
        ),
        why="each step leaps over the valley to its other wall, and the loss stays at the height of the leap",
        strength=min(0.4 + abs(correlation) / 2, 1.0),
        evidence=[Evidence("loss", (), since, trace.last_step)],
    )


def _waves(trace: Trace) -> Iterator[Finding]:
    """One finding where momentum outlasts a good part of the run, and the loss comes back."""
    shares = [float(fact.data.get("momentum") or 0.0) for fact in trace.facts_of("optimizer")]
    momentum = max(shares, default=0.0)
    carried = 1 / (1 - momentum) if momentum < 1 else float("inf")
    loss = trace.step_signal("loss")
    known = np.isfinite(loss.mean)
    steps, values = loss.steps[known], loss.mean[known]
    if carried < MEMORY * trace.steps or len(values) < BLOCKS:
        return
    levels = np.array([np.median(part) for part in np.array_split(values, BLOCKS)])
    best = np.minimum.accumulate(levels)
    at = int(np.argmax(levels / best)) if best[-1] > 0 else 0
    if not levels[at] > RISEN * best[at]:
        return
    since = int(steps[len(steps) * int(np.argmin(levels[: at + 1])) // BLOCKS])
    yield RULE.finding(
        since_step=since,
        value=carried / trace.steps,
        threshold=MEMORY,
        unit="share of the run",
        message=(
            f"momentum {momentum:g} carries a gradient on for {carried:.4g} steps, and the run has "
            f"{trace.steps} (limit {MEMORY:.0%} of them): the loss came down to {best[at]:.3g} and swung up "
            f"to {levels[at]:.3g}"
        ),
        why="nothing slows the weights down: they swing through the valley, further with each noisy batch",
        strength=0.5 + min(carried / trace.steps, 1.0) / 2,
        evidence=[Evidence("loss", (), since, trace.last_step)],
        cures=("adam", "lower-lr"),
    )


def _full(trace: Trace, swing: float, since: int) -> Iterator[Finding]:
    """One finding where steps on the same rows leap."""
    rows, cosine = _same_rows(trace), _against(trace, FULL_FROM)
    if not rows or not swing > FULL_SWING or not cosine < FULL_COSINE:
        return
    yield RULE.finding(
        since_step=since,
        value=swing,
        threshold=FULL_SWING,
        unit="share of the level",
        message=(
            f"every step sees the same {rows} rows, and yet the loss swings by {swing:.0%} of its level "
            f"(limit {FULL_SWING:.0%}), while neighbouring gradients point against each other "
            f"(cosine {cosine:.2f}, limit {FULL_COSINE:g})"
        ),
        why="each step leaps over the valley to its other wall, and the loss stays at the height of the leap",
        strength=min(0.4 + swing, 1.0),
        evidence=[Evidence("loss", (), since, trace.last_step)],
        cures=("lower-lr",),
    )


def _same_rows(trace: Trace) -> int:
    """How many rows every batch that was looked at has in common with all others; 0 when they differ."""
    facts = trace.facts_of("rows")
    seen = facts[-1].data if facts else {}
    batches = int(seen.get("batches", 0))
    whole = batches >= SAME_BATCHES and int(seen.get("same", 0)) >= batches - 1
    return int(seen.get("distinct", 0)) if whole else 0


def _swing(values: Floats) -> tuple[float, float]:
    """Lag-1 correlation and standard deviation of what a running mean leaves over."""
    windows = np.lib.stride_tricks.sliding_window_view(values, WIDTH)
    rest = values[WIDTH // 2 : len(values) - WIDTH // 2] - windows.mean(axis=1)
    rest = rest - rest.mean()
    power = float(np.dot(rest, rest))
    if power <= 0:
        return 0.0, 0.0
    return float(np.dot(rest[1:], rest[:-1]) / power), float(rest.std())


def _gained(values: Floats) -> float:
    """How much the middle of the swings has fallen."""
    middle = np.lib.stride_tricks.sliding_window_view(values, WIDTH).mean(axis=1)
    half = len(middle) // 2
    return float(np.median(middle[:half]) - np.median(middle[half:]))


def _against(trace: Trace, share: float) -> float:
    """Median cosine between neighbouring gradients after that share of the run; NaN when hardly measured."""
    table = trace.sampled("grad_agreement")
    late = table.values[table.steps >= trace.first_step + int(share * trace.steps)]
    late = late[np.isfinite(late)]
    return float(np.median(late)) if len(late) >= MIN_PAIRS else float("nan")
