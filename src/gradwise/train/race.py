"""Which of several ways to run a training step is faster: copies step by turns on the same batches.

By turns, so that whatever else the machine does meets all alike.  Ratios are of the fastest turns: other
work on the machine only ever adds time (as the documentation of Python's timeit says of its minimum).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import fmean, stdev
from time import perf_counter

import torch
from torch import Tensor

Step = Callable[[], Tensor]  # one training step; returns its loss, detached

WARM_UP = 1  # steps of each that do not count: kernels are prepared in them
ROUNDS = (3, 9)  # turns of each: fewest for a minimum to mean something, and most
COMPARED = 10  # steps whose losses are averaged: later a few rows are learnt by heart, and small errors grow
LONGEST_TURN = 0.1  # seconds
MARGIN = 1.03  # ratio of times: a gain below is not told from noise
SURE = 0.6  # of the turns that a winner must win; more where others use the machine would keep out real gains


@dataclass(frozen=True, slots=True)
class Race:
    """What a race came to.

    Args:
        seconds: per step, of every turn, by contestant.
        losses: of the first ten counted steps, by contestant; all saw the same batches.
    """

    seconds: Mapping[str, tuple[float, ...]]
    losses: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def gain(self, name: str, base: str) -> float:
        """How many times faster ``name`` is than ``base``, by the fastest turn of each.

        >>> Race({"a": (4.0, 9.0, 5.0), "b": (2.0, 3.0, 2.5)}).gain("b", "a")
        2.0
        """
        return min(self.seconds[base]) / min(self.seconds[name])

    def beats(self, name: str, base: str) -> bool:
        """Whether ``name`` is faster by more than noise: by 3 %, and in most turns."""
        turns = list(zip(self.seconds[name], self.seconds[base], strict=True))
        faster = sum(n < b for n, b in turns)
        return self.gain(name, base) > MARGIN and faster >= SURE * len(turns)

    def differs(self, name: str, base: str) -> tuple[float, float]:
        """By how much the mean loss of ``name`` lies above that of ``base``, and the standard error of that.

        >>> Race({}, {"a": (1.0, 2.0), "b": (1.5, 2.5)}).differs("b", "a")
        (0.5, 0.0)
        """
        pairs = zip(self.losses[name], self.losses[base], strict=True)
        differences = [mine - other for mine, other in pairs]
        spread = stdev(differences) if len(differences) > 1 else 0.0
        return fmean(differences), spread / math.sqrt(len(differences))


def run_race(steps: Mapping[str, Step], *, seconds: float, step_seconds: float) -> Race | None:
    """Let the contestants step by turns.

    The random seed is set alike before every step, so that all draw the same dropout; the caller puts the
    random state back.

    Args:
        steps: by contestant.
        seconds: that the race may take, about.
        step_seconds: that a step takes, about.

    Returns:
        None where the time does not even allow the fewest turns.
    """
    turn_costs = len(steps) * step_seconds
    fewest, most = ROUNDS
    if seconds < (WARM_UP + fewest) * turn_costs:
        return None
    rounds = max(fewest, min(most, int(seconds / turn_costs) - WARM_UP))
    share = seconds / (rounds + WARM_UP) / turn_costs  # steps of a turn that the time allows
    length = max(1, min(int(share), int(LONGEST_TURN / step_seconds)))
    losses: dict[str, list[Tensor]] = {name: [] for name in steps}
    times: dict[str, list[float]] = {name: [] for name in steps}
    started = perf_counter()
    for step in steps.values():
        _turn(step, WARM_UP, 0)
    for number in range(rounds):
        if number >= fewest and perf_counter() - started > seconds:
            break  # steps take longer than was thought
        names = list(steps)[:: 1 if number % 2 == 0 else -1]
        for name in names:
            spent, seen = _turn(steps[name], length, number * length)
            times[name].append(spent / length)
            losses[name] += seen
    return Race(
        {name: tuple(spent) for name, spent in times.items()},
        {name: tuple(loss.item() for loss in seen[:COMPARED]) for name, seen in losses.items()},
    )


def _turn(step: Step, length: int, seed: int) -> tuple[float, list[Tensor]]:
    """Seconds of so many steps, with the wait for the device, and their losses."""
    losses = []
    started = perf_counter()
    for number in range(length):
        torch.manual_seed(seed + number)
        losses.append(step())
    losses[-1].item()  # waits for the device
    return perf_counter() - started, losses
