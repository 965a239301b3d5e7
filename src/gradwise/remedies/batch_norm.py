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

    At run time every hidden dense layer and convolution gets a norm that is applied to
    what it puts out; hidden are those that, by their widths, a later layer can follow.
    The norm is a part of its layer (`fc1.batch_norm` in `state_dict`), changes mode
    with the model and is trained by the optimizer of the layer. A place that is an
    activation means the layer before it; layers that a norm follows, or that are
    frozen, stay. A batch with a single value for each channel is normalized as in
    evaluation. Undone, norms and what the optimizer keeps of them are gone. Not
    reached: compiled models, recurrent layers, torch's own attention blocks.

References
    Ioffe and Szegedy, Batch Normalization, arXiv 1502.03167.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

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
    undo="exact",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Normalize what hidden layers put out over the batch."""
    del dose
    from torch import nn

    kinds = {nn.Linear: nn.BatchNorm1d, nn.Conv1d: nn.BatchNorm1d, nn.Conv2d: nn.BatchNorm2d,
             nn.Conv3d: nn.BatchNorm3d}  # fmt: skip

    def norm(layer: Any) -> Any:
        kind = next((made for one, made in kinds.items() if isinstance(layer, one)), None)
        return None if kind is None else kind(layer.weight.shape[0])

    patient.norm_behind("batch_norm", norm)
