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

    At run time every batch-norm is swapped before its model first runs. The new norm
    takes over scale and shift, the parameters themselves, so that the optimizer goes on
    with them, and keeps the running statistics unused, so that names in `state_dict`
    stay. Groups are as many as asked for or the next fewer that leave each with enough
    values: 8 features on tables, 2 channels on images. Undone, the batch-norms are
    back, with the statistics that they had. Not reached: `F.batch_norm`, norms without
    known width (lazy ones).

References
    Wu and He, Group Normalization, arXiv 1803.08494.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

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
    doses=(Dose("groups", "groups of channels, at most", 8, 1, 256, (8, 1, 4), whole=True),),
    undo="exact",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Swap batch-norms for group-norms with the same parameters."""
    from torch import nn

    most = int(dose["groups"])

    def at_root(root: Any) -> None:
        for name, old in list(patient.places(root)):
            if not isinstance(old, nn.modules.batchnorm._BatchNorm) or not old.num_features or not name:  # noqa: SLF001
                continue
            groups = _groups(old.num_features, most, 8 if isinstance(old, nn.BatchNorm1d) else 2)
            patient.swap(root, name, _like(old, groups))
            patient.did(f"{name} ({type(old).__name__}) → GroupNorm({groups}, {old.num_features})")

    patient.at("root", at_root)


def _groups(channels: int, most: int, least: int) -> int:
    """The largest number of equal groups, of at least so many channels each; 1 where there are too few."""
    fitting = (n for n in range(min(most, channels), 0, -1) if channels % n == 0 and channels // n >= least)
    return next(fitting, 1)


def _like(old: Any, groups: int) -> Any:
    """A group-norm with the parameters and the buffers of a batch-norm."""
    from torch import nn

    new = nn.GroupNorm(groups, old.num_features, eps=old.eps, affine=False)
    new.affine = old.affine
    new.register_parameter("weight", old.weight)
    new.register_parameter("bias", old.bias)
    for name, value in old.named_buffers(recurse=False):
        new.register_buffer(name, value)
    return new
