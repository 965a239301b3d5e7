"""Focal loss: cross-entropy that cares less about examples that are already right."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gradwise.errors import UsageError
from gradwise.losses.loss import Loss

GAMMA = 2.0  # Lin, Goyal, Girshick, He, Dollar, arXiv 1708.02002, table 1b: the best of 0 to 5


class FocalLoss(nn.Module):
    """``−(1 − p)^γ log p`` of the true class, or of every label (arXiv 1708.02002, equation 4).

    Args:
        weights: (K,) of every class, or of every label's positives.
        gamma: how fast easy examples fade; 0 is cross-entropy.

    Raises:
        UsageError: gamma below 0.

    >>> loss = FocalLoss(gamma=2.0)
    >>> round(loss(torch.zeros(1, 2), torch.tensor([1])).item(), 4)  # (1/2)^2 ln 2
    0.1733
    """

    weights: Tensor | None

    def __init__(self, *, weights: Tensor | None = None, gamma: float = GAMMA) -> None:
        super().__init__()
        if gamma < 0:
            raise UsageError(f"focal loss takes a gamma of 0 or more, not {gamma:g}.")
        self.register_buffer("weights", weights)
        self.gamma = gamma

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) logits; (N,) class ids or (N, K) labels -> scalar; classes are averaged by their weights."""
        if target.ndim == outputs.ndim:
            return self._labels(outputs, target)
        log_share = functional.log_softmax(outputs, dim=1)  # (N, K)
        log_true = log_share.gather(1, target.unsqueeze(1)).squeeze(1)  # (N,)
        losses = -((1 - log_true.exp()) ** self.gamma) * log_true
        if self.weights is None:
            return losses.mean()
        weights = self.weights[target]  # (N,)
        return (weights * losses).sum() / weights.sum()

    def _labels(self, outputs: Tensor, target: Tensor) -> Tensor:
        entropy = functional.binary_cross_entropy_with_logits(outputs, target, reduction="none")
        losses = (1 - torch.exp(-entropy)) ** self.gamma * entropy  # (N, K)
        if self.weights is not None:
            losses = losses * torch.where(target > 0.5, self.weights, 1.0)
        return losses.mean()


LOSSES = (Loss("focal", FocalLoss, ("classes", "labels"), "cross-entropy that fades on easy examples"),)
