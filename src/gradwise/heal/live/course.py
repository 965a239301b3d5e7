"""How the training losses go: their running level, and whether they have left it for good.

Pure Python, asked at every step: about a microsecond, and five at every fifth step.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from statistics import median

from gradwise.rules.loss_diverges import LOST_FROM, STRICT_GROWTH
from gradwise.rules.loss_spike import ABOVE_START, AFTER, BACK, BEFORE, FIRST, HEIGHT

LOOK = 5  # steps between two looks at the medians
COMING_DOWN = 0.9  # last third of the risen losses over their first; below it they return by themselves; ours
EARLY = 200  # steps within which the first loss is the level; ours
RISING = 10  # steps that a loss must be far above its level where it is at its highest; ours
RECENT = 5  # losses whose median tells whether now is a good time to keep a state; ours


@dataclass(frozen=True, slots=True)
class Lost:
    """A loss that has left its level.

    Args:
        since: step at which it left.
        level: median of those before.
        now: what three quarters of the losses since then are above.
    """

    since: int
    level: float
    now: float


class Course:
    """The latest losses of a stage of training, one per step.

    A loss is lost where three quarters of the latest 25 are above 10 times the median of the
    50 before them and above twice the first level: the spike of rule ``loss-spike`` that does
    not come back.  It also is where such a spike is among the 25 and what had been learnt is
    gone: three quarters are above the first level, half of which the 50 before had reached;
    where in the first 200 steps three quarters are above 100 times the first loss (both of rule
    ``loss-diverges``); and, sooner, where the latest 10 are above 10 times what three
    quarters of the 50 before them are below, and the last of them is the highest.

    Three quarters, since losses of heavy tails have medians that jump.  Losses that come down
    are left alone, and so are those that go below zero.

    >>> course = Course()
    >>> for step in range(71):
    ...     course.add(step, 1.0 if step < 60 else 40.0)
    >>> course.lost()
    Lost(since=61, level=1.0, now=40.0)
    """

    def __init__(self) -> None:
        self.first: list[float] = []  # the first losses, whose median is the first level
        self.signed = False
        self._latest: deque[tuple[int, float]] = deque(maxlen=BEFORE + AFTER)
        self._found: Lost | None = None

    def add(self, step: int, loss: float) -> None:
        """The finite loss of a step."""
        self.signed = self.signed or loss < 0
        if len(self.first) < FIRST:
            self.first.append(loss)
        self._latest.append((step, loss))
        if step % LOOK == 0 and not self.signed:
            self._found = self._look()

    def lost(self) -> Lost | None:
        """What the last look has found."""
        return self._found

    def back_to(self, step: int) -> None:
        """The run has returned to a state: what came after it did not happen."""
        kept = [(when, loss) for when, loss in self._latest if when < step]
        self._latest.clear()
        self._latest.extend(kept)
        self._found = None

    def level(self) -> float:
        """Median of the latest losses; infinite where there are none."""
        values = [loss for _, loss in self._latest][-AFTER:]
        return median(values) if values else math.inf

    def lowest(self, steps: int) -> float:
        """The lowest of so many latest losses; infinite where there are fewer."""
        values = [loss for _, loss in self._latest][-steps:]
        return min(values) if len(values) == steps else math.inf

    def calm(self) -> bool:
        """Whether the latest losses lie at their level, so that a state of now is worth keeping."""
        values = [loss for _, loss in self._latest]
        if len(values) < 2 * RECENT or self.signed:
            return True
        before = median(values[:-RECENT][-BEFORE:])
        return median(values[-RECENT:]) <= BACK * before

    def sudden(self, step: int) -> bool:
        """Whether the losses up to a step lay at their level, so that one step has thrown the run off."""
        values = [loss for when, loss in self._latest if when < step]
        return bool(values) and values[-1] <= BACK * median(values[-BEFORE:])

    def _look(self) -> Lost | None:
        values = [loss for _, loss in self._latest]
        if len(values) < AFTER:
            return None
        return self._run_away(values) or self._settled(values)

    def _run_away(self, values: list[float]) -> Lost | None:
        """Losses that still rise, or have just stopped to, far above three quarters of those before."""
        latest, before = values[-RISING:], values[:-RISING][-BEFORE:]
        level = sorted(before)[3 * len(before) // 4]
        limit = max(HEIGHT * level, ABOVE_START * median(self.first))
        if len(before) < BEFORE // 2 or min(latest) <= limit or latest[-1] < COMING_DOWN * max(latest):
            return None
        return Lost(self._latest[-RISING][0], level, min(latest))

    def _settled(self, values: list[float]) -> Lost | None:
        """Losses that stay where they should not be."""
        after = values[-AFTER:]
        now, third = sorted(after)[AFTER // 4], AFTER // 3
        if median(after[-third:]) < COMING_DOWN * median(after[:third]):
            return None
        since, first = self._latest[-AFTER][0], median(self.first)
        if since <= EARLY and now > STRICT_GROWTH * self.first[0] > 0:
            return Lost(self._latest[0][0], self.first[0], now)
        if len(values) < BEFORE + AFTER or first <= 0:
            return None
        level = median(values[:BEFORE])
        left = now > HEIGHT * level and now > ABOVE_START * first
        spiked = max(after) > max(HEIGHT * level, ABOVE_START * first)
        undone = spiked and level < LOST_FROM * first <= LOST_FROM * now
        return Lost(since, level, now) if left or undone else None
