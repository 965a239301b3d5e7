"""One rise of the learning rate and one long fall, each by half a cosine.

What it is
    The rate starts small, rises over the first third of the training to its largest value, and falls to
    nearly nothing.  The large rates in the middle keep the weights out of narrow minima, so that a larger
    rate than a constant one could be can be used.

Also called
    onecycle, super-convergence

Formula
    - up: ``rate(t) = rate · (start + (1 − start) · (1 − cos(π t/U)) / 2)`` for ``t ≤ U = warm-up · T − 1``
    - down: ``rate(t) = rate · (end + (1 − end) · (1 + cos(π (t − U)/(T − 1 − U))) / 2)`` afterwards

Defaults
    ``warm-up`` 0.3 of the T batches, ``start`` 0.04, ``end`` 4e-6: the shares of torch's OneCycleLR (1/25 and
    1/250,000).  The rate is the largest one that occurs.  Momentum is left alone, where torch and the paper
    let it fall while the rate rises.

When
    - the number of epochs is known and a good result is wanted in few of them
    - `gradwise fit` chooses it for trainings of 100 steps or more

When not
    - fewer than 100 steps: the rise would be noise; `cosine`
    - the training may be stopped early: its last third brings the most

Confused with
    - cyclical rates, which go up and down many times
    - `warm-up`: a short rise in a line; here the rise is a third of the training

Example
    >>> from gradwise.optim.schedules.one_cycle import one_cycle
    >>> [round(one_cycle(11, warm_up=6 / 11)(batch), 2) for batch in range(11)]
    [0.04, 0.13, 0.37, 0.67, 0.91, 1.0, 0.9, 0.65, 0.35, 0.1, 0.0]

Claims
    - none of its own; expect to need the largest stable rate, which the range test finds

References
    Smith, Topin, Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates,
    arXiv 1708.07120.
    torch.optim.lr_scheduler.OneCycleLR gives the same rates.
"""

from __future__ import annotations

import math

from gradwise.optim.schedules.policy import SHARE, Factor, Policy
from gradwise.registry import Span

WARM_UP = 0.3  # share of the batches; torch's pct_start
START = 0.04  # share of the rate; 1 / torch's div_factor of 25
END = 4e-6  # share of the rate; START / torch's final_div_factor of 1e4


def one_cycle(total: int, *, warm_up: float = WARM_UP, start: float = START, end: float = END) -> Factor:
    """Up from ``start`` to 1 and down to ``end``, each by half a cosine.

    Args:
        total: batches.
        warm_up: share of them in which the rate rises.
        start: share of the rate at the start.
        end: share of the rate at the end.
    """
    turn = max(1.0, warm_up * total - 1)  # batches

    def factor(now: int) -> float:
        if now <= turn:
            return 1 + (start - 1) * (1 + math.cos(math.pi * now / turn)) / 2
        down = min(1.0, (now - turn) / max(1.0, total - 1 - turn))
        return end + (1 - end) * (1 + math.cos(math.pi * down)) / 2

    return factor


SCHEDULES = (
    Policy(
        "one-cycle",
        one_cycle,
        "batch",
        "up for a third of the training, then down",
        aliases=("onecycle", "super-convergence"),
        spans={"warm_up": Span(0, 1, beyond=True), "start": SHARE, "end": SHARE},
        rise="",
    ),
)
