"""Cross-entropy over exclusive classes, from logits."""

from __future__ import annotations

from torch import Tensor, nn

from gradwise.losses.loss import Loss


def cross_entropy(*, weights: Tensor | None = None, smoothing: float = 0.0) -> nn.CrossEntropyLoss:
    """``−log softmax(outputs)[target]``; torch's own.

    Args:
        weights: (K,) of every class; the mean is weighted too.
        smoothing: share of the target spread over all classes (Szegedy and others, arXiv 1512.00567, section
            7, take 0.1).
    """
    return nn.CrossEntropyLoss(weight=weights, label_smoothing=smoothing)


LOSSES = (
    Loss(
        "cross-entropy",
        cross_entropy,
        ("classes",),
        "softmax over exclusive classes",
        aliases=("ce", "softmax-cross-entropy"),
    ),
)
