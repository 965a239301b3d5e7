"""Every example becomes a weighted mean of itself and another one, and so does its target.

What it is
    Between two examples the net shall answer between their two answers.  It becomes less sure of itself and
    learns less by heart.

Also called
    mix-up

Formula
    ``x ← λ x + (1 − λ) x′`` and ``t ← λ t + (1 − λ) t′``; λ from Beta(α, α), one for each row; x′ from the
    batch in another order; classes as rows of 0 and a single 1

Shapes
    (N,) class ids become (N, K) shares that sum to 1; (N, K) labels and numbers stay in shape.  Bytes stay
    bytes, rounded.  Categories of a table come from x with probability λ, else from x′; a series is as long
    as the longer of the two.

Defaults
    alpha 0.2 (Zhang and others, section 3.1: 0.1 to 0.4 on ImageNet; 1 on CIFAR-10).

When
    - images and tables with few rows or wrong labels
    - calibrated probabilities are wanted: nets are less overconfident

When not
    - the loss takes class ids only
    - regression whose answer does not go evenly from one example to the next
    - a small net that hardly fits the data as it is: it underfits the more

Confused with
    - `cutmix`: puts a piece of x′ into x instead of blending them
    - SMOTE: mixes only rows of one rare class, and keeps the label

Example
    >>> import torch
    >>> from gradwise import augment
    >>> numbers, ids = torch.tensor([[0.0], [1.0]]), torch.tensor([0, 1])
    >>> mixed, shares = augment.make("mixup", classes=2)(numbers, ids, torch.Generator().manual_seed(0))
    >>> torch.allclose(shares[:, 1:], mixed), shares.sum(1).tolist()  # here the number is the share itself
    (True, [1.0, 1.0])

Claims
    - mixup, cutmix and cutout compared on small data

References
    Zhang, Cissé, Dauphin, Lopez-Paz, mixup: Beyond Empirical Risk Minimization, arXiv 1710.09412.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradwise.augment.augmentation import Augmentation, Inputs, Mixing, as_floats, number
from gradwise.augment.seeding import numpy_generator


@dataclass(frozen=True, kw_only=True)
class Mixup(Mixing):
    """Blended rows.

    Args:
        alpha: of the Beta distribution: small: nearly whole examples; 1: all shares alike.
    """

    alpha: float = 0.2

    def __post_init__(self) -> None:
        number("mixup", "alpha", self.alpha, 1e-3, 1e3)

    def __call__(
        self, inputs: Inputs, target: Tensor, generator: torch.Generator | None
    ) -> tuple[Inputs, Tensor]:
        """See `Mixing`."""
        first = as_floats(inputs[0])
        rows = len(first)
        other = torch.randperm(rows, generator=generator).to(first.device)
        drawn = torch.from_numpy(numpy_generator(generator).beta(self.alpha, self.alpha, rows))
        share = drawn.to(first.device, first.dtype)  # (N,) of the row itself
        rest = tuple(self._second(each, other, share, first.ndim, generator) for each in inputs[1:])
        return (_blended(first, other, share), *rest), _blended(target, other, share)

    def _second(
        self, values: Tensor, other: Tensor, share: Tensor, ndim: int, generator: torch.Generator | None
    ) -> Tensor:
        """Lengths of series, or categories."""
        if ndim == 3:
            return torch.maximum(values, values[other])
        own = torch.rand(values.shape, generator=generator).to(values.device) < share.unsqueeze(1)
        return torch.where(own, values, values[other])


def _blended(values: Tensor, other: Tensor, share: Tensor) -> Tensor:
    weight = share.to(values.dtype).view(-1, *[1] * (values.ndim - 1))
    return torch.lerp(values.index_select(0, other), values, weight)


AUGMENTATIONS = (
    Augmentation(
        "mixup", Mixup, ("images", "series", "table"), "weighted means of two rows", aliases=("mix-up",)
    ),
)
