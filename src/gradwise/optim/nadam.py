"""Adam that looks where its running mean is about to carry it.

What it is
    `adam` with `nesterov`'s idea: the step is made of the running mean that the next step would use, with the
    present gradient in it.

Formula
    - ``μₜ = β₁ (1 − ½ · 0.96^(ψ t))``, so that the momentum grows over the first thousands of steps
    - ``m ← β₁ m + (1 − β₁) g`` and ``v ← β₂ v + (1 − β₂) g²``, both from 0
    - ``m̂ = μₜ₊₁ m / (1 − Π μ₁…μₜ₊₁) + (1 − μₜ) g / (1 − Π μ₁…μₜ)`` and ``v̂ = v / (1 − β₂ᵗ)``
    - ``w ← w − rate · m̂ / (√v̂ + ε)``

Shapes
    m and v are as large as the weights: two further copies of the net in memory.

Defaults
    rate 0.002, β₁ 0.9, β₂ 0.999, ε 1e-8, ψ 0.004 (Dozat's and torch's).  Weight decay is added to the
    gradient.

When
    - wherever `adam` is good; now and then it is somewhat faster

When not
    - the fused form is wanted for speed: torch has none of NAdam
    - weight decay is wanted: `adamw`

Confused with
    - `adam`: without the look ahead
    - `nesterov`: the look ahead without the division

Example
    The first step is somewhat larger than Adam's, which would be 0.1.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    >>> optimizer = optim.make("nadam", [w], rate=0.1)
    >>> w.sum().backward()
    >>> optimizer.step()
    >>> round(1 - w.item(), 4)
    0.1056

Claims
    - none of its own; what holds of Adam may be expected of it

References
    Dozat, Incorporating Nesterov Momentum into Adam, ICLR workshop 2016.
"""

from __future__ import annotations

from torch.optim import NAdam

from gradwise.optim.optimizer import OptimizerInfo

OPTIMIZERS = (OptimizerInfo("nadam", NAdam, 0.002, "Dozat 2016", "Adam with Nesterov's look ahead"),)
