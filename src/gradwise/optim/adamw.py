"""Adam with weight decay that is not divided by the gradient's size.

What it is
    `adam`, and beside its step every weight shrinks by the same small share.  In Adam the decay is part of
    the gradient and divided by √v̂ with it, so that weights with large gradients hardly decay.

Formula
    - ``w ← w − rate · λ · w``
    - m̂ and v̂ as in `adam`, of the gradient alone
    - ``w ← w − rate · m̂ / (√v̂ + ε)``

Shapes
    m and v are as large as the weights: two further copies of the net in memory.

Defaults
    rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-8 (as Adam); `gradwise fit` takes λ 0.01 (torch's default).  Only
    matrices and filters decay, not biases and norms (He and others, arXiv 1812.01187, section 3.1).

When
    - by default: `gradwise fit` takes it unless told otherwise
    - transformers, and wherever Adam would be taken with weight decay

When not
    - the last per cent of accuracy of a convolutional net counts and there is time to tune: `momentum`
    - memory is short: `sgd`

Confused with
    - `adam` with weight decay: the decay goes through the division
    - an L2 penalty: the same as decay in `sgd`, not in adaptive methods

Example
    Without a gradient only the decay moves a weight: by the rate times λ.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.ones(1, 1))
    >>> optimizer = optim.make("adamw", [w], rate=0.1, weight_decay=0.5)
    >>> w.grad = torch.zeros(1, 1)
    >>> optimizer.step()
    >>> round(w.item(), 3)
    0.95

Claims
    - as Adam's: it starts fast, and tuned SGD with momentum can end better

References
    Loshchilov, Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101.
"""

from __future__ import annotations

from gradwise.optim.optimizer import OptimizerInfo
from gradwise.optim.prepared import AdamW

OPTIMIZERS = (
    OptimizerInfo(
        "adamw",
        AdamW,
        0.001,
        "Loshchilov, Hutter, arXiv 1711.05101",
        "Adam with weight decay apart from the gradient",
        fused_on=("cpu", "cuda", "mps"),  # torch 2.10 documentation of the fused form
    ),
)
