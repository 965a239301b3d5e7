"""A learning rate that falls along half a cosine: high for long, then down to zero with a soft landing.

What it is
    Half a period of a cosine over the whole training.  The first and the last tenth change little, the middle
    falls almost in a straight line.

Also called
    cosine-annealing

Formula
    - ``rate(t) = rate · (end + (1 − end) · (1 + cos(π t/T)) / 2)`` after t of T batches

Defaults
    ``end`` 0; ``warm-up`` 0: ``cosine:warm-up=0.05`` rises in a line over the first 5 % of the training,
    ``cosine:warm-up=5`` over 5 epochs, and the cosine takes the rest.

When
    - the number of epochs is known: there is nothing else to tune
    - `gradwise fit` chooses it for trainings too short for `one-cycle`

When not
    - the training may be stopped early or prolonged: the weights are best after the rate has fallen

Confused with
    - cosine annealing with warm restarts (SGDR), the same curve several times over; here it runs once
    - `one-cycle`: rises by a cosine first
    - cosine similarity, a distance between vectors

Example
    >>> from gradwise.optim.schedules.cosine import cosine
    >>> [round(cosine(4)(batch), 3) for batch in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]

Claims
    - none of its own; expect most of the gain in the last third of the training

References
    Loshchilov, Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, arXiv 1608.03983, equation 5.
    torch.optim.lr_scheduler.CosineAnnealingLR gives the same rates.
"""

from __future__ import annotations

import math

from gradwise.optim.schedules.policy import SHARE, Factor, Policy


def cosine(total: int, *, end: float = 0.0) -> Factor:
    """Half a cosine from 1 down to ``end``.

    Args:
        total: batches.
        end: share of the rate at the end.
    """
    return lambda now: end + (1 - end) * (1 + math.cos(math.pi * min(now, total) / total)) / 2


SCHEDULES = (
    Policy("cosine", cosine, "batch", "half a cosine", aliases=("cosine-annealing",), spans={"end": SHARE}),
)
