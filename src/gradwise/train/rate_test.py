"""The learning-rate range test (Smith, arXiv 1506.01186, section 3.3): which rate suits this net and data.

The rate grows from step to step by the same factor while a copy of the net trains. The loss first stays, then
falls, then bursts. The suggestion is a tenth of the rate at which the smoothed loss is lowest: at that rate
itself the next steps would burst (fast.ai's rule "minimum / 10").
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np

from gradwise.data.examples import Array
from gradwise.errors import UsageError
from gradwise.optim.groups import SHARE
from gradwise.train.batches import Batch
from gradwise.train.loop import step as training_step
from gradwise.train.randomness import random_state, restore_random_state
from gradwise.train.training import Training

STEPS = (100, 50, 30)  # the first that time allows: 100 is fast.ai's and Lightning's number; with under 30
# a decade of rates has too few to be smoothed.  Three numbers only, so that time seldom decides the rate.
DECADES_DOWN = 3  # of rates below the optimizer's usual one, where the test starts
DECADES_UP = 4  # above it, where the test ends unless the loss bursts before
SMOOTHING = 7  # steps of the centred mean
BURST = 4.0  # times the lowest loss so far, smoothed: fast.ai's limit
FIRST_STEPS = 7  # before which no burst is looked for
SAFETY = 10.0  # the suggestion is the best rate over this
CLEAR_FALL = 3.5  # standard errors of the smoothed loss: a smaller fall is noise
STEP_TO_DEVIATION = math.sqrt(math.pi) / 2  # of normal noise: deviation over mean distance of neighbours


@dataclass(frozen=True, slots=True)
class RangeTest:
    """What a range test came to.

    Args:
        rates: (K,) of the steps taken.
        losses: (K,) before each step, as measured.
        suggestion: learning rate.
        reason: why, with numbers.
        found: whether the test decided; else the suggestion is the optimizer's usual rate.
        hurried: whether time allowed less than the full number of steps.
    """

    rates: Array
    losses: Array
    suggestion: float
    reason: str
    found: bool
    hurried: bool = False

    @property
    def smooth(self) -> Array:
        """(L,) the losses as they are judged, up to the first that is no number."""
        return smoothed(self.losses[: _finite(self.losses)])


def range_test(
    rehearsal: Callable[[], Training],
    batches: Sequence[Batch],
    *,
    usual: float,
    steps: Sequence[int] = STEPS,
    seconds: float = 10.0,
) -> RangeTest:
    """Try rates from far below ``usual`` to far above it.

    Random states are put back.  Cost: at most 100 training steps with one host sync each.

    Args:
        rehearsal: makes a training at a constant rate on a **copy** of the model.
        batches: of the training; they are used in turn.
        usual: the optimizer's usual rate.
        steps: how many steps may be taken, falling; the first number that the time allows.
        seconds: that the test may take, about.

    Raises:
        UsageError: no batches, or a usual rate that is not above 0.
    """
    if not batches:
        raise UsageError("a range test needs at least one batch, and there is none.")
    if not 0 < usual < math.inf:
        raise UsageError(f"a range test starts around a rate above 0, not {usual:g}.")
    state = random_state()
    try:
        taken = _affordable(_started(rehearsal), batches, usual, steps, seconds)
        restore_random_state(state)  # however many steps were timed
        rates, losses = _climb(_started(rehearsal), batches, usual, taken)
    finally:
        restore_random_state(state)
    return replace(judge(rates, losses, usual), hurried=taken < steps[0])


def _started(rehearsal: Callable[[], Training]) -> Training:
    training = rehearsal()
    training.wake()
    return training


def _affordable(
    training: Training, batches: Sequence[Batch], usual: float, steps: Sequence[int], seconds: float
) -> int:
    """How many steps the time allows; 0: too few to mean anything."""
    lowest = usual * 10.0**-DECADES_DOWN
    _loss_at(training, batches[0], lowest)  # kernels are prepared here
    spent = math.inf
    for _ in range(2):  # a single step may meet a hitch of the machine
        started = time.perf_counter()
        _loss_at(training, batches[0], lowest)
        spent = min(spent, time.perf_counter() - started)
        if steps[0] * spent <= seconds:
            break
    return next((count for count in steps if count * spent <= seconds), 0)


def _climb(training: Training, batches: Sequence[Batch], usual: float, steps: int) -> tuple[Array, Array]:
    """Rates and losses until the loss bursts or the steps are taken."""
    turn = cycle(batches)
    rates = usual * np.logspace(-DECADES_DOWN, DECADES_UP, steps)
    losses: list[float] = []
    for rate in rates:
        losses.append(_loss_at(training, next(turn), float(rate)))
        if not math.isfinite(losses[-1]) or _bursts(losses):
            break
    return rates[: len(losses)], np.array(losses)


def _loss_at(training: Training, batch: Batch, rate: float) -> float:
    for group in training.optimizer.param_groups:
        group["lr"] = rate * group.get(SHARE, 1.0)
    return float(training_step(training, *batch))


def _bursts(losses: list[float]) -> bool:
    if len(losses) < FIRST_STEPS + SMOOTHING:
        return False
    return bool(np.mean(losses[-(SMOOTHING // 2) :]) > BURST * smoothed(np.array(losses)).min())


def smoothed(losses: Array) -> Array:
    """(K,) centred mean over 7 steps, fewer at the ends.

    >>> smoothed(np.array([0.0, 1.0, 2.0])).tolist()
    [1.0, 1.0, 1.0]
    """
    half = SMOOTHING // 2
    return np.array([losses[max(0, i - half) : i + half + 1].mean() for i in range(len(losses))])


def _finite(losses: Array) -> int:
    """How many losses come before the first that is no number."""
    finite = np.isfinite(losses)
    return len(losses) if finite.all() else int(np.argmin(finite))


def judge(rates: Array, losses: Array, usual: float) -> RangeTest:
    """The suggestion that follows from a test's losses.

    Args:
        rates: (K,) rising.
        losses: (K,) before each step.
        usual: the optimizer's rate, suggested where the losses tell nothing.
    """
    kept = _finite(losses)

    def undecided(why: str) -> RangeTest:
        return RangeTest(rates, losses, usual, f"the optimizer's usual rate: {why}", found=False)

    if kept < SMOOTHING:
        return undecided("too little time or too few steps for a range test")
    smooth = smoothed(losses[:kept])
    best = int(smooth.argmin())
    level = float(smooth[: max(1, kept // 5)].mean())  # the first fifth: rates too small to matter
    steps = np.abs(np.diff(losses[: best + 1]))
    noise = float(steps.mean()) * STEP_TO_DEVIATION if best else math.inf  # standard deviation of one loss
    fall = level - float(smooth[best])
    if fall <= CLEAR_FALL * noise / math.sqrt(SMOOTHING):
        return undecided(f"in a range test the loss fell from {level:.3g} by {fall:.2g}, within its noise")
    rate = float(rates[best] / SAFETY)
    reason = (
        f"range test: loss {level:.3g} fell to {smooth[best]:.3g} at rate {rates[best]:.2g}; a tenth of that"
    )
    return RangeTest(rates, losses, rate, reason, found=True)
