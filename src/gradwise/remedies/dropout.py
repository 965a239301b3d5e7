"""Silence random units while training.

What it does
    Sets each unit to zero with probability p in every training pass and scales the
    others by 1 / (1 - p), so that no unit can rely on another one being there. It
    does nothing in evaluation mode.

When
    Validation gets worse while training gets better, in networks with wide fully
    connected layers.

When not
    Networks that underfit, right before the output, and next to batch-norm, whose
    statistics it disturbs.

Grade
    changes-model: adds layers, and makes training and evaluation mode differ.

The edit
    After the activations of wide layers, with p from 0.2 to 0.5. Mind
    `model.train()` and `model.eval()` from now on.

References
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, Dropout, JMLR 15,
    2014.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="dropout",
    grade="changes-model",
    summary="silence random units while training",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))
""",
        after="""\
model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10))
""",
    ),
)
