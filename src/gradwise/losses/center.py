"""Features of a class are drawn towards the class's centre, which moves along with them.

What it is
    Cross-entropy keeps classes apart and does not care how far each one spreads.  Center loss adds the
    squared distance of every example's features to the centre of its class.  Centres are learnt too: each
    follows the mean of the features of its class in the batch.

Also called
    center-loss, centre

Formula
    - ``loss = strength/2 · mean ‖x − c_y‖²``, added to the cross-entropy of the outputs in a fit
    - x: what the last linear layer takes; its gradient is ``strength (x − c_y)/N``
    - what the optimizer gets for a centre is the paper's ``Δc_j = Σ_{y=j} (c_j − x)/(1 + n_j)``, whatever the
      strength, and not the derivative of the loss: plain SGD with rate α moves centres just as the paper does

Shapes
    features (N, D); target (N,) int64 ids; centres (K · D,) as one vector, which weight decay passes over;
    they start at 0 and are no part of the net that predicts.

Defaults
    strength 0.003 (Wen and others, section 4.1, λ); centres move at the optimizer's rate (the paper: α 0.5).

When
    - features are used beyond the classes: search, verification, classes not known in training
    - classes spread so widely that they touch

When not
    - a class is made of several kinds that look different: one centre does not serve them
    - the optimizer searches along lines (L-BFGS): the gradient of centres is none of the loss
    - features may shrink: without cross-entropy beside it all of them collapse into one point

Confused with
    - `triplet` and `contrastive`: pairs of examples, no centres
    - k-means: its centres are found without classes

Example
    A feature at distance 5 from its centre, which starts at 0: half of 25.

    >>> import torch
    >>> from gradwise import losses
    >>> loss = losses.make("center", classes=2, features=2, strength=1.0)
    >>> loss(torch.tensor([[3.0, 4.0]]), torch.tensor([1])).item()
    12.5

Claims
    - center loss and large-margin softmax tighten classes

References
    Wen, Zhang, Li, Qiao, A Discriminative Feature Learning Approach for Deep Face Recognition, ECCV 2016.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.losses.criterion import Criterion, wide
from gradwise.losses.loss import Loss

STRENGTH = 0.003  # factor beside cross-entropy; Wen and others, ECCV 2016, section 4.1


class CenterLoss(Criterion):
    """Half the mean squared distance of features to the centre of their class.

    Args:
        classes: K.
        features: D, numbers per example.
        strength: factor of the whole.

    Raises:
        UsageError: fewer than 1 class or feature, a strength below 0.
    """

    def __init__(self, *, classes: int, features: int, strength: float = STRENGTH) -> None:
        super().__init__("center")
        self.classes = int(self.option("classes", classes, low=1))
        self.features = int(self.option("features", features, low=1))
        self.strength = self.option("strength", strength, low=0)
        self.centers = nn.Parameter(torch.zeros(self.classes * self.features))

    def forward(self, features: Tensor, target: Tensor) -> Tensor:
        """(N, D) features; (N,) class ids -> scalar.

        Raises:
            UsageError: features of another width, a target of another form.
        """
        features = wide(features)
        ids = self.group_ids(features, target, self.classes)
        if features.shape[1] != self.features:
            raise UsageError(
                f"loss 'center' takes {self.features} features per example, got {features.shape[1]}."
            )
        centers = self.centers.to(features.dtype).view(self.classes, self.features)
        own = centers[ids]  # (N, D)
        losses = (features - own.detach()).square().sum(1)  # (N,)
        follow = _follow(own, features.detach(), ids, self.classes)
        if self.reduction == "none":
            return self.strength / 2 * losses + follow
        return self.strength / 2 * self.reduced(losses) + follow.sum()


def _follow(own: Tensor, features: Tensor, ids: Tensor, classes: int) -> Tensor:
    """(N,) of 0, with the gradients that move centres after the features."""
    counts = own.new_zeros(classes).index_add_(0, ids, own.new_ones(len(ids)))  # no sync, unlike bincount
    pull = (own - features).square().sum(1) / (2 * (1 + counts[ids]))
    return pull - pull.detach()


LOSSES = (
    Loss(
        "center",
        CenterLoss,
        ("classes",),
        "draws features towards the centre of their class",
        aliases=("center-loss", "centre"),
        takes="features",
        sized=True,
    ),
)
