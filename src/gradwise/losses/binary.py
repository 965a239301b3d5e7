"""Binary cross-entropy: an independent sigmoid for every output, from logits."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from gradwise.losses.loss import Loss, as_labels


class BinaryCrossEntropy(nn.Module):
    """``−t log σ(z) − (1 − t) log(1 − σ(z))``, averaged over examples and outputs.

    Args:
        weights: (K,) of every output's positives.
        smoothing: share by which targets are drawn towards a half.
    """

    weights: Tensor | None

    def __init__(self, *, weights: Tensor | None = None, smoothing: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.smoothing = smoothing

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) logits; (N, K) of 0 and 1, or (N,) class ids -> scalar."""
        labels = as_labels(target, outputs)
        if self.smoothing:
            labels = labels * (1 - self.smoothing) + self.smoothing / 2
        return functional.binary_cross_entropy_with_logits(outputs, labels, pos_weight=self.weights)


LOSSES = (
    Loss(
        "bce",
        BinaryCrossEntropy,
        ("labels", "classes"),
        "a sigmoid for every output, several may be true",
        aliases=("binary-cross-entropy", "multi-label", "multi-label-bce"),
    ),
)
