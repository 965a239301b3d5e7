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

References
    Maas, Hannun, Ng, Rectifier Nonlinearities Improve Neural Network Acoustic
    Models, 2013.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

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
)
