"""Gradient descent whose rate shrinks, weight by weight, with all the gradient there ever was.

What it is
    Every weight divides its step by the root of the sum of all its squared gradients.  A weight that seldom
    has a gradient keeps a large rate for when it has one; one that always has is slowed down more and more.

Formula
    - ``s ← s + g²``, from 0
    - ``w ← w − rate · g / (√s + ε)``

Shapes
    s is as large as the weights: one further copy of the net in memory.

Defaults
    rate 0.01, ε 1e-10 (torch's; the paper leaves both to the user).

When
    - features are sparse: words, categories, clicks
    - the problem is convex: its regret is bounded

When not
    - a deep net trains for long: the sum only grows, so the rate dies; `rmsprop`, `adadelta` and `adam`
      forget

Confused with
    - `rmsprop`: a running mean in place of the sum
    - `ftrl`: Adagrad's rates, and weights that become exactly zero

Example
    With a gradient of 1 the steps shrink like 1/√t.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([0.0], dtype=torch.float64))
    >>> optimizer = optim.make("adagrad", [w], rate=0.1)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     w.sum().backward()
    ...     optimizer.step()
    >>> round(w.item(), 4)  # 0.1 + 0.1 / √2
    -0.1707

Claims
    - its rate dies in a long training; those of RMSprop and Adadelta do not
    - adaptive methods win on sparse features

References
    Duchi, Hazan, Singer, Adaptive Subgradient Methods for Online Learning and Stochastic Optimization, JMLR
    12, 2011.
"""

from __future__ import annotations

from torch.optim import Adagrad

from gradwise.optim.optimizer import OptimizerInfo

OPTIMIZERS = (
    OptimizerInfo(
        "adagrad",
        Adagrad,
        0.01,
        "Duchi, Hazan, Singer 2011; torch's default",
        "rates that shrink with the sum of squared gradients",
        fused_on=("cpu",),  # torch 2.10: "fused for CPU only"
        sparse=True,
    ),
)
