"""Frozen layers that learn again one after the other, from the last to the first.

What it is
    At first only the last layer learns, which is new and whose gradients would shake all others.  Every so
    many epochs the stage before those that learn is thawed, until the whole net learns.

Also called
    unfreezing

Formula
    - in epoch e, counted from 0, the last ``min(S, n + ⌊e / every⌋)`` of S stages learn

Defaults
    ``--unfreeze-every 1``: one stage per epoch, as in the paper; there is none without the option, which
    needs ``--freeze``.  The range test looks for a rate with everything thawed: there it must hold.

When
    - weights from elsewhere, and enough epochs: at least as many as there are stages to thaw
    - everything learning from the start lost what the weights knew

When not
    - few epochs, or so little data that the body had better stay as it is (`freezing`)
    - optimizers that gather the curvature of one set of weights (`l-bfgs`); they are refused

Confused with
    - `discriminative-rates`, with which it goes together: all learn, the first ones more slowly
    - chain-thaw, which lets one layer learn at a time
    - layer-wise pre-training, which adds layers instead of thawing them

Example
    Five stages, one of which learns at first.

    >>> from gradwise.train.transfer.gradual_unfreezing import thawed
    >>> [thawed(1, 2, epoch, 5) for epoch in range(10)]
    [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]

Claims
    Expect it to matter with few examples and large rates, and little otherwise.

References
    Howard, Ruder, Universal Language Model Fine-tuning for Text Classification, arXiv 1801.06146,
    section 3.3.
"""

from __future__ import annotations


def thawed(first: int, every: int | None, epoch: int, stages: int) -> int:
    """How many of the last stages learn.

    Args:
        first: that learn from the start.
        every: epochs after which one more does; None: never.
        epoch: counted from 0.
        stages: of the net.
    """
    more = epoch // every if every else 0
    return min(stages, first + more)
