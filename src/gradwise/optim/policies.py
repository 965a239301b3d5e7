"""How the learning rate runs over a training: factors of the rate, by the usual names.

A policy is a function of the length of the training and its options; it returns the factor as a function of
time, counted from 0 in batches or epochs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

Factor = Callable[[int], float]
Pace = Literal["batch", "epoch", "loss"]


def constant(total: int) -> Factor:
    """The rate as it is."""
    del total
    return lambda _: 1.0


def step(total: int, *, every: int | None = None, factor: float = 0.1) -> Factor:
    """Times ``factor`` every so many epochs; every third of the training unless told.

    >>> [round(step(90)(epoch), 3) for epoch in (0, 29, 30, 60)]
    [1.0, 1.0, 0.1, 0.01]
    """
    period = every or max(1, -(-total // 3))  # epochs; 30 of 90 in He et al., arXiv 1512.03385, section 3.4
    return lambda now: factor ** (now // period)


def exponential(total: int, *, end: float = 0.01) -> Factor:
    """The same factor after every epoch, so that the last one has ``end`` of the rate."""
    ratio = end ** (1 / max(1, total - 1))
    return lambda now: ratio**now


def polynomial(total: int, *, power: float = 1.0, end: float = 0.0) -> Factor:
    """``(1 − t/T)^power``, from 1 down to ``end``; power 1 is a straight line."""
    return lambda now: end + (1 - end) * (1 - min(now, total) / total) ** power


def cosine(total: int, *, end: float = 0.0) -> Factor:
    """Half a cosine from 1 down to ``end`` (Loshchilov, Hutter, arXiv 1608.03983, equation 5).

    >>> [round(cosine(4)(now), 3) for now in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    return lambda now: end + (1 - end) * (1 + math.cos(math.pi * min(now, total) / total)) / 2


def one_cycle(total: int, *, warm_up: float = 0.3, start: float = 0.04, end: float = 4e-6) -> Factor:
    """Up from ``start`` to 1 and down to ``end``, each by half a cosine.

    After Smith, Topin, arXiv 1708.07120, with the shares of torch's `OneCycleLR`: 30 % up, from 1/25, down to
    1/250,000.  The rate is the largest one; momentum is left alone.
    """
    turn = max(1.0, warm_up * total - 1)  # batches

    def factor(now: int) -> float:
        if now <= turn:
            return 1 + (start - 1) * (1 + math.cos(math.pi * now / turn)) / 2
        down = min(1.0, (now - turn) / max(1.0, total - 1 - turn))
        return end + (1 - end) * (1 + math.cos(math.pi * down)) / 2

    return factor


def warm_up(total: int, *, share: float = 0.05, end: float = 0.0) -> Factor:
    """A straight line up over the first ``share`` of the training, then half a cosine down to ``end``.

    Goyal and others, arXiv 1706.02677, section 2.2, warm up over 5 of 90 epochs.
    """
    rise = max(1, round(share * total))  # batches
    fall = cosine(max(1, total - rise), end=end)
    return lambda now: (now + 1) / rise if now < rise else fall(now - rise)
