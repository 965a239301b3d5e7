"""The true class shall lead every other one by a margin (Weston and Watkins).

What it is
    The support vector machine's loss for exclusive classes.  Every class that is not at least a margin behind
    the true one adds what it is short of it.  This is the form of Weston and Watkins, a **sum** over the
    classes, divided by their number as torch does; that of Crammer and Singer takes the **worst** class only.

Also called
    multi-margin, multiclass-hinge, weston-watkins

Formula
    - ``loss = Σ_{k≠y} max(0, margin − z_y + z_k)^power / K``
    - mean over the batch; with weights ``Σ w_y loss / Σ w_y``, as `cross-entropy` divides (torch's
      MultiMarginLoss divides by N)

Shapes
    outputs (N, K); target (N,) int64 ids; weights (K,).

Defaults
    margin 1, power 1 (torch's MultiMarginLoss).

When
    - only the decision counts, and examples that are clearly right shall have no say
    - a net's last layer shall compare with a support vector machine

When not
    - probabilities are needed: the softmax of outputs that were trained by a hinge is **not calibrated**.
      Take `cross-entropy`.
    - there are many classes: most have no gradient soon

Confused with
    - `hinge`: every output against zero
    - `large-margin`: cross-entropy with a margin between angles

Example
    The true class leads one other by 2 and the last by 0.5: half a margin is short, over 3 classes.

    >>> import torch
    >>> from gradwise import losses
    >>> loss = losses.make("multi-class-hinge")
    >>> round(loss(torch.tensor([[2.0, 0.0, 1.5]]), torch.tensor([0])).item(), 4)
    0.1667

Claims
    None of its own: expect an accuracy like that of `cross-entropy`, and no probabilities.

References
    Weston, Watkins, Support Vector Machines for Multi-Class Pattern Recognition, ESANN 1999.
    Crammer, Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines, JMLR 2,
    2001.
"""

from __future__ import annotations

from torch import Tensor

from gradwise.losses.criterion import Criterion, wide
from gradwise.losses.loss import Loss


class MultiClassHinge(Criterion):
    """The sum over the other classes of what the true one's lead is short of a margin, over K.

    Args:
        weights: (K,) of every class; the mean is weighted too.
        margin: above 0.
        power: 1 or 2.

    Raises:
        UsageError: a margin that is not above 0, another power.
    """

    def __init__(self, *, weights: Tensor | None = None, margin: float = 1.0, power: int = 1) -> None:
        super().__init__("multi-class-hinge", weights)
        self.margin = self.option("margin", margin, low=0, above=True)
        self.power = self.choice("power", power, (1, 2))

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K); (N,) class ids -> scalar.

        Raises:
            UsageError: a target of another form.
        """
        outputs = wide(outputs)
        ids = self.class_ids(outputs, target)
        # Not torch's own: that one has no rule for vmap, by which several nets are judged at once.
        short = (outputs - outputs.gather(1, ids.unsqueeze(1)) + self.margin).clamp(min=0)
        losses = (short if self.power == 1 else short**self.power).mean(dim=1)  # (N,)
        losses = losses - self.margin**self.power / outputs.shape[1]  # what the true class adds by itself
        return self.weighed(losses, ids)


LOSSES = (
    Loss(
        "multi-class-hinge",
        MultiClassHinge,
        ("classes",),
        "the true class leads every other by a margin",
        aliases=("multi-margin", "multiclass-hinge", "weston-watkins"),
    ),
)
