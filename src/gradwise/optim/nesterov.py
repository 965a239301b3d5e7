"""Momentum that looks where its speed is about to carry it.

What it is
    `momentum` with one change: the gradient counts once more on top of the speed, which is to first order the
    gradient one step ahead.  So it brakes before the turn and not after it.

Also called
    nag, sgd-nesterov

Formula
    - ``v ← μ v + g``, from 0
    - ``w ← w − rate · (g + μ v)``

Shapes
    v is as large as the weights: one further copy of the net in memory.

Defaults
    μ 0.9 (Sutskever and others 2013), rate 0.01 (Keras's SGD; the range test finds a better one).

When
    - wherever `momentum` is good; it costs the same and bears slightly larger rates

When not
    - the right rate is not known and nothing shall be tuned: `adamw`
    - gradients are sparse: `adagrad`, `ftrl`

Confused with
    - `momentum`: without the look ahead
    - Nesterov's method for convex functions: its μ changes from step to step by a formula; here μ is fixed
    - `nadam`: the same idea in Adam

Example
    The first step with a gradient of 1 is already 1.9 times the rate.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([0.0], dtype=torch.float64))
    >>> optimizer = optim.make("nag", [w], rate=0.1)
    >>> w.sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 3)
    -0.19

Claims
    - it corrects its course earlier than plain momentum

References
    - Nesterov, A method of solving a convex programming problem with convergence rate O(1/k²), Soviet
      Mathematics Doklady 27, 1983
    - Sutskever, Martens, Dahl, Hinton, On the importance of initialization and momentum in deep learning,
      ICML 2013
"""

from __future__ import annotations

from torch.optim import SGD

from gradwise.optim.optimizer import OptimizerInfo

OPTIMIZERS = (
    OptimizerInfo(
        "nesterov",
        SGD,
        0.01,
        "Keras",
        "momentum that looks one step ahead",
        {"momentum": 0.9, "nesterov": True},  # Sutskever, Martens, Dahl, Hinton 2013
        fused_on=("cpu", "cuda", "mps"),  # torch 2.10 documentation of SGD's fused form
        aliases=("nag", "sgd-nesterov"),
        sparse=True,
    ),
)
