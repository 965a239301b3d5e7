"""Normalize each unit over the batch before its activation.

What it does
    Subtracts the mean and divides by the standard deviation of each channel over
    the batch, then applies a learnt scale and shift. Signals and gradients keep
    their scale through many layers.

When
    Gradients vanish or explode with depth, units die or saturate, or only very
    small rates work.

When not
    Batches of a handful of samples, where the statistics are noise (use group or
    layer norm), recurrent networks, and models whose samples must not influence
    each other.

Grade
    changes-model: adds layers, and makes training and evaluation mode differ.

The edit
    Between the linear map and its activation. A bias before it has no effect and
    may go. Mind `model.train()` and `model.eval()` from now on.

References
    Ioffe and Szegedy, Batch Normalization, arXiv 1502.03167.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="batch-norm",
    grade="changes-model",
    summary="normalize each unit over the batch before its activation",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
""",
        after="""\
model = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 10))
""",
    ),
)
