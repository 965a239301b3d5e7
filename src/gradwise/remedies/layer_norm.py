"""Normalise the features of each sample between layers.

What it does
    Subtracts the mean over the features of a sample and divides by their standard
    deviation, then scales and shifts by learnt numbers. The scale of a layer no
    longer depends on the layers before it.

When
    Activations drift with depth or over time, in transformers, recurrent networks
    and wherever batches are small.

When not
    Convolutional networks with large batches, where batch-norm is usual;
    regressions in which the scale of a sample is the message.

Grade
    changes-model: the network has another layer with weights of its own.

The edit
    One module behind each linear layer, before the activation.

References
    Ba, Kiros, Hinton, Layer normalization, arXiv 1607.06450.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="layer-norm",
    grade="changes-model",
    summary="normalise the features of each sample between layers",
    edit=Edit(
        before="""\
block = nn.Sequential(nn.Linear(64, 64), nn.ReLU())
""",
        after="""\
block = nn.Sequential(nn.Linear(64, 64), nn.LayerNorm(64), nn.ReLU())
""",
    ),
)
