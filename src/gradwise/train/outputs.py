"""What a net says of rows, in their order."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from gradwise.train.batches import Batches
from gradwise.train.loop import evaluating


def outputs(model: nn.Module, batches: Batches, *, autocast: torch.dtype | None = None) -> Tensor:
    """(N, K) float32 outputs of all rows on the CPU, in the order of the rows whatever that of the batches.

    Evaluation mode, no gradients; modes are put back.  Cost: one host transfer.

    Args:
        model: called with the inputs of a batch.
        batches: of all rows (not ``drop_last``).
        autocast: dtype of the forward pass; None: the weights' own.

    >>> from gradwise.data.examples import Examples
    >>> rows = Examples({"numbers": np.array([[1.0], [2.0], [3.0]], np.float32)})
    >>> outputs(nn.Identity(), Batches(rows, 2)).flatten()
    tensor([1., 2., 3.])
    """
    device = torch.device(batches.device)
    with evaluating(model), torch.autocast(device.type, autocast, enabled=autocast is not None):
        every, done = torch.empty(0), 0
        for inputs, _ in batches.iterate(epoch=0):
            made = model(*inputs).float()
            if not done:  # one place for all: many small results between large ones would tear the heap
                every = made.new_empty((batches.rows, *made.shape[1:]))
            every[done : done + len(made)] = made
            done += len(made)
    return every.cpu()[torch.from_numpy(np.argsort(batches.order(0)))]
