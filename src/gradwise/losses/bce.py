"""Binary cross-entropy: every output is a yes or no of its own, by a sigmoid.

What it is
    Each of K outputs becomes a probability by its own sigmoid, and is scored as a coin would be: none, one or
    several labels may be true.  With a single output it is the loss of logistic regression.

Also called
    binary-cross-entropy, multi-label, multi-label-bce

Formula
    - ``p = σ(z)``, and ``loss = −(t log p + (1 − t) log(1 − p))``, mean over examples and outputs
    - computed from logits as ``max(z, 0) − z t + log(1 + e^−|z|)``, which no z breaks
    - with weights w the term of t is multiplied by w, and the mean stays over all, as torch's ``pos_weight``
    - with smoothing s the target is ``t (1 − s) + s/2``; gradient ``p − t``

Shapes
    outputs (N, K); target (N, K) from 0 to 1, or (N,) int64 ids, which become rows with one 1; weights (K,).

Defaults
    no weights, smoothing 0 (torch's).

When
    - several labels may be true, or none
    - yes or no with one output
    - classes too, where "none of them" must be possible

When not
    - exactly one class is true: `cross-entropy` knows it, and its probabilities add up to 1
    - nearly all labels are false: give weights, or try `focal`

Confused with
    - `cross-entropy`: its outputs compete, these do not
    - torch's BCELoss: takes probabilities; this takes logits, so the net ends in a linear layer

Example
    Logit 0 is a fair coin, whatever the target.

    >>> import torch
    >>> from gradwise import losses
    >>> loss = losses.make("bce")
    >>> round(loss(torch.zeros(1, 3), torch.tensor([[1.0, 0.0, 1.0]])).item(), 4)
    0.6931

Claims
    - independent sigmoids are for labels, softmax is for classes that exclude each other
    - it learns where a sigmoid with squared error stalls

References
    Goodfellow, Bengio, Courville, Deep Learning, MIT Press 2016, section 6.2.2.2.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from gradwise.losses.criterion import Criterion
from gradwise.losses.loss import Loss


class BinaryCrossEntropy(Criterion):
    """An independent sigmoid for every output; torch's own.

    Args:
        weights: (K,) of every output's positives.
        smoothing: share by which targets are drawn towards a half.

    Raises:
        UsageError: smoothing is not from 0 to 1.
    """

    def __init__(self, *, weights: Tensor | None = None, smoothing: float = 0.0) -> None:
        super().__init__("bce", weights)
        self.smoothing = self.option("smoothing", smoothing, low=0, high=1)

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) logits; (N, K) from 0 to 1, or (N,) class ids -> scalar.

        Raises:
            UsageError: a target of another form.
        """
        labels = self.labels(outputs, target)
        if self.smoothing:
            labels = labels * (1 - self.smoothing) + self.smoothing / 2
        return functional.binary_cross_entropy_with_logits(
            outputs, labels, pos_weight=self.weights, reduction=self.reduction
        )


LOSSES = (
    Loss(
        "bce",
        BinaryCrossEntropy,
        ("labels", "classes"),
        "a sigmoid for every output, several may be true",
        aliases=("binary-cross-entropy", "multi-label", "multi-label-bce"),
    ),
)
