"""Every example shall lie nearer to its own class than to another one, by a margin.

What it is
    A loss of triplets of embeddings: an anchor, a positive of its class, a negative of another.  The negative
    shall be farther from the anchor than the positive is.  Most triplets are soon right and teach nothing, so
    negatives are looked for within the batch (mining).

Formula
    - ``loss = max(0, ‖a − p‖² − ‖a − n‖² + margin)``, embeddings scaled to length 1
    - semi-hard: for every a and p the n nearest to a of those farther than p; where none is, the farthest n
    - hard: for every a the farthest p and the nearest n
    - mean over the pairs (a, p), or over the anchors; those without a positive or a negative are left out
    - in a fit: cross-entropy of the outputs + strength · this, on what the last linear layer takes

Shapes
    embeddings (N, D); target (N,) int64 ids.

Defaults
    margin 0.2, length 1, semi-hard (Schroff, Kalenichenko, Philbin, sections 3.1 and 3.2), strength 1.

When
    - distances between examples are the aim: search, verification, many classes with few examples each

When not
    - only the classes count: `cross-entropy` is simpler, faster, and as good
    - batches hold each class once: there is no positive; sample some examples of each class
    - labels are wrong: hard mining looks for just those examples

Confused with
    - `contrastive`: pairs against a fixed margin
    - torch's TripletMarginLoss: takes triplets that one has found oneself, and distances that are not squared

Example
    A negative at right angles to the anchor, a positive in the same direction: 0 − 2 + 0.2 is below 0.

    >>> import torch
    >>> from gradwise import losses
    >>> points, ids = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 0, 1])
    >>> losses.make("triplet")(points, ids).item()
    0.0
    >>> round(losses.make("triplet", margin=2.5)(points, ids).item(), 4)
    0.5

Claims
    None of its own: expect tighter classes and about the same accuracy.

References
    Schroff, Kalenichenko, Philbin, FaceNet: A Unified Embedding for Face Recognition and Clustering, arXiv
    1503.03832.
    Hermans, Beyer, Leibe, In Defense of the Triplet Loss for Person Re-Identification, arXiv 1703.07737.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from gradwise.losses.criterion import Criterion, wide
from gradwise.losses.loss import Loss

MARGIN = 0.2  # squared distance on the unit sphere; Schroff and others, arXiv 1503.03832, section 3.1
MINING = ("semi-hard", "hard")


class TripletLoss(Criterion):
    """The nearest negative that counts against the positive, within the batch.

    Cost: N² distances of D numbers, a sort of N rows; no sync.

    Args:
        margin: squared distance, above 0.
        mining: ``semi-hard`` or ``hard``.
        normalize: scale embeddings to length 1 first.
        strength: factor of the whole.

    Raises:
        UsageError: a margin that is not above 0, a strength below 0, another mining.
    """

    def __init__(
        self,
        *,
        margin: float = MARGIN,
        mining: str = MINING[0],
        normalize: bool = True,
        strength: float = 1.0,
    ) -> None:
        super().__init__("triplet")
        self.margin = self.option("margin", margin, low=0, above=True)
        self.mining = self.choice("mining", mining, MINING)
        self.normalize = bool(normalize)
        self.strength = self.option("strength", strength, low=0)

    def forward(self, features: Tensor, target: Tensor) -> Tensor:
        """(N, D) embeddings; (N,) class ids -> scalar; 0 where the batch holds no triplet.

        Raises:
            UsageError: a target of another form.
        """
        features = wide(features)
        ids = self.group_ids(features, target)
        squares = squared_distances(functional.normalize(features) if self.normalize else features)
        same = ids.unsqueeze(1) == ids  # (N, N)
        positive = same.clone().fill_diagonal_(0)
        find = _semi_hard if self.mining == "semi-hard" else _hard
        gaps, counted = find(squares, same, positive)
        counted = counted & ~same.all(1, keepdim=True)  # there is a negative
        losses = (gaps + self.margin).clamp(min=0) * counted
        if self.reduction != "mean":
            return self.reduced(self.strength * losses)
        return self.strength * losses.sum() / counted.sum().clamp(min=1)


def squared_distances(rows: Tensor) -> Tensor:
    """(N, N) squared Euclidean distances of (N, D) rows, to full precision also between near ones.

    >>> squared_distances(torch.tensor([[0.0, 0.0], [3.0, 4.0]])).tolist()
    [[0.0, 25.0], [25.0, 0.0]]
    """
    count = len(rows)
    upper = functional.pdist(rows) ** 2  # (pairs,): (0, 1), (0, 2) ... (1, 2) ...
    first, second = torch.triu_indices(count, count, 1, device=rows.device)
    square = rows.new_zeros(count, count).index_put((first, second), upper)
    return square + square.T


def _semi_hard(squares: Tensor, same: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    """(N, N) positive less negative for every anchor and positive, and which of them count."""
    count = len(squares)
    order = squares.detach().argsort(dim=1)  # (N, N) rows, the nearest first
    place = torch.arange(count, device=same.device).expand(count, count)
    mate = same.gather(1, order)
    farther = place.masked_fill(mate, count).flip(1).cummin(1).values.flip(1)  # place of the next negative
    farthest = place.masked_fill(mate, 0).amax(1, keepdim=True)  # where none comes after
    found = order.gather(1, farther.minimum(farthest))
    negative = torch.empty_like(order).scatter(1, order, found)
    return squares - squares.gather(1, negative), positive


def _hard(squares: Tensor, same: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 1) farthest positive less nearest negative of every anchor, and which of them count."""
    farthest = squares.masked_fill(~positive, 0.0).amax(1, keepdim=True)
    nearest = squares.gather(1, squares.detach().masked_fill(same, math.inf).argmin(1, keepdim=True))
    return farthest - nearest, positive.any(1, keepdim=True)


LOSSES = (
    Loss(
        "triplet",
        TripletLoss,
        ("classes",),
        "nearer to the own class than to another, by a margin",
        takes="features",
    ),
)
