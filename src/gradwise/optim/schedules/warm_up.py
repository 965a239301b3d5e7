"""A learning rate that rises in a line over the first batches, then falls along half a cosine.

What it is
    In the first steps the gradients are large and point to wherever the random weights happen to lie, and the
    running means of adaptive optimizers are not yet known.  Small steps pass that stretch without harm.  The
    name alone means a warm-up in front of `cosine`; as an option it stands in front of any other schedule:
    ``NAME:warm-up=LENGTH``, for example ``step:warm-up=5,every=30``, ``plateau:warm-up=1,divide=5``,
    ``linear:warm-up=0.1``, ``constant:warm-up=0.05``.

Also called
    warmup, warmup-cosine

Formula
    - ``rate(t) = rate · (t + 1) / R`` for the first R batches, t counted from 0
    - then the other schedule, over the batches that are left; its time begins at R

Defaults
    LENGTH below 1 is a share of the training, from 1 on it is epochs.  ``warm-up`` itself: ``share`` 0.05 (5
    of 90 epochs in Goyal and others, section 2.2) and ``end`` 0 of the cosine.

When
    - large batches, and the large rates that go with them
    - attention, deep nets without normalization, Adam-like optimizers on fresh weights

When not
    - the loss falls smoothly from the first step: nothing is gained
    - `one-cycle`, which rises by itself

Confused with
    - `one-cycle`: its rise takes a third of the training
    - the bias correction of `adam`, which mends the running means, not the rate

Example
    Three epochs of two batches; the first epoch warms up.

    >>> import torch
    >>> from gradwise import optim
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    >>> schedule = optim.make_schedule("linear:warm-up=1", optimizer, steps_per_epoch=2, epochs=3)
    >>> rates = []
    >>> for _ in range(6):
    ...     rates.append(round(optimizer.param_groups[0]["lr"], 3))
    ...     optimizer.step()
    ...     schedule.scheduler.step()
    >>> rates
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]

Claims
    - none of its own; expect it to help where the first steps at full rate make the loss jump

References
    Goyal and others, Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour, arXiv 1706.02677.
    Liu and others, On the Variance of the Adaptive Learning Rate and Beyond, arXiv 1908.03265.
"""

from __future__ import annotations

from gradwise.optim.schedules.cosine import cosine
from gradwise.optim.schedules.policy import SHARE, Policy

RISE = 0.05  # share of the training: 5 of 90 epochs in Goyal and others, arXiv 1706.02677, section 2.2

SCHEDULES = (
    Policy(
        "warm-up",
        cosine,
        "batch",
        "a line up, then half a cosine down",
        aliases=("warmup", "warmup-cosine"),
        spans={"end": SHARE},
        rise="share",
        rising=RISE,
    ),
)
