"""Raise the limit at which gradients are clipped.

What it does
    Gives clipping a limit that ordinary gradients stay below, so that it acts on
    outliers only.

When
    Nearly every step is clipped, by much: every step has the same length whatever
    the gradient, and plain SGD moves at a small part of the rate that was set.

When not
    Optimizers that divide by the gradient's size themselves (Adam and its kin): a
    constant factor does little there.

Grade
    changes-training: steps become longer; lower the rate if the loss begins to
    bounce.

The edit
    Print the norm that `clip_grad_norm_` returns for an epoch, and set the limit
    near its 90th percentile.

References
    Pascanu et al., On the difficulty of training recurrent neural networks, arXiv
    1211.5063.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="raise-clip",
    grade="changes-training",
    summary="raise the clipping limit to what ordinary gradients reach",
    edit=Edit(
        before="""\
clip_grad_norm_(model.parameters(), 0.01)
""",
        after="""\
clip_grad_norm_(model.parameters(), 1.0)
""",
    ),
)
