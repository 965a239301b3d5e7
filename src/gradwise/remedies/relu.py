"""Use ReLU instead of sigmoid or tanh in hidden layers.

What it does
    Replaces activations whose slope is at most 1/4 (sigmoid) or below 1 nearly
    everywhere (tanh) by one whose slope is 1 wherever it is active, so that the
    gradient is not shrunk by each layer.

When
    The first layers receive a gradient thousands of times smaller than the last, in
    a deep stack of sigmoid or tanh layers.

When not
    Gates of recurrent cells, output layers that must give probabilities, and
    shallow networks that learn well as they are.

Grade
    changes-model: hidden layers compute another function.

The edit
    Replace the activations between layers; start with he-init to go with them.

    At run time modules are swapped right before their model first runs, and calls of
    the functions (`torch.sigmoid`, `torch.tanh` and the methods) inside a model are led
    to the new one; outside of models they are left, since losses use them too. Names in
    `state_dict` stay, nothing new is trained, copies made later are swapped as well. An
    activation after the last layer is left, and so is a module whose code uses both
    sigmoid and tanh, as gates do; a recurrent layer computes its own inside of torch.
    In a graph compiled as a whole only modules are swapped. Undone, modules and
    functions are the old ones.

References
    Glorot, Bordes, Bengio, Deep Sparse Rectifier Neural Networks, AISTATS 2011.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="relu",
    grade="changes-model",
    summary="use ReLU instead of sigmoid or tanh in hidden layers",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(64, 64), nn.Sigmoid(), nn.Linear(64, 10))
""",
        after="""\
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
""",
    ),
    undo="exact",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Compute a ReLU wherever a hidden layer computes a sigmoid or a tanh."""
    del dose
    from torch import nn
    from torch.nn import functional

    patient.exchange(["sigmoid", "tanh"], "ReLU", nn.ReLU, functional.relu, hidden=True)
