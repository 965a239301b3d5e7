"""A learning rate that is divided by 2 or 5 whenever the validation loss has stalled.

What it is
    After every epoch the loss of validation (of training, where there is none) is compared with the best so
    far.  Where it has not fallen for more than ``patience`` epochs, the rate is divided, and the count starts
    over.

Also called
    reduce-on-plateau, reduce-lr-on-plateau

Formula
    - an epoch is better when ``loss < best · (1 − threshold)``
    - after more than ``patience`` epochs in a row that are not: ``rate ← max(rate/divide, end · first rate)``

Defaults
    ``divide`` 2, ``patience`` 5 epochs, ``threshold`` 0.001, ``end`` 0.  ``divide=5`` cuts harder,
    ``divide=10`` is torch's own.  ``warm-up`` 0; while it warms up nothing is divided.  `gradwise fit` waits
    with stopping early until the rate can have been divided three times.

When
    - nobody knows how long the training must be
    - a training at a `constant` rate goes up and down without getting better

When not
    - the number of epochs is fixed: `cosine` or `one-cycle` end better in it
    - validation is small and noisy: it is divided too early; raise ``patience``

Confused with
    - early stopping: ends the training where this goes on with smaller steps
    - `step`: cuts at epochs named beforehand

Example
    Losses that stall after the second epoch, with a patience of one.

    >>> import torch
    >>> from gradwise import optim
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    >>> schedule = optim.make_schedule("plateau:divide=5,patience=1", optimizer, steps_per_epoch=1, epochs=6)
    >>> rates = []
    >>> for loss in (1.0, 0.5, 0.5, 0.5, 0.5, 0.5):
    ...     schedule.scheduler.step(loss)
    ...     rates.append(round(optimizer.param_groups[0]["lr"], 4))
    >>> rates
    [1.0, 1.0, 1.0, 0.2, 0.2, 0.04]

Claims
    - dividing the rate at a plateau helps

References
    He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, arXiv 1512.03385, section 3.4, divide
    by 10 where the error stalls.
    torch.optim.lr_scheduler.ReduceLROnPlateau, which does the work here.
"""

from __future__ import annotations

from typing import SupportsFloat

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from gradwise.optim.schedules.policy import SHARE, Policy
from gradwise.registry import Span

DIVIDE = 2.0  # handbook: 2 or 5
PATIENCE = 5  # epochs that are no better before the rate is divided; ours
THRESHOLD = 1e-3  # share by which the loss must fall to count as better; ten times torch's


class Plateau(ReduceLROnPlateau):
    """torch's scheduler, stepped with a loss after every epoch; it can warm up first.

    Args:
        optimizer: whose rates are divided, each group's its own.
        rise: batches of a line up to the full rate; while they last it is stepped without a loss after each
            of them, and losses divide nothing.
        divide: what a rate is divided by.
        patience: epochs that are no better before it is.
        threshold: share by which the loss must fall to count as better.
        end: share of the first rate below which none falls.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        rise: int = 0,
        *,
        divide: float = DIVIDE,
        patience: int = PATIENCE,
        threshold: float = THRESHOLD,
        end: float = 0.0,
    ) -> None:
        self.full = [float(group["lr"]) for group in optimizer.param_groups]
        self.rise, self.batches, self.warmed = rise, 0, not rise  # warmed: before the epoch began
        super().__init__(
            optimizer,
            factor=1 / divide,
            patience=int(patience),
            threshold=threshold,
            min_lr=[end * rate for rate in self.full],
            eps=0.0,  # however small the rate, it is divided
        )
        self._warm()

    def step(  # type: ignore[override]  # torch's own two classes differ here
        self, metrics: SupportsFloat | None = None, epoch: int | None = None
    ) -> None:
        """After an epoch with its loss; while warming up also after a batch, without one."""
        if metrics is not None:
            super().step(metrics, epoch)
            if not self.warmed:
                self.num_bad_epochs = 0
                self.warmed = self.batches >= self.rise
        elif self.batches < self.rise:
            self.batches += 1
            self._warm()

    def _warm(self) -> None:
        if self.rise:
            share = min(self.batches + 1, self.rise) / self.rise
            for group, full in zip(self.optimizer.param_groups, self.full, strict=True):
                group["lr"] = full * share


SCHEDULES = (
    Policy(
        "plateau",
        Plateau,
        "loss",
        "divided when validation stalls",
        aliases=("reduce-on-plateau", "reduce-lr-on-plateau"),
        spans={
            "divide": Span(1, beyond=True),
            "patience": Span(0, whole=True),
            "threshold": Span(0, 1),
            "end": SHARE,
        },
    ),
)
