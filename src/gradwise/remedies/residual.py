"""Add the input of a block to its output.

What it does
    Gives signal and gradient a path around each block, with slope 1, so that depth
    no longer multiplies many small factors.

When
    Networks of ten and more layers whose first layers hardly learn although
    activation and initialisation are right.

When not
    Shallow networks, and blocks whose input and output differ in shape, unless a
    linear map on the shortcut aligns them.

Grade
    changes-model: each block computes its function plus its input.

The edit
    In the forward method of the repeated block.

References
    He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, arXiv
    1512.03385.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="residual",
    grade="changes-model",
    summary="add the input of a block to its output",
    edit=Edit(
        before="""\
def forward(self, x):
    return self.block(x)
""",
        after="""\
def forward(self, x):
    return x + self.block(x)
""",
    ),
)
