"""Gradient descent whose steps are divided by a running root of squared gradients.

What it is
    Every weight gets a step of its own size: the running mean of its gradient over the root of the running
    mean of its square.  Weights with large gradients are slowed down and weights with small or rare ones
    sped up, so one learning rate does for layers of very different scale.

Formula
    - ``m ← β₁ m + (1 − β₁) g`` and ``v ← β₂ v + (1 − β₂) g²``, both from 0
    - ``m̂ = m / (1 − β₁ᵗ)`` and ``v̂ = v / (1 − β₂ᵗ)``: without this the first steps would be too small for
      m and too large for v
    - ``w ← w − rate · m̂ / (√v̂ + ε)``

Shapes
    m and v are as large as the weights: two further copies of the net in memory.

Defaults
    rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-8 (Kingma and Ba, section 2).  Weight decay, where it is asked for, is
    added to the gradient; `adamw` keeps it apart.

When
    - the right learning rate is not known: most problems learn at 0.001
    - gradients are sparse or differ much between layers: embeddings, attention, recurrent nets
    - the first results are needed soon

When not
    - the last per cent of accuracy of a convolutional net counts and there is time to tune: `momentum` often
      ends better, and `adam-to-sgd` has both
    - memory is short: `sgd` needs no further copies
    - weight decay is wanted: take `adamw`

Confused with
    - `rmsprop`: the same division without the running mean of the gradient and without its correction
    - `adamw`: decay that is not divided by √v̂
    - `nadam`: the step also looks one step ahead

Example
    The first step is the rate itself, whatever the size of the gradient.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 1.0], dtype=torch.float64))
    >>> optimizer = optim.make("adam", [w], rate=0.1)
    >>> (w * torch.tensor([1e-3, 1e3])).sum().backward()
    >>> optimizer.step()
    >>> [round(value, 3) for value in w.tolist()]
    [0.9, 0.9]

Claims
    - it starts faster, tuned SGD with momentum can end better
    - its bias correction matters in the first steps
    - adaptive methods win on sparse features

References
    Kingma, Ba, Adam: A Method for Stochastic Optimization, arXiv 1412.6980.
"""

from __future__ import annotations

from gradwise.optim.optimizer import OptimizerInfo
from gradwise.optim.prepared import Adam

OPTIMIZERS = (
    OptimizerInfo(
        "adam",
        Adam,
        0.001,
        "Kingma, Ba, arXiv 1412.6980",
        "adaptive moments",
        fused_on=("cpu", "cuda", "mps"),  # torch 2.10 documentation of the fused form
    ),
)
