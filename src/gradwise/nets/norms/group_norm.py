"""Gives groups of channels mean 0 and deviation 1 within every row: batch-norm's stand-in for small batches.

What it is
    The channels are parted into groups, and each group of each row is put on a common scale over its channels
    and places, in training and evaluation alike.  Nothing depends on the batch, so one or two rows do.

Also called
    gn, group, groupnorm

Formula
    - ``μ = mean(x)``, ``σ² = mean((x − μ)²)`` per row and group, over its C/G channels and all places
    - ``y = γ (x − μ) / √(σ² + ε) + β``, γ and β per channel

Shapes
    (N, C), (N, C, T) or (N, C, H, W); G divides C.

Defaults
    ``groups`` at most 32 (Wu and He), and no more than leave 8 channels in each, so that narrow layers keep
    something to compare; the largest such number that divides the channels.  ``eps`` 1e-5 (torch).

When
    - batches of one to eight rows: detection, video, large images
    - images whose batch at prediction is unlike that of training

When not
    - batches of 32 rows and more: `batch-norm` usually ends a little better
    - series of unequal length: padding would be averaged too; `layer-norm` looks at each step

Confused with
    - `layer-norm`: one group
    - `instance-norm`: as many groups as channels
    - grouped convolutions: groups of weights

Example
    Two groups of two units, each with a scale of its own.

    >>> import torch
    >>> from gradwise.nets import norms
    >>> norm = norms.make("group-norm:groups=2", 4, axes=0)
    >>> [round(value, 2) for value in norm(torch.tensor([[1.0, 3.0, 100.0, 700.0]])).flatten().tolist()]
    [-1.0, 1.0, -1.0, 1.0]

Claims
    - batch-norm fails at batch sizes of 1 and 2, this does not

References
    Wu, He, Group Normalization, arXiv 1803.08494.
"""

from __future__ import annotations

from torch import nn

from gradwise.errors import UsageError
from gradwise.nets.norms.norm import EPSILON, ROWS, Norm, refuse_single
from gradwise.registry import Span

GROUPS = 32  # at most; Wu, He, arXiv 1803.08494, the default of the paper
FEWEST = 8  # channels of a group, where none are asked for; ours: fewer have no deviation to speak of


def groups_for(channels: int) -> int:
    """The usual number of groups.

    >>> [groups_for(channels) for channels in (5, 16, 20, 64, 512)]
    [1, 2, 2, 8, 32]
    """
    most = max(1, min(GROUPS, channels // FEWEST))
    return next(groups for groups in range(most, 0, -1) if channels % groups == 0)


def group_norm(channels: int, axes: int, *, groups: int | None = None, eps: float = 1e-5) -> nn.Module:
    """Torch's module for so many channels with so many axes behind them.

    Raises:
        UsageError: the groups do not divide the channels, or each would see one number only.
    """
    count = groups_for(channels) if groups is None else groups
    if channels % count:
        near = [each for each in range(1, channels + 1) if channels % each == 0]
        near = sorted(sorted(near, key=lambda each: abs(each - count))[:2])
        shown = " or ".join(map(str, near))
        raise UsageError(
            f"norm 'group-norm': {count} groups do not divide a layer of {channels} channels; take {shown}."
        )
    if axes == ROWS:
        refuse_single("group-norm", channels // count)
    return nn.GroupNorm(count, channels, eps=eps)


NORMS = (
    Norm(
        "group-norm",
        group_norm,
        "groups of channels of each row",
        ("gn", "group", "groupnorm"),
        options={"groups": Span(1, 65536, whole=True), "eps": EPSILON},
        over_time=True,
    ),
)
