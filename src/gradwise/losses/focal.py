"""Cross-entropy that cares less about examples that are already right.

What it is
    Every example's cross-entropy is multiplied by a power of the probability that it still lacks.  Easy
    examples fade, so that many of them do not drown the few hard ones: it was made for detectors that see
    thousands of empty boxes for every object.

Formula
    - classes: ``p = softmax(z)_y``, and ``loss = −w_y (1 − p)^γ log p``, divided by the sum of the weights w
    - labels: p of each label is ``σ(z)`` where it is true and ``1 − σ(z)`` where not; mean over all
    - ``1 − p`` is computed from the logits of the others, so that no power of it breaks where p rounds to 1

Shapes
    outputs (N, K); target (N,) int64 ids or (N, K) from 0 to 1; weights (K,), of classes or of positives.

Defaults
    γ 2 (Lin and others, table 1b: the best of 0 to 5).  The paper's α are the weights.

When
    - one class is far more frequent than the rest and most of its examples are easy
    - weights alone do not help, since they make easy and hard examples of a class equally important

When not
    - classes are balanced: `cross-entropy` gives better probabilities
    - labels are wrong: those examples stay hard for ever, and are what it looks at most
    - probabilities are used as such: focal ones are too modest

Confused with
    - class weights: by class, whatever the example
    - boosting: gives weights to examples too, from round to round

Example
    At probability one half: (1/2)² of ln 2.

    >>> import torch
    >>> from gradwise import losses
    >>> loss = losses.make("focal")
    >>> round(loss(torch.zeros(1, 2), torch.tensor([1])).item(), 4)
    0.1733

Claims
    - compared on imbalanced data with class weights, over-sampling, under-sampling and SMOTE

References
    Lin, Goyal, Girshick, He, Dollár, Focal Loss for Dense Object Detection, arXiv 1708.02002.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from gradwise.errors import UsageError
from gradwise.losses.criterion import Criterion, wide
from gradwise.losses.loss import Loss

GAMMA = 2.0  # Lin, Goyal, Girshick, He, Dollár, arXiv 1708.02002, table 1b: the best of 0 to 5


class FocalLoss(Criterion):
    """``−(1 − p)^γ log p`` of the true class, or of every label.

    Args:
        weights: (K,) of every class, or of every label's positives.
        gamma: how fast easy examples fade; 0 is cross-entropy.

    Raises:
        UsageError: gamma below 0.
    """

    def __init__(self, *, weights: Tensor | None = None, gamma: float = GAMMA) -> None:
        super().__init__("focal", weights)
        self.gamma = self.option("gamma", gamma, low=0)

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) logits; (N,) class ids or (N, K) labels -> scalar.

        Raises:
            UsageError: a target of another form, or a single class.
        """
        outputs = wide(outputs)
        if target.ndim == 2:
            return self._of_labels(outputs, self.labels(outputs, target))
        ids = self.class_ids(outputs, target)
        if outputs.shape[1] < 2:
            raise UsageError("loss 'focal' takes outputs of 2 classes or more, got 1.")
        log_shares = functional.log_softmax(outputs, dim=1)  # (N, K)
        rows = ids.unsqueeze(1)  # (N, 1)
        log_true = log_shares.gather(1, rows).squeeze(1)  # (N,)
        log_rest = log_shares.scatter(1, rows, -math.inf).logsumexp(1)  # log(1 − p)
        return self.weighed(-torch.exp(self.gamma * log_rest) * log_true, ids)

    def _of_labels(self, outputs: Tensor, labels: Tensor) -> Tensor:
        log_yes, log_no = functional.logsigmoid(outputs), functional.logsigmoid(-outputs)
        yes = -torch.exp(self.gamma * log_no) * log_yes  # (N, K) what it costs if the label is true
        no = -torch.exp(self.gamma * log_yes) * log_no
        if self.weights is not None:
            yes = yes * self.weights
        return self.reduced(torch.lerp(no, yes, labels))


LOSSES = (Loss("focal", FocalLoss, ("classes", "labels"), "cross-entropy that fades on easy examples"),)
