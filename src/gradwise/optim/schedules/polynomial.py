"""A learning rate that falls to zero along a power of the time left; power 1 is a straight line.

What it is
    The rate is proportional to a power of the share of the training that is still to come.  It changes with
    every batch.

Also called
    linear, poly

Formula
    - ``rate(t) = rate · (end + (1 − end) · (1 − t/T)^power)`` after t of T batches

Defaults
    ``power`` 1, a straight line; ``end`` 0.  DeepLab trains segmentation with power 0.9 (arXiv 1606.00915,
    section 4.1.1).  ``warm-up``: 0.

When
    - transformers and fine-tuning: ``linear:warm-up=0.1`` is BERT's (arXiv 1810.04805, appendix A.2)
    - segmentation: ``polynomial:power=0.9``

When not
    - the length of the training is not known: the rate must be zero at its end, and not before

Confused with
    - `cosine`: stays high for longer and lands softly; a power of 2 falls fast first
    - polynomial features, which belong to the model

Example
    >>> from gradwise.optim.schedules.polynomial import polynomial
    >>> [round(polynomial(4, power=2)(batch), 4) for batch in range(5)]
    [1.0, 0.5625, 0.25, 0.0625, 0.0]

Claims
    - none of its own; at equal length expect results close to those of `cosine`

References
    Chen, Papandreou, Kokkinos, Murphy, Yuille, DeepLab, arXiv 1606.00915.
    torch.optim.lr_scheduler.PolynomialLR gives the same rates for an end of 0.
"""

from __future__ import annotations

from gradwise.optim.schedules.policy import SHARE, Factor, Policy
from gradwise.registry import Span


def polynomial(total: int, *, power: float = 1.0, end: float = 0.0) -> Factor:
    """``(1 − t/T)^power``, from 1 down to ``end``.

    Args:
        total: batches.
        power: 1 is a straight line; more falls faster at first.
        end: share of the rate at the end.
    """
    return lambda now: end + (1 - end) * (1 - min(now, total) / total) ** power


SCHEDULES = (
    Policy(
        "polynomial",
        polynomial,
        "batch",
        "a power of the time left",
        aliases=("linear", "poly"),
        spans={"power": Span(0, beyond=True), "end": SHARE},
    ),
)
