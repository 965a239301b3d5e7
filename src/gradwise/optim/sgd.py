"""Gradient descent whose every step looks at one row, or at a mini-batch of them.

What it is
    The gradient of a few rows is a noisy guess at that of all, and good enough for a step.  With a batch of
    one row it is stochastic gradient descent in the narrow sense, with some dozens it is mini-batch descent;
    both are chosen by the batch size.  On a stream without end ``NetClassifier.partial_fit`` and
    ``NetRegressor.partial_fit`` take one step per batch that arrives and keep none of it.

Formula
    - ``g = (1/B) Σᵢ ∇lossᵢ(w)`` over the B rows of the batch
    - ``w ← w − rate · g``

Shapes
    Nothing is kept beside the weights.

Defaults
    rate 0.01 (Keras's SGD; the range test finds a better one), no momentum.  ``--batch-size 1`` takes single
    rows.

When
    - memory counts: every other optimizer here keeps copies of the weights
    - rows come one after another: a stream
    - as the plain thing that refinements are held against

When not
    - the loss is much steeper in some directions than in others: `momentum` or `adam`
    - layers or features are of very different scale: `adam`, `adagrad`

Confused with
    - `bgd`: all rows in every step
    - `momentum`: steps add up over time; many papers say SGD and mean this

Example
    One step from w = 1 on ``(w − 3)²``, whose slope there is −4.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = optim.make("sgd", [w], rate=0.25)
    >>> (w - 3).square().sum().backward()
    >>> optimizer.step()
    >>> w.item()
    2.0

Claims
    - one row at a time is noisier than a mini-batch
    - very large batches generalise worse at equal epochs
    - the rows must be shuffled every epoch

References
    - Robbins, Monro, A Stochastic Approximation Method, Annals of Mathematical Statistics 22, 1951
    - Bottou, Curtis, Nocedal, Optimization Methods for Large-Scale Machine Learning, arXiv 1606.04838
"""

from __future__ import annotations

from torch.optim import SGD

from gradwise.optim.optimizer import OptimizerInfo

OPTIMIZERS = (
    OptimizerInfo(
        "sgd",
        SGD,
        0.01,
        "Keras",
        "plain gradient descent on mini-batches",
        fused_on=("cpu", "cuda", "mps"),  # torch 2.10 documentation of SGD's fused form
        sparse=True,
    ),
)
