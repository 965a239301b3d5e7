"""Gradient descent whose every step looks at all training rows.

What it is
    The plainest way down: the mean gradient over the whole training set, one step against it, again.  An
    epoch is one step.  The steps are not noisy, so the loss falls at every one of them while the rate is
    small enough.

Also called
    gd, batch-gradient-descent

Formula
    - ``g = (1/N) Σᵢ ∇lossᵢ(w)`` over all N rows
    - ``w ← w − rate · g``

Defaults
    rate 0.01 (Keras's SGD; the range test finds a better one).  The batch is the training set, so that its
    activations must fit into memory at once.

When
    - the training set is small and the loss shall fall smoothly
    - as the measure that others are held against

When not
    - there are many rows alike: `sgd` makes hundreds of steps for the price of one
    - small data and a small net: `l-bfgs` needs far fewer passes

Confused with
    - `sgd`: the same formula on a part of the rows
    - `l-bfgs`: also takes all rows, and learns from earlier gradients how the loss is curved

Example
    On ``w²`` a rate of 0.25 halves w at every step.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([8.0]))
    >>> optimizer = optim.make("bgd", [w], rate=0.25)
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     w.square().sum().backward()
    ...     optimizer.step()
    >>> w.item()
    1.0

Claims
    - it is the slowest per epoch; one sample at a time is the noisiest, mini-batches lie between
    - too small a rate crawls, too large a one diverges

References
    Bottou, Curtis, Nocedal, Optimization Methods for Large-Scale Machine Learning, arXiv 1606.04838,
    section 3.
"""

from __future__ import annotations

from torch.optim import SGD

from gradwise.optim.optimizer import OptimizerInfo

OPTIMIZERS = (
    OptimizerInfo(
        "bgd",
        SGD,
        0.01,
        "Keras",
        "gradient descent on all training rows at once",
        fused_on=("cpu", "cuda", "mps"),  # torch 2.10 documentation of SGD's fused form
        aliases=("gd", "batch-gradient-descent"),
        whole="always",
        sparse=True,
    ),
)
