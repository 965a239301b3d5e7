"""A bound on the length of every unit's incoming weights.

What it is
    After every step the weights that lead into a unit are scaled down to a given length where they are
    longer.  Shorter ones are left alone, so nothing is pulled towards zero.  With the lengths bounded a large
    learning rate cannot blow a net up, which is why it goes well with dropout.

Also called
    maxnorm, weight-constraint

Formula
    ``w ← w · min(1, c / ‖w‖)`` for the weights w of each unit

Shapes
    A unit is a row of a dense layer's (outputs, inputs), of a recurrent layer's matrices, or a whole filter
    of a convolution; of a transposed convolution a slice along its second dimension.  Biases and norms stay.

Defaults
    norm 3 (Srivastava and others, appendix A: 3 to 4 are typical).

When
    - dropout with a large rate and momentum, as in the paper
    - weights grow without bound while the loss hardly falls

When not
    - a batch-norm or layer-norm follows: it takes the length out again
    - a smooth pull is wanted: `l2` or `weight-decay`

Confused with
    - `clip-norm`: bounds the gradient, not the weights
    - `l2`: pulls on all weights, however small they are

Example
    A unit of length 5 comes down to 3; one of length 1 stays.

    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Linear(2, 2, bias=False)
    >>> _ = net.weight.data.copy_(torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    >>> regularize.make("max-norm:norm=3").after_step(net, torch.optim.SGD(net.parameters(), lr=0.1))
    >>> [[round(w, 3) for w in row] for row in net.weight.tolist()]
    [[1.8, 2.4], [0.0, 1.0]]

Claims
    None of its own: expect little without dropout and large rates.

References
    - Srebro, Rennie, Jaakkola, Maximum-Margin Matrix Factorization, NIPS 2004
    - Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, Dropout: A Simple Way to Prevent Neural
      Networks from Overfitting, Journal of Machine Learning Research 15, 2014
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn
from torch.optim import Optimizer

from gradwise.registry import Span
from gradwise.regularize.regulariser import MATRICES_FROM, Regulariser, RegulariserInfo

NORM = 3.0  # Srivastava and others 2014, appendix A
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


class MaxNorm(Regulariser):
    """‖w‖ ≤ c for every unit.

    Args:
        norm: c.
    """

    turn: ClassVar[int] = 2

    def __init__(self, norm: float = NORM) -> None:
        self.norm = norm

    @torch.no_grad()
    def after_step(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Scale down what is too long."""
        del optimizer
        for module in model.modules():
            units = 1 if isinstance(module, _TRANSPOSED) else 0
            for weight in module.parameters(recurse=False):
                if weight.requires_grad and weight.ndim >= MATRICES_FROM:
                    weight.copy_(torch.renorm(weight, 2, units, self.norm))


REGULARISERS = (
    RegulariserInfo(
        "max-norm",
        MaxNorm,
        "bounds the length of every unit's weights",
        aliases=("maxnorm", "weight-constraint"),
        spans={"norm": Span(0, beyond=True)},
    ),
)
