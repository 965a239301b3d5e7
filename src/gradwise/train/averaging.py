"""Averages of the weights in a training: a running one of all steps, an equal one of the last epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.optim.swa_utils import AveragedModel

from gradwise.regularize.ema import averaged
from gradwise.regularize.swa import refresh_norms
from gradwise.train.batches import Batches

if TYPE_CHECKING:
    from gradwise.train.training import Training

__all__ = ["average_epoch", "averaged", "take_in"]


def take_in(average: AveragedModel, training: Training) -> None:
    """Take the weights into an average, which stays zero where a regulariser has set them to zero."""
    average.update_parameters(training.model)
    training.regularisers.after_average(training.model, average.module)


def average_epoch(training: Training, batches: Batches) -> None:
    """At the end of an epoch: take the weights into the average, where it is one of epochs and it is time.

    Cost: for nets with batch-norms a forward pass over all batches.

    Args:
        training: whose epoch is done and not yet closed.
        batches: that it learnt from, for the means and variances of batch-norms.
    """
    average, first = training.ema, training.average_from
    if average is None or first is None or training.progress.epoch < first:
        return
    training.between_steps = False  # until the epoch is closed: it must be taken in once
    if not int(average.n_averaged):
        training.progress.best_epoch = 0  # from here on averages compete among themselves
    take_in(average, training)
    with training.precision():
        frozen = training.freezing.frozen_norms(training.progress.epoch) if training.freezing else ()
        refresh_norms(average.module, (inputs for inputs, _ in batches.iterate(epoch=0)), leave=frozen)
