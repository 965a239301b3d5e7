"""The mean of the weights at the ends of the last epochs, judged and used in their place.

What it is
    With a rate that stays large the weights walk around a flat valley of the loss and never stand in its
    middle.  The mean of where they stood at the ends of the last epochs does, and mostly generalises better
    than each of them.  Running means of batch-norms belong to weights and cannot be averaged with them: they
    are taken anew in one pass over the training rows.

Also called
    stochastic-weight-averaging

Formula
    ``a ← a + (w − a) / (n + 1)`` at the end of every epoch from ``start`` on, n counting from 0

Shapes
    A second copy of all weights.  A net with batch-norms costs one more forward pass over the training rows
    per averaged epoch.

Defaults
    start 0.75 of the epochs (Izmailov and others).  In a fit the schedule is ``constant`` and nothing stops
    early unless asked for, since weights that stand still have nothing to average.  Where `l1` or `elastic`
    make exact zeros, the mean is zero where the net is.

When
    - convolutional nets with momentum, a quarter more epochs to spend, and no ensemble wanted

When not
    - the rate falls to zero: all weights averaged are nearly the same
    - few epochs: start earlier or take `ema`, which takes every step in

Confused with
    - `ema`: a running mean over steps, which forgets
    - `ensemble`: averages answers; this averages weights, of one training

Example
    Epochs 3 and 4 of 4 are averaged.

    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Linear(1, 1, bias=False)
    >>> swa = regularize.make("swa:start=0.5,epochs=4").only(regularize.Swa)
    >>> swa.wrap(net)
    >>> for value in (5.0, 6.0, 1.0, 2.0):
    ...     _ = torch.nn.init.constant_(net.weight, value)
    ...     _ = swa.after_epoch(net, loss=0.0)
    >>> swa.average.module.weight.item()
    1.5

Claims
    None of its own: expect a few tenths of a per cent over the same training without it.

References
    Izmailov, Podoprikhin, Garipov, Vetrov, Wilson, Averaging Weights Leads to Wider Optima and Better
    Generalization, arXiv 1803.05407.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import AveragedModel

from gradwise.registry import Span
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo

START = 0.75  # of the epochs; Izmailov and others, section 4


class Swa(Regulariser):
    """The equal mean of the weights at the ends of epochs, in ``average.module``.

    Args:
        start: share of the epochs after which it begins.
        epochs: of the whole training; a fit tells it; None: from the first one on.
    """

    turn: ClassVar[int] = 2

    def __init__(self, start: float = START, epochs: int | None = None) -> None:
        self.start, self.epochs = start, epochs
        self.average: AveragedModel | None = None
        self._done = 0

    def first(self, epochs: int) -> int:
        """The first epoch that is averaged, of so many, counted from 0."""
        return min(math.ceil(self.start * epochs), epochs - 1)

    def wrap(self, model: nn.Module) -> None:
        """Copy the model."""
        self.average = AveragedModel(model)

    def after_epoch(self, model: nn.Module, loss: float) -> bool:
        """Take the weights in, when it is time; `refresh_norms` is for the caller."""
        del loss
        self._done += 1
        if self.average is not None and self._done > (self.first(self.epochs) if self.epochs else 0):
            self.average.update_parameters(model)
        return False


@torch.no_grad()
def refresh_norms(
    model: nn.Module, batches: Iterable[tuple[Tensor, ...]], *, leave: Collection[str] = ()
) -> None:
    """Means and variances of all batch-norms anew, over these batches; nothing else changes.

    Only batch-norms are in training mode meanwhile, so no random number is drawn.  Nets without them are left
    alone, and ``batches`` is not looked at.

    Args:
        model: in evaluation its norms will use what is found here.
        batches: inputs of the model.
        leave: names of norms that keep what they have.
    """
    known = {name: module for name, module in model.named_modules() if isinstance(module, _BatchNorm)}
    norms = [norm for name, norm in known.items() if norm.track_running_stats and name not in leave]
    if not norms:
        return
    modes = [(module, module.training) for module in model.modules()]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the equal mean over batches
        norm.train()
    try:
        for inputs in batches:
            model(*inputs)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for module, training in modes:
            module.training = training


REGULARISERS = (
    RegulariserInfo(
        "swa",
        Swa,
        "the mean of the weights of the last epochs is what is used",
        aliases=("stochastic-weight-averaging",),
        spans={"start": Span(0, 1), "epochs": Span(1, whole=True)},
    ),
)
