"""The negative logarithm of the probability that a softmax gives to the true class.

What it is
    A net's outputs, called logits, become probabilities by a softmax, and the loss is how surprised they are
    by the true class.  It is the likelihood of the data under the net, and the usual loss for classes of
    which exactly one is true.  The softmax is part of the loss: the net ends in a linear layer.

Also called
    ce, softmax-cross-entropy

Formula
    - ``p = softmax(z)``, and ``loss = −log p_y`` for the true class y
    - mean over the batch; with weights ``Σ w_y loss / Σ w_y``, as torch divides
    - with smoothing s the target is ``1 − s + s/K`` for the true class and ``s/K`` for the others
    - gradient ``p − target``: from −1 to 1 however wrong the net is

Shapes
    outputs (N, K); target (N,) int64 ids, or (N, K) probabilities, as mixed examples have; weights (K,).

Defaults
    no weights, smoothing 0 (torch's).

When
    - one of several classes is true: the first choice, and most often the last
    - probabilities are needed: it is a proper score, lowest for the true ones

When not
    - several labels may be true at once: `bce`
    - rare classes are drowned: give weights, or try `focal`
    - labels are partly wrong or the net grows too sure: `label-smoothing`

Confused with
    - `bce`: a sigmoid for every output; they do not compete
    - torch's NLLLoss: takes logarithms of probabilities; cross-entropy takes logits
    - a softmax in the net and cross-entropy after it: the softmax is then taken twice, and learning is slow

Example
    Equal logits of two classes: the surprise is ln 2.

    >>> import torch
    >>> from gradwise import losses
    >>> loss = losses.make("cross-entropy")
    >>> round(loss(torch.zeros(3, 2), torch.tensor([0, 1, 1])).item(), 4)
    0.6931

Claims
    - it learns where a sigmoid with squared error stalls
    - softmax is for classes that exclude each other, independent sigmoids are for labels

References
    Goodfellow, Bengio, Courville, Deep Learning, MIT Press 2016, section 6.2.2.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from gradwise.losses.criterion import Criterion
from gradwise.losses.loss import Loss


class CrossEntropy(Criterion):
    """Cross-entropy over exclusive classes, from logits; torch's own.

    Args:
        weights: (K,) of every class; the mean is weighted too.
        smoothing: share of the target spread evenly over all classes, from 0 to 1.
        name: in messages.

    Raises:
        UsageError: smoothing is not from 0 to 1.
    """

    def __init__(
        self, *, weights: Tensor | None = None, smoothing: float = 0.0, name: str = "cross-entropy"
    ) -> None:
        super().__init__(name, weights)
        self.smoothing = self.option("smoothing", smoothing, low=0, high=1)

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) logits; (N,) class ids or (N, K) probabilities -> scalar.

        Raises:
            UsageError: a target of another form.
        """
        chances = target.ndim == 2 and target.is_floating_point()
        target = self.labels(outputs, target) if chances else self.class_ids(outputs, target)
        weights = None if self.weights is None else self.weights.to(outputs.dtype)
        return functional.cross_entropy(
            outputs, target, weights, label_smoothing=self.smoothing, reduction=self.reduction
        )


def cross_entropy(*, weights: Tensor | None = None, smoothing: float = 0.0) -> CrossEntropy:
    """See `CrossEntropy`."""
    return CrossEntropy(weights=weights, smoothing=smoothing)


LOSSES = (
    Loss(
        "cross-entropy",
        cross_entropy,
        ("classes",),
        "softmax over exclusive classes",
        aliases=("ce", "softmax-cross-entropy"),
    ),
)
