"""A learning rate that is multiplied by the same factor after every epoch.

What it is
    The rate falls by the same share in every epoch: a straight line where rates are drawn on a logarithmic
    axis.

Also called
    exp

Formula
    - ``rate(e) = rate · factor^e`` in epoch e, counted from 0
    - unless given, ``factor = end^(1 / (E − 1))``, so that the last of E epochs has ``end`` of the rate

Defaults
    ``end`` 0.01, two decades over the whole training (ours: as far as `step` comes with its
    defaults).  ``factor`` instead of ``end`` for a fixed one: ``exponential:factor=0.95``.  ``warm-up``: 0.

When
    - a smooth fall over several decades is wanted and its end is known
    - a published recipe names a decay for each epoch

When not
    - the training is long: with a fixed factor the rate is near zero long before the end (0.9 leaves 3e-5
      after 100 epochs); give ``end`` instead
    - in doubt: `cosine` stays high for longer

Confused with
    - `step`: a large cut now and then
    - weight decay, which shrinks weights, not the rate

Example
    >>> from gradwise.optim.schedules.exponential import exponential
    >>> [round(exponential(5, end=0.0625)(epoch), 4) for epoch in range(5)]
    [1.0, 0.5, 0.25, 0.125, 0.0625]

Claims
    - none of its own; expect no more than from `step` with as many decades

References
    torch.optim.lr_scheduler.ExponentialLR gives the same rates for a fixed factor.
"""

from __future__ import annotations

from gradwise.errors import UsageError
from gradwise.optim.schedules.policy import Factor, Policy
from gradwise.registry import Span

END = 0.01  # share of the rate in the last epoch; ours


def exponential(total: int, *, factor: float | None = None, end: float | None = None) -> Factor:
    """The same factor after every epoch.

    Args:
        total: epochs.
        factor: of an epoch; None: by ``end``.
        end: share of the rate in the last epoch; None: 0.01.

    Raises:
        UsageError: both are given.
    """
    if factor is not None and end is not None:
        raise UsageError("schedule 'exponential' takes factor or end, not both; leave one out.")
    ratio = (end or END) ** (1 / max(1, total - 1)) if factor is None else factor
    return lambda now: ratio**now


SCHEDULES = (
    Policy(
        "exponential",
        exponential,
        "epoch",
        "the same factor after every epoch",
        aliases=("exp",),
        spans={"factor": Span(0, 1, beyond=True), "end": Span(0, 1, beyond=True)},
    ),
)
