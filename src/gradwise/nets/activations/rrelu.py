"""ReLU whose slope for negative numbers is drawn anew each time while training.

What it is
    `leaky-relu` with noise: in training every negative number meets a slope of its own, drawn evenly from a
    range; in evaluation all meet the middle of the range.  The noise regularises a little, as dropout does.

Formula
    - ``z`` for z ≥ 0, ``a z`` below, ``a ~ U(lower, upper)`` for every number; ``(lower + upper)/2`` in
      evaluation
    - derivative 1 or a: it neither saturates nor dies
    - not zero-centred; for normal inputs: mean 0.31, deviation 0.66, gain 1.38

Defaults
    ``lower`` 1/8 and ``upper`` 1/3 (torch; the paper writes ``z/a`` with a from 3 to 8).  Slopes come from
    torch's random state, so a seed fixes them; a checkpoint keeps the state, so that a resumed training draws
    the same ones.

When
    - few data and a net that learns them by heart
    - started by `he-normal`, which takes the middle slope

When not
    - the loss must be one function of the weights, as for L-BFGS and the other line searches
    - dropout and augmentation are there already

Confused with
    - `prelu`: the slope is learnt, not drawn
    - `leaky-relu`: what it is in evaluation

Example
    In evaluation the slope is the middle; the same seed gives the same slopes in training.

    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> rrelu = activation("rrelu:lower=0.25,upper=0.75")
    >>> rrelu.eval()(torch.tensor([-2.0, 3.0])).tolist()
    [-1.0, 3.0]
    >>> drawn = [rrelu.train()(torch.full((3,), -1.0)) for seed in (7, 7) if torch.manual_seed(seed)]
    >>> drawn[0].equal(drawn[1])
    True

Claims
    - ReLU's units die at large learning rates; these do not

References
    Xu, Wang, Chen, Li, Empirical Evaluation of Rectified Activations in Convolutional Network,
    arXiv 1505.00853.
"""

from __future__ import annotations

from torch import nn

from gradwise.errors import UsageError
from gradwise.nets.activations.activation import Activation
from gradwise.registry import Span

LOWER, UPPER = 1 / 8, 1 / 3  # slopes; torch's RReLU, after arXiv 1505.00853, section 2.4


def rrelu(*, lower: float = LOWER, upper: float = UPPER) -> nn.RReLU:
    """Torch's module.

    Args:
        lower: least slope.
        upper: largest slope.

    Raises:
        UsageError: the range is empty.
    """
    if lower > upper:
        raise UsageError(f"activation 'rrelu': lower must not be above upper, got {lower:g} and {upper:g}.")
    return nn.RReLU(lower, upper)


ACTIVATIONS = (
    Activation(
        "rrelu",
        rrelu,
        "random slopes below 0 while training",
        options={"lower": Span(0, 1), "upper": Span(0, 1)},
    ),
)
