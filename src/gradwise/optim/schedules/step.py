"""A learning rate that is cut at fixed epochs: every so many, or at those named.

What it is
    The rate stays constant for a stretch of epochs and is then multiplied by a small factor.  After each cut
    the training loss falls at once, because the noise of single batches shrinks with the rate.

Also called
    multi-step, staircase

Formula
    - ``rate(e) = rate · factor^⌊e / every⌋`` in epoch e, counted from 0
    - with ``at``: ``rate(e) = rate · factor^(number of named epochs ≤ e)``

Defaults
    ``factor`` 0.1; ``every`` a third of the training: 30 of 90 epochs in He and others, arXiv 1512.03385,
    section 3.4 and their code.  ``at=(30,60,80)`` names the epochs instead.  ``warm-up``: 0.

When
    - a published recipe is to be repeated: most of those for ImageNet before 2018 read so
    - one wants to see in the curves what a smaller rate brings

When not
    - it is not known where to cut: `plateau` finds out, `cosine` needs no such numbers

Confused with
    - `plateau`: cuts when validation stalls, not at fixed epochs
    - `exponential`: a smaller cut after every epoch

Example
    Ten epochs, halved every four.

    >>> import torch
    >>> from gradwise import optim
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.8)
    >>> schedule = optim.make_schedule("step:every=4,factor=0.5", optimizer, steps_per_epoch=1, epochs=10)
    >>> rates = []
    >>> for epoch in range(10):
    ...     rates.append(round(optimizer.param_groups[0]["lr"], 3))
    ...     optimizer.step()
    ...     schedule.scheduler.step()
    >>> rates
    [0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.2, 0.2]

Claims
    - dividing the rate when nothing gets better helps; here the epochs must be guessed beforehand

References
    He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, arXiv 1512.03385.
    torch.optim.lr_scheduler.StepLR and MultiStepLR give the same rates.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from gradwise.errors import UsageError
from gradwise.optim.schedules.policy import Factor, Policy
from gradwise.registry import Span

FACTOR = 0.1  # He and others, arXiv 1512.03385, section 3.4
STRETCHES = 3  # of a training: 30 of 90 epochs, ibid.


def step(
    total: int, *, every: int | None = None, factor: float = FACTOR, at: Sequence[int] | int | None = None
) -> Factor:
    """Times ``factor`` every so many epochs, or at the epochs named.

    Args:
        total: epochs.
        every: epochs between two cuts; None: a third of them.
        factor: of a cut.
        at: epochs before which it is cut, instead of ``every``; rising, counted from 0.

    Raises:
        UsageError: both or neither make sense.

    >>> [round(step(90)(epoch), 3) for epoch in (0, 29, 30, 60)]
    [1.0, 1.0, 0.1, 0.01]
    """
    if at is None:
        period = int(every or max(1, -(-total // STRETCHES)))
        return lambda now: factor ** (now // period)
    if every is not None:
        raise UsageError("schedule 'step' takes every or at, not both; leave one out.")
    marks = [at] if isinstance(at, int) else list(at) if isinstance(at, tuple | list) else []
    fine = all(isinstance(mark, int) for mark in marks) and all(a < b for a, b in pairwise([0, *marks]))
    if not marks or not fine:
        raise UsageError(
            f"schedule 'step': at takes rising epochs from 1 on, e.g. at=(30,60,80), not {at!r}."
        )
    return lambda now: factor ** bisect_right(marks, now)


SCHEDULES = (
    Policy(
        "step",
        step,
        "epoch",
        "cut at fixed epochs",
        aliases=("multi-step", "staircase"),
        spans={"every": Span(1, whole=True), "factor": Span(0, 1, beyond=True)},
    ),
)
