"""Gradient descent whose steps are divided by a running root mean square of the gradient.

What it is
    Every weight gets a step of about the rate's size, however large its gradient is.  The mean forgets, so
    that the rate does not die as `adagrad`'s does.

Formula
    - ``v ← α v + (1 − α) g²``, from 0
    - ``w ← w − rate · g / (√v + ε)``

Shapes
    v is as large as the weights: one further copy of the net in memory.

Defaults
    rate 0.001 and α 0.9 (Hinton's lecture 6e; α averages over about ten steps), ε 1e-8 (torch's).

When
    - recurrent nets, reinforcement learning: what is learnt changes as one goes

When not
    - in most other cases: `adam` is the same with a running mean of the gradient and corrected first steps

Confused with
    - `adam`: see above; without correction RMSprop's first step is 1 / √(1 − α) ≈ 3.2 times the rate
    - `adadelta`: in the place of the rate stands the size of earlier steps

Example
    The first step, for gradients a million times apart.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 1.0], dtype=torch.float64))
    >>> optimizer = optim.make("rmsprop", [w], rate=0.1)
    >>> (w * torch.tensor([1e-3, 1e3])).sum().backward()
    >>> optimizer.step()
    >>> [round(value, 3) for value in w.tolist()]  # 1 − 0.1 / √0.1
    [0.684, 0.684]

Claims
    - its rate does not die as Adagrad's does

References
    Tieleman, Hinton, Lecture 6e: rmsprop, Neural Networks for Machine Learning, Coursera 2012.
"""

from __future__ import annotations

from torch.optim import RMSprop

from gradwise.optim.optimizer import OptimizerInfo

OPTIMIZERS = (
    OptimizerInfo(
        "rmsprop",
        RMSprop,
        0.001,
        "Hinton's lecture 6e of 2012",
        "gradient over its running root mean square",
        {"alpha": 0.9},  # the lecture's average over about ten steps; torch's own is 0.99
    ),
)
