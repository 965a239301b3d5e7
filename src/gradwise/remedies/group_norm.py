"""Normalise each sample by itself instead of over the batch.

What it does
    Replaces batch-norm by group-norm (or layer-norm), whose mean and variance
    come from the channels of one sample and do not depend on the other samples
    of the batch.

When
    Batches are so small that mean and variance of a channel rest on a handful
    of values, and nothing larger fits in memory.

When not
    Batches of a few dozen samples are possible: batch-norm trains at least as
    well there.

Grade
    changes-model: the layer computes something else, in training and after it.

The edit
    `nn.BatchNorm2d(c)` becomes `nn.GroupNorm(groups, c)`; on tables
    `nn.LayerNorm(c)`.

References
    Wu and He, Group Normalization, arXiv 1803.08494.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="group-norm",
    grade="changes-model",
    summary="normalise each sample by itself instead of over the batch",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 2))
""",
        after="""\
model = nn.Sequential(nn.Linear(20, 64), nn.GroupNorm(8, 64), nn.ReLU(), nn.Linear(64, 2))
""",
    ),
)
