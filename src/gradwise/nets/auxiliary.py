"""Auxiliary classifiers: outputs taken in the middle of a net, which only help to train it.

A net calls them while it trains and puts out nothing of theirs; what they say reaches the loss through a hook
(`gradwise.train.heads`).  So a net has one kind of outputs, in training and in prediction.
"""

from __future__ import annotations

from torch import nn


class Auxiliary(nn.Module):
    """Base of auxiliary classifiers: modules that take a map and put out what the net does.

    Args:
        share: of their loss that is added to the loss of the net's own outputs.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
