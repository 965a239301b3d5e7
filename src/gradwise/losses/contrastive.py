"""Examples of one class shall lie close together, those of two classes a margin apart.

What it is
    A loss of pairs of embeddings.  A pair of one class is drawn together by the square of its distance; a
    pair of two classes is pushed apart until its distance is the margin.  All pairs of the batch are taken.

Formula
    - one class: ``D²/2``; two classes: ``max(0, margin − D)²/2``; D is Euclidean
    - mean over the N (N − 1)/2 pairs of the batch
    - in a fit: cross-entropy of the outputs + strength · this, on what the last linear layer takes

Shapes
    embeddings (N, D); target (N,) int64 ids.

Defaults
    margin 1 (Hadsell, Chopra, LeCun leave m open; 1 is the unit of distance), strength 1.

When
    - distances between examples are the aim: search, matching, verification, classes not known in training

When not
    - only the classes count: `cross-entropy` alone is simpler, and as good
    - batches hold each class once: there is no pair to draw together
    - few pairs are hard: `triplet` looks for them

Confused with
    - `triplet`: compares distances with each other, not with a fixed margin
    - the loss of SimCLR, also called contrastive: cross-entropy over similarities
    - pytorch-metric-learning's ContrastiveLoss: distances there are not squared

Example
    Two pairs of two classes at distance 0.5 and 1, one pair of one class at 0.5: (0.125 + 0 + 0.125) / 3.

    >>> import torch
    >>> from gradwise import losses
    >>> points = torch.tensor([[0.0], [0.5], [1.0]])
    >>> round(losses.make("contrastive")(points, torch.tensor([0, 0, 1])).item(), 4)
    0.0833

Claims
    None of its own: expect tighter classes and about the same accuracy.

References
    Hadsell, Chopra, LeCun, Dimensionality Reduction by Learning an Invariant Mapping, CVPR 2006.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from gradwise.losses.criterion import Criterion, wide
from gradwise.losses.loss import Loss

MARGIN = 1.0  # distance


class ContrastiveLoss(Criterion):
    """Squared distances within classes, squared shortfall of a margin between them, over all pairs.

    Cost: N (N − 1)/2 distances of D numbers.

    Args:
        margin: distance that two classes shall keep, above 0.
        strength: factor of the whole.

    Raises:
        UsageError: a margin that is not above 0, a strength below 0.
    """

    def __init__(self, *, margin: float = MARGIN, strength: float = 1.0) -> None:
        super().__init__("contrastive")
        self.margin = self.option("margin", margin, low=0, above=True)
        self.strength = self.option("strength", strength, low=0)

    def forward(self, features: Tensor, target: Tensor) -> Tensor:
        """(N, D) embeddings; (N,) class ids -> scalar; 0 of fewer than two rows.

        Raises:
            UsageError: a target of another form.
        """
        features = wide(features)
        ids = self.group_ids(features, target)
        first, second = torch.triu_indices(len(ids), len(ids), 1, device=ids.device)  # the order of pdist
        distances = functional.pdist(features)  # (pairs,), exact, and without gradient at 0
        pulled, pushed = distances**2, (self.margin - distances).clamp(min=0) ** 2
        losses = torch.where(ids[first] == ids[second], pulled, pushed) / 2
        if self.reduction != "mean":
            return self.reduced(self.strength * losses)
        return self.strength * losses.sum() / max(len(losses), 1)


LOSSES = (
    Loss(
        "contrastive",
        ContrastiveLoss,
        ("classes",),
        "pairs of one class close, of two classes a margin apart",
        takes="features",
    ),
)
