"""Warming up first: a straight line from nearly nothing to the full rate, then any schedule."""

from __future__ import annotations

from gradwise.errors import UsageError
from gradwise.optim.schedules.policy import Factor


def rise_of(name: str, length: float, *, steps_per_epoch: int, epochs: int) -> int:
    """How many batches the warm-up takes.

    Args:
        name: of the schedule, for the message.
        length: below 1: share of the training; from 1 on: epochs; 0: no warm-up.
        steps_per_epoch: batches in an epoch.
        epochs: of the training.

    Raises:
        UsageError: it takes as long as the training or longer.

    >>> [rise_of("cosine", length, steps_per_epoch=20, epochs=5) for length in (0.1, 2)]
    [10, 40]
    """
    if not length:
        return 0
    if length >= 1 and length >= epochs:
        raise UsageError(
            f"schedule {name!r} is to warm up over {length:g} of {epochs} epochs, which leaves none; "
            "give fewer epochs, or a share below 1."
        )
    batches = length * epochs * steps_per_epoch if length < 1 else length * steps_per_epoch
    return min(max(1, round(batches)), max(1, epochs * steps_per_epoch - 1))


def after_rise(rise: int, rest: Factor) -> Factor:
    """A line that reaches 1 with batch ``rise``, then ``rest``, whose time begins there.

    >>> [after_rise(4, lambda now: 1 - now / 2)(now) for now in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 0.5]
    """
    return lambda now: (now + 1) / rise if now < rise else rest(now - rise)


def by_batches(policy: Factor, steps_per_epoch: int) -> Factor:
    """A factor that is counted in epochs, by batches."""
    return lambda now: policy(now // steps_per_epoch)
