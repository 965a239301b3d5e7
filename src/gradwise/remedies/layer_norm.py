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

    At run time every hidden layer gets a norm that is applied to what it puts out: over
    the features of dense and recurrent layers, over channels and pixels of convolutions
    (a group-norm of one group). Hidden are those that, by their widths, a later layer
    can follow. The norm is a part of its layer (`fc1.layer_norm` in `state_dict`) and
    is trained by the optimizer of the layer. A place that is an activation means the
    layer before it; layers that a norm follows, or that are frozen, stay. Undone, norms
    and what the optimizer keeps of them are gone. Not reached: compiled models, states
    within recurrent layers, torch's own attention blocks.

References
    Ba, Kiros, Hinton, Layer normalization, arXiv 1607.06450.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

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
    undo="exact",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Normalize what hidden layers put out, each sample by itself."""
    del dose
    from torch import nn

    def norm(layer: Any) -> Any:
        if isinstance(layer, nn.Linear):
            return nn.LayerNorm(layer.out_features)
        if isinstance(layer, nn.RNNBase):
            return nn.LayerNorm((layer.proj_size or layer.hidden_size) * (2 if layer.bidirectional else 1))
        return nn.GroupNorm(1, layer.weight.shape[0])

    patient.norm_behind("layer_norm", norm)
