"""Softmax whose true class must win although the angle to it is counted several times.

What it is
    The logit of class y is ``‖W_y‖ ‖x‖ cos θ`` with the angle θ between the features x and the weights of the
    class.  While training, the true class gets a smaller value, as if its angle were m times as large.  To
    win all the same, features must turn towards their class: classes become narrow, and gaps open between
    them.  Predictions use the plain logits.

Also called
    large-margin-softmax, l-softmax

Formula
    - ``ψ(θ) = (−1)^k cos(m θ) − 2 k`` for θ in ``[k π/m, (k + 1) π/m]``, which falls from 1 to 1 − 2 m
    - true logit ``z_y + ‖W_y‖ ‖x‖ (ψ(θ) − cos θ)/(1 + ease)``, the others as they are; then cross-entropy
    - cos(m θ) is the Chebyshev polynomial of cos θ: no angle is ever computed, so no gradient bursts at 0
    - m 1 is plain cross-entropy; ease is the paper's λ, infinity is plain cross-entropy too
    - with weights as in `cross-entropy`

Shapes
    outputs (N, K); target (N,) int64 ids; features (N, D), what the last linear layer takes; its weight
    (K, D).

Defaults
    margin m 2: on scikit-learn's digits (two hidden layers, 5 seeds) accuracy was 0.977, that of plain
    cross-entropy 0.975, and that with m 4, which Liu and others like best on MNIST, 0.958: one seed of the
    five fell to 0.887.  ease 5: the paper begins with a large λ and lowers it; 5 is where the published
    settings of its successor end (SphereFace, arXiv 1704.08063), and what is taken here from the first step.

When
    - classes overlap a little and the net has learnt the training rows by heart: it makes them hard again
    - features are used beyond the classes: search, verification

When not
    - training does not begin: with an ease near 0 the cheapest answer is features of length 0, and all units
      die; take a larger ease
    - losses are compared: that of training is with margin, that of validation plain cross-entropy
    - probabilities are needed: those of plain logits are not what was trained, so they are **not calibrated**

Confused with
    - `multi-class-hinge`: a margin between outputs, not between angles
    - additive margins (CosFace, ArcFace): later and simpler ones, with features and weights of length 1

Example
    At 60 degrees cos θ is 0.5 and ψ is cos 120° = −0.5: of lengths 2 and 1 the true logit falls from 1 to −1.

    >>> import torch
    >>> from gradwise import losses
    >>> weight, features = torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 3.0**0.5]])
    >>> loss = losses.make("large-margin", margin=2, ease=0)
    >>> round(loss(features @ weight.T, torch.tensor([0]), features, weight).item(), 4)  # ln(1 + e)
    1.3133

Claims
    - center loss and large-margin softmax tighten classes

References
    Liu, Wen, Yu, Yang, Large-Margin Softmax Loss for Convolutional Neural Networks, arXiv 1612.02295.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from gradwise.errors import UsageError
from gradwise.losses.criterion import Criterion, wide
from gradwise.losses.loss import Loss

MARGIN = 2  # times the angle; Liu and others, arXiv 1612.02295, take 2 to 4; see the page
EASE = 5.0  # λ; where SphereFace's published settings (arXiv 1704.08063) end; at 0 to 1 small nets collapse
LARGEST = 16  # times the angle; beyond, a polynomial of that degree is noise in float32
TINY = 1e-12  # product of lengths below which an angle means nothing


class LargeMarginSoftmax(Criterion):
    """Cross-entropy with the angle to the true class multiplied.

    Args:
        margin: m, a whole number from 1 to 16; 1 is cross-entropy.
        ease: λ, how much plain softmax is mixed in: the margin counts 1/(1 + ease).
        weights: (K,) of every class; the mean is weighted too.

    Raises:
        UsageError: another margin, an ease below 0.
    """

    def __init__(self, *, margin: int = MARGIN, ease: float = EASE, weights: Tensor | None = None) -> None:
        super().__init__("large-margin", weights)
        self.margin = self.choice("margin", margin, tuple(range(1, LARGEST + 1)))
        self.ease = self.option("ease", ease, low=0)

    def forward(self, outputs: Tensor, target: Tensor, features: Tensor, weight: Tensor) -> Tensor:
        """(N, K) logits; (N,) class ids; (N, D) features; (K, D) weight -> scalar.

        Raises:
            UsageError: shapes that do not go together, a target of another form.
        """
        outputs, features, weight = wide(outputs), wide(features), wide(weight)
        ids = self.class_ids(outputs, target)
        rows, classes = outputs.shape
        if features.ndim != 2 or features.shape[0] != rows or weight.shape != (classes, features.shape[1]):
            raise UsageError(
                f"loss 'large-margin' takes features ({rows}, D) and weight ({classes}, D), got "
                f"{tuple(features.shape)} and {tuple(weight.shape)}."
            )
        own = weight[ids]  # (N, D)
        lengths = torch.linalg.vector_norm(features, dim=1) * torch.linalg.vector_norm(own, dim=1)  # (N,)
        cosine = ((features * own).sum(1) / lengths.clamp(min=TINY)).clamp(-1, 1)
        less = lengths * (narrowed(cosine, self.margin) - cosine) / (1 + self.ease)
        column = ids.unsqueeze(1)
        outputs = outputs.scatter_add(1, column, less.unsqueeze(1))
        weights = None if self.weights is None else self.weights.to(outputs.dtype)
        return functional.cross_entropy(outputs, ids, weights, reduction=self.reduction)


def narrowed(cosine: Tensor, margin: int) -> Tensor:
    """ψ(θ) of cos θ: falls from 1 at 0 to 1 − 2 m at π.

    >>> narrowed(torch.tensor([1.0, 0.0, -1.0], dtype=torch.float64), 2).tolist()
    [1.0, -1.0, -3.0]
    """
    before, multiple = torch.ones_like(cosine), cosine  # cos 0, cos θ
    for _ in range(margin - 1):
        before, multiple = multiple, 2 * cosine * multiple - before  # cos (k + 1) θ
    turns = torch.zeros_like(cosine)
    for number in range(1, margin):
        turns = turns + (cosine < math.cos(number * math.pi / margin))
    return (1 - 2 * (turns % 2)) * multiple - 2 * turns


LOSSES = (
    Loss(
        "large-margin",
        LargeMarginSoftmax,
        ("classes",),
        "softmax whose angle to the true class counts several times",
        aliases=("large-margin-softmax", "l-softmax"),
        takes="head",
    ),
)
