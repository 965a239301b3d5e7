"""Every output shall lie on its label's side of zero by a margin; how far beyond does not matter.

What it is
    The loss of the support vector machine.  A label that is true wants an output of 1 or more, one that is
    false −1 or less; what is short of it is the loss.  Examples beyond the margin have no gradient at all.
    On classes it trains one output against the rest, as scikit-learn's LinearSVC does.

Also called
    binary-hinge

Formula
    - ``s = 2 t − 1``, and ``loss = max(0, margin − s z)^power``, mean over examples and outputs
    - with weights w the terms of true labels are multiplied by w, and the mean stays over all, as in `bce`

Shapes
    outputs (N, K); target (N, K) of 0 and 1, or (N,) int64 ids, which become rows with one 1; weights (K,).

Defaults
    margin 1, power 1 (Cortes, Vapnik 1995).  Power 2 is the squared hinge of LinearSVC.

When
    - only the decision counts, not a probability
    - a last layer trained so shall compare with a support vector machine

When not
    - probabilities are needed: the sigmoid of an output that was trained by a hinge is **not calibrated**; it
      gives the right side of one half and no more.  Take `bce`.
    - training stalls with all examples beyond the margin

Confused with
    - `multi-class-hinge`: outputs of one example against each other
    - torch's HingeEmbeddingLoss: of distances between pairs

Example
    A true label at 0.25 is 0.75 short of the margin; a false one at −3 costs nothing.

    >>> import torch
    >>> from gradwise import losses
    >>> loss = losses.make("hinge")
    >>> loss(torch.tensor([[0.25, -3.0]]), torch.tensor([[1.0, 0.0]])).item()
    0.375

Claims
    None of its own: expect decisions like those of `bce`, and no probabilities.

References
    Cortes, Vapnik, Support-Vector Networks, Machine Learning 20, 1995.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gradwise.losses.criterion import Criterion, wide
from gradwise.losses.loss import Loss


class HingeLoss(Criterion):
    """``max(0, margin − s z)^power`` with s −1 or 1.

    Args:
        weights: (K,) of every output's positives.
        margin: above 0.
        power: 1, or 2 for the squared hinge.

    Raises:
        UsageError: a margin that is not above 0, another power.
    """

    def __init__(self, *, weights: Tensor | None = None, margin: float = 1.0, power: int = 1) -> None:
        super().__init__("hinge", weights)
        self.margin = self.option("margin", margin, low=0, above=True)
        self.power = self.choice("power", power, (1, 2))

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K); (N, K) of 0 and 1, or (N,) class ids -> scalar.

        Raises:
            UsageError: a target of another form.
        """
        outputs = wide(outputs)
        labels = self.labels(outputs, target)
        losses = (self.margin - (2 * labels - 1) * outputs).clamp(min=0)
        if self.power != 1:
            losses = losses**self.power
        if self.weights is not None:
            losses = losses * torch.lerp(torch.ones_like(self.weights), self.weights, labels)
        return self.reduced(losses)


LOSSES = (
    Loss("hinge", HingeLoss, ("labels", "classes"), "a margin on each side of zero", ("binary-hinge",)),
)
