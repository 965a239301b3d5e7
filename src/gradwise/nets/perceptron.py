"""The perceptron: one linear layer from the inputs to the outputs, no hidden layer.

What it is
    Every output is a weighted sum of all inputs.  With cross-entropy it is logistic regression, with squared
    error linear regression, with a hinge loss it learns as Rosenblatt's did with a margin: trained by steps
    of an optimizer, beside nets that are trained so too.

Also called
    single-layer-perceptron

Formula
    - ``outputs = W x + b``, ``(D + 1) K`` weights
    - columns of categories become vectors first, as in `mlp`

Shapes
    numbers (N, D) and categories (N, C), or pixels (N, C, H, W) -> (N, outputs).

Defaults
    None: it has no settings.  The loss is what makes it one of the models above: ``--loss hinge`` for
    Rosenblatt's kind of rule.

When
    - as the baseline that a net with hidden layers has to beat
    - more columns than rows
    - the weights are to be read as what they say of a column

When not
    - classes that no straight line parts: exclusive or is the classic one, take `mlp`
    - a solution is wanted to the last digit: `gradwise baselines` has exact solvers

Confused with
    - `mlp`, the multi-layer perceptron
    - Rosenblatt's step function and update rule: here outputs are sums and the loss has a gradient

Example
    784 pixels and a bias for each of 10 classes.

    >>> from gradwise import nets
    >>> net = nets.make("perceptron", outputs=10, channels=1, height=28, width=28)
    >>> sum(weight.numel() for weight in net.parameters())
    7850

Claims
    - on the same rows it ends near the linear models of `gradwise baselines`

References
    Rosenblatt, The Perceptron: A Probabilistic Model for Information Storage and Organization in the Brain,
    Psychological Review, 1958.
    Minsky, Papert, Perceptrons, MIT Press, 1969.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from gradwise.nets import norms
from gradwise.nets.mlp import MLP
from gradwise.nets.net import Net

# What only hidden layers have, so that none of it is an option here.
_NO_HIDDEN: dict[str, Any] = {
    "units": None,
    "depth": 0,
    "dropout": 0.0,
    "activation": "relu",
    "norm": norms.NONE,
}

NETS = (
    Net(
        "perceptron",
        {
            "table": partial(MLP, image=None, **_NO_HIDDEN),
            "images": partial(MLP, numbers=0, categories=(), **_NO_HIDDEN),
        },
        "linear layer without hidden ones",
        aliases=("single-layer-perceptron",),
    ),
)
