"""Sequences of unequal lengths, padded at their end, without packing.

Nothing here asks the device for a number, sorts or branches on data, so that nets with it can be exported and
compiled; only the shortcut for equal lengths looks, and only on a CPU outside of a compiler.
"""

from __future__ import annotations

import torch
from torch import Tensor


def all_full(lengths: Tensor, steps: int) -> bool:
    """Whether every sequence is known to fill all ``steps``; False where looking would cost a wait."""
    if lengths.device.type != "cpu" or torch.compiler.is_compiling():
        return False
    return int(lengths.min()) >= steps


def valid_steps(lengths: Tensor, steps: int) -> Tensor:
    """(N,) lengths -> (N, steps) bool: which steps are no padding; a length of 0 counts as 1.

    >>> valid_steps(torch.tensor([1, 3]), 3)
    tensor([[ True, False, False],
            [ True,  True,  True]])
    """
    return torch.arange(steps, device=lengths.device) < lengths.clamp(min=1).unsqueeze(1)


def last_step(states: Tensor, lengths: Tensor) -> Tensor:
    """(N, T, H), (N,) -> (N, H): what stands at the last valid step of every sequence."""
    if all_full(lengths, states.shape[1]):
        return states[:, -1]
    last = (lengths.clamp(min=1) - 1).view(-1, 1, 1).expand(-1, 1, states.shape[2])  # (N, 1, H)
    return states.gather(1, last).squeeze(1)


def turned(sequence: Tensor, lengths: Tensor) -> Tensor:
    """(N, T, F) with the valid steps of every sequence in reverse order, padding where it was.

    >>> turned(torch.tensor([[[1.0], [2.0], [0.0]]]), torch.tensor([2])).flatten()
    tensor([2., 1., 0.])
    """
    steps = sequence.shape[1]
    if all_full(lengths, steps):
        return sequence.flip(1)
    step = torch.arange(steps, device=sequence.device)  # (T,)
    ends = lengths.clamp(min=1).unsqueeze(1)  # (N, 1)
    order = torch.where(step < ends, ends - 1 - step, step)  # (N, T)
    return sequence.gather(1, order.unsqueeze(2).expand(-1, -1, sequence.shape[2]))


def blank(answers: Tensor, lengths: Tensor) -> Tensor:
    """(N, T, K) with zeros behind the end of every sequence.

    >>> blank(torch.ones(2, 2, 1), torch.tensor([1, 2])).flatten()
    tensor([1., 0., 1., 1.])
    """
    if all_full(lengths, answers.shape[1]):
        return answers
    return answers.where(valid_steps(lengths, answers.shape[1]).unsqueeze(2), 0.0)
