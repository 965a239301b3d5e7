"""The time that a probe may take."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

FEW_SECONDS = 3.0  # that probes may take together after any run ...
ASKED_SECONDS = 10.0  # ... and where they were asked for
SHARE = 0.1  # of the run's time that they may take where that is more


def allowance(run_seconds: float, *, asked: bool = False) -> float:
    """Seconds that probes may take together after a run, unless a number is given.

    >>> allowance(5.0), allowance(5.0, asked=True), allowance(600.0)
    (3.0, 10.0, 60.0)
    """
    return max(ASKED_SECONDS if asked else FEW_SECONDS, SHARE * run_seconds)


class Stopwatch:
    """Counts down; probes ask it between their parts.

    Args:
        seconds: from now on.
        clock: tells the time; tests put their own here.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = perf_counter) -> None:
        self.clock = clock
        self.began = clock()
        self.end = self.began + seconds

    @property
    def left(self) -> float:
        """Seconds left, never below 0."""
        return max(self.end - self.clock(), 0.0)

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.clock() >= self.end

    def part(self, parts: int) -> Stopwatch:
        """A stopwatch over an even part of what is left."""
        return Stopwatch(self.left / max(parts, 1), self.clock)
