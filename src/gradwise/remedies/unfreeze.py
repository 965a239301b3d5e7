"""Let freshly initialised parameters learn.

What it does
    Sets `requires_grad` of parameters that were frozen without having been trained
    before.

When
    Layers at their random start do not require a gradient, as when a loop written
    for a pretrained backbone meets one without weights.

When not
    Pretrained layers, random features that are meant, and target networks that are
    copied from another net.

Grade
    changes-training: more parameters learn.

The edit
    Freeze only what was loaded, and check the head.

References
    PyTorch tutorials, Transfer learning.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="unfreeze",
    grade="changes-training",
    summary="do not freeze layers that hold no trained weights",
    edit=Edit(
        before="""\
for p in backbone.parameters():
    p.requires_grad = False
""",
        after="""\
for p in backbone.parameters():
    p.requires_grad = True
""",
    ),
)
