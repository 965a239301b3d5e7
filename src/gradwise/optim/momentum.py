"""Gradient descent that keeps some of its speed from step to step.

What it is
    A running sum of gradients takes the place of the gradient.  Where successive gradients agree the steps
    grow, up to ten times at μ = 0.9; where they point to and fro, across a narrow valley, they cancel.

Also called
    sgd-momentum, sgdm

Formula
    - ``v ← μ v + g``, from 0
    - ``w ← w − rate · v``

Shapes
    v is as large as the weights: one further copy of the net in memory.

Defaults
    μ 0.9 (Sutskever and others 2013; what nearly all published recipes take), rate 0.01 (Keras's SGD; the
    range test finds a better one).

When
    - the last per cent of accuracy of a convolutional net counts and there is time to tune the rate
    - the loss is ill-conditioned: long narrow valleys

When not
    - the right rate is not known and nothing shall be tuned: `adamw`
    - gradients are sparse: `adagrad`, `ftrl`

Confused with
    - `nesterov`: takes the slope where the speed is about to carry the weights
    - an average of gradients: here they are summed, so that a rate means 1 / (1 − μ) times as much as without

Example
    Two steps with a gradient of 1: the second is 1.9 times the first.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([0.0], dtype=torch.float64))
    >>> optimizer = optim.make("momentum", [w], rate=0.1)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     w.sum().backward()
    ...     optimizer.step()
    >>> round(w.item(), 3)
    -0.29

Claims
    - it speeds up ill-conditioned descent
    - tuned, it can end better than Adam

References
    - Polyak, Some methods of speeding up the convergence of iteration methods, USSR Computational Mathematics
      and Mathematical Physics 4, 1964
    - Sutskever, Martens, Dahl, Hinton, On the importance of initialization and momentum in deep learning,
      ICML 2013
"""

from __future__ import annotations

from torch.optim import SGD

from gradwise.optim.optimizer import OptimizerInfo

OPTIMIZERS = (
    OptimizerInfo(
        "momentum",
        SGD,
        0.01,
        "Keras",
        "gradient descent with a running sum of gradients",
        {"momentum": 0.9},  # Sutskever, Martens, Dahl, Hinton 2013
        fused_on=("cpu", "cuda", "mps"),  # torch 2.10 documentation of SGD's fused form
        aliases=("sgd-momentum", "sgdm"),
        sparse=True,
    ),
)
