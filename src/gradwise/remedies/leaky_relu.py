"""Let a little gradient through where a ReLU is off.

What it does
    Gives the negative side a small slope, 0.01 by default, so that a unit that is
    silent on every input still receives a gradient and can come back.

When
    Many units of ReLU layers are silent on every input and the loss suffers.

When not
    Units died because the rate is far too high: lower it first, or the leaky units
    will run away as well. Networks that rely on exact zeros for sparse outputs.

Grade
    changes-model: hidden layers compute a slightly different function.

The edit
    Replace the activation; nothing else changes.

    At run time modules are swapped right before their model first runs, and calls of
    the functions (`F.relu`, `torch.relu` and the method) inside a model are led to the
    new one; outside of models they are left, since losses use them too. Names in
    `state_dict` stay, nothing new is trained, copies made later are swapped as well.
    What torch computes inside (an RNN's own ReLU) is told and left. Undone, modules and
    functions are the old ones.

References
    Maas, Hannun, Ng, Rectifier Nonlinearities Improve Neural Network Acoustic
    Models, 2013.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="leaky-relu",
    grade="changes-model",
    summary="let a little gradient through where a ReLU is off",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))
""",
        after="""\
model = nn.Sequential(nn.Linear(64, 256), nn.LeakyReLU(0.01), nn.Linear(256, 10))
""",
    ),
    doses=(Dose("slope", "of the negative side", 0.01, 1e-4, 0.5, (0.01, 0.1, 0.2)),),
    undo="exact",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Compute a leaky ReLU wherever a model computes a ReLU."""
    from torch import nn
    from torch.nn import functional

    slope = dose["slope"]
    patient.exchange(
        ["relu"],
        f"LeakyReLU({slope:g})",
        lambda: nn.LeakyReLU(slope),
        lambda x: functional.leaky_relu(x, slope),
    )
