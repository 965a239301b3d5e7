"""Cross-entropy whose target gives every class a little, so that the net need not become sure beyond reason.

What it is
    With plain cross-entropy the logit of the true class is pushed up without end.  Smoothing takes a share of
    the target from the true class and spreads it over all: there is then a best distance between logits, and
    the net stops there.  It is `cross-entropy` with ``smoothing=0.1`` under a name of its own.

Formula
    - target ``q_y = 1 − s + s/K`` for the true class, ``q_k = s/K`` for the others
    - ``loss = −Σ_k q_k log softmax(z)_k = (1 − s) · cross-entropy + s · mean over k of −log softmax(z)_k``
    - least where the true logit lies ``log((K (1 − s) + s) / s)`` above the others: 4.5 for K 10 and s 0.1

Shapes
    outputs (N, K); target (N,) int64 ids; weights (K,).

Defaults
    smoothing 0.1 (Szegedy and others, section 7).

When
    - many classes, much data, a net that learns it by heart: large image nets gain some tenths of a per cent
    - some labels are wrong
    - probabilities are too sure

When not
    - the net is to teach another one by its probabilities: smoothing wipes out what they tell of likeness
      between classes (Müller, Kornblith, Hinton, arXiv 1906.02629)
    - losses of two fits are compared: its least value is not 0

Confused with
    - `focal`: also keeps easy examples from dominating, by fading them
    - mixup: smooths targets too, together with the inputs

Example
    A net that is sure and right is charged for its certainty: 0.1 / 2 of a distance of 10.

    >>> import torch
    >>> from gradwise import losses
    >>> sure = torch.tensor([[10.0, 0.0]])
    >>> round(losses.make("label-smoothing")(sure, torch.tensor([0])).item(), 4)
    0.5
    >>> round(losses.make("cross-entropy")(sure, torch.tensor([0])).item(), 4)
    0.0

Claims
    None of its own: expect a little better accuracy on large data, and probabilities that are less sure.

References
    Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, Rethinking the Inception Architecture for Computer Vision, arXiv
    1512.00567.
    Müller, Kornblith, Hinton, When Does Label Smoothing Help?, arXiv 1906.02629.
"""

from __future__ import annotations

from torch import Tensor

from gradwise.losses.cross_entropy import CrossEntropy
from gradwise.losses.loss import Loss

SMOOTHING = 0.1  # share of the target; Szegedy and others, arXiv 1512.00567, section 7


def label_smoothing(*, weights: Tensor | None = None, smoothing: float = SMOOTHING) -> CrossEntropy:
    """Cross-entropy with smoothed targets.

    Args:
        weights: (K,) of every class.
        smoothing: share of the target spread evenly over all classes, from 0 to 1.

    Raises:
        UsageError: smoothing is not from 0 to 1.
    """
    return CrossEntropy(weights=weights, smoothing=smoothing, name="label-smoothing")


LOSSES = (
    Loss("label-smoothing", label_smoothing, ("classes",), "cross-entropy that asks for less certainty"),
)
