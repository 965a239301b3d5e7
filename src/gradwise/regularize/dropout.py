"""Random units are left out of every training step, so that none can rely on another.

What it is
    In training each number that enters a layer is set to zero with a given probability, and the others are
    scaled up so that their mean stays.  Each step trains another thin net, and the full net of evaluation
    answers about as the mean of them all would.

Also called
    drop-out

Formula
    ``y = x · m / (1 − p)``, m is 0 with probability p and else 1; in evaluation ``y = x``

Shapes
    ``input`` is for what enters the first layer with weights; ``hidden`` for what enters every later dense or
    recurrent layer.  Convolutions after the first layer are left alone: neighbouring pixels tell what was
    dropped, and they share few weights.

Defaults
    input 0.2 and hidden 0.5: the classic advice, to keep 0.8 of the inputs and 0.5 of the hidden units
    (Srivastava and others, appendix A.4).  A fit's ``--dropout P`` sets the layers that a net has itself, and
    nothing at the input; those are off where this is named.

When
    - the training loss falls far below the validation loss, and no more rows are to be had
    - wide dense layers

When not
    - the net underfits: with p = 0.5 it needs to be about twice as wide, and two to three times the epochs
    - few input columns, each of which counts: set ``input=0``
    - between batch-norm layers, whose variances it shifts between training and evaluation

Confused with
    - `noise`: adds to values in place of deleting them
    - augmentation `cutout`: hides a square of an image
    - `l0`: gates whose probabilities are learnt

Example
    Half of the inputs are dropped and the others doubled; in evaluation all pass.

    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False))
    >>> _ = torch.nn.init.ones_(net[0].weight)
    >>> regularize.make("dropout:input=0.5").wrap(net)
    >>> sorted(set(net(torch.ones(99, 1)).flatten().tolist())), net.eval()(torch.ones(1, 1)).item()
    ([0.0, 2.0], 1.0)

Claims
    - it reduces overfitting
    - it acts like an ensemble
    - it must be off in evaluation

References
    - Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, Dropout: A Simple Way to Prevent Neural
      Networks from Overfitting, Journal of Machine Learning Research 15, 2014
    - Li, Chen, Hu, Yang, Understanding the Disharmony between Dropout and Batch Normalization by Variance
      Shift, arXiv 1801.05134
"""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import nn
from torch.nn import functional
from torch.nn.modules.dropout import _DropoutNd

from gradwise.errors import UsageError
from gradwise.registry import Span
from gradwise.regularize.entering import Entering, layers
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo

INPUT, HIDDEN = 0.2, 0.5  # Srivastava and others 2014, appendix A.4


class Dropout(Regulariser):
    """Dropout of what enters layers; a net's own is switched off.

    Args:
        input: share dropped before the first layer.
        hidden: share dropped before every later dense or recurrent layer.
    """

    def __init__(self, input: float = INPUT, hidden: float = HIDDEN) -> None:  # noqa: A002  its usual name
        self.input, self.hidden = input, hidden
        self._hooks: list[Any] = []

    def wrap(self, model: nn.Module) -> None:
        """Hook into the layers.

        Raises:
            UsageError: there is no layer.
        """
        found = layers(model)
        if not found:
            raise UsageError("regulariser 'dropout' needs a dense, convolutional or recurrent layer.")
        for module in model.modules():
            if isinstance(module, _DropoutNd):
                module.p = 0.0
            elif isinstance(module, nn.RNNBase):
                module.dropout = 0.0
        for number, layer in enumerate(found.values()):
            share = self.input if number == 0 else self.hidden
            dense = number == 0 or isinstance(layer, nn.Linear | nn.RNNBase)
            if share and dense:
                change = Entering(partial(functional.dropout, p=share))
                self._hooks.append(layer.register_forward_pre_hook(change))

    def release(self) -> None:
        """Take the hooks away."""
        while self._hooks:
            self._hooks.pop().remove()


REGULARISERS = (
    RegulariserInfo(
        "dropout",
        Dropout,
        "random units are left out in training",
        aliases=("drop-out",),
        spans={"input": Span(0, 0.99), "hidden": Span(0, 0.99)},
    ),
)
