"""Let the optimizer update all weights in one pass.

What it does
    Uses torch's fused kernels, which read and write each weight once per step.

When
    The optimizer takes a large part of each step.

When not
    Optimizers without a fused form; weights that are not floating-point numbers.

Grade
    safe: the same mathematics, rounded in another order.

The edit
    One argument of the optimizer.

References
    PyTorch, torch.optim, "Taking an optimization step".
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="fused-optimizer",
    grade="safe",
    summary="let the optimizer update all weights in one pass",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
""",
        after="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
""",
    ),
)
