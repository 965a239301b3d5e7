"""A learning rate that stays as it is from the first step to the last.

What it is
    No schedule.  The noise of single batches keeps the weights moving around a minimum at a distance that
    grows with the rate, so a training at a constant rate ends less well than one whose rate falls.

Also called
    fixed, none

Formula
    - ``rate(t) = rate``

Defaults
    None to choose but the rate.  With `warm-up` in front: ``constant:warm-up=0.05``.

When
    - the length of the training is open: online learning, "until it no longer gets better"
    - rates, optimizers or nets are compared and nothing else shall differ
    - full-batch methods: there is no noise to anneal

When not
    - the best result within a known number of epochs is wanted: `cosine` or `one-cycle`
    - the loss goes up and down without getting better: `plateau`

Confused with
    - the rates inside `adam` or `rmsprop`, which differ by weight and step while the schedule is constant

Example
    >>> import torch
    >>> from gradwise import optim
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    >>> optim.make_schedule("fixed", optimizer, steps_per_epoch=10, epochs=3).scheduler is None
    True

Claims
    - too small a rate crawls, too large a one diverges; the range test finds a good one
    - dividing the rate at a plateau helps over keeping it

References
    Robbins, Monro, A Stochastic Approximation Method, Annals of Mathematical Statistics 22, 1951: steps whose
    sum is infinite and whose squares' sum is finite; a constant rate violates the second.
"""

from __future__ import annotations

from gradwise.optim.schedules.policy import Factor, Policy


def constant(total: int) -> Factor:
    """The rate as it is."""
    del total
    return lambda _: 1.0


SCHEDULES = (Policy("constant", constant, "epoch", "the rate as it is", aliases=("fixed", "none")),)
