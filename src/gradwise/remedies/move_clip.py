"""Clip gradients after the backward and before the step.

What it does
    Moves the clipping call to where the gradients that the step will use are there
    and complete.

When
    Clipping runs after the step or before the backward: the gradients that it
    scales are thrown away, and the step uses unclipped ones.

When not
    With accumulation, clip once, after the last backward. With a GradScaler, call
    `scaler.unscale_(optimizer)` first.

Grade
    changes-training: steps with large gradients become shorter.

The edit
    Move one line.

References
    PyTorch documentation, `torch.nn.utils.clip_grad_norm_`; Pascanu et al., arXiv
    1211.5063.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="move-clip",
    grade="changes-training",
    summary="move the clipping call between backward and step",
    edit=Edit(
        before="""\
loss.backward()
optimizer.step()
clip_grad_norm_(model.parameters(), 1.0)
""",
        after="""\
loss.backward()
clip_grad_norm_(model.parameters(), 1.0)
optimizer.step()
""",
    ),
)
