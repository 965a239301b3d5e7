"""Pull every weight towards zero at each step.

What it does
    Shrinks the weights by a small share per step. Weights that the data does not
    hold up fade, and the network prefers smoother functions.

When
    Validation gets worse while training gets better, or the weights grow without
    bound while the loss gains nothing.

When not
    Networks that underfit. Biases and the scales of norm layers are usually left
    out, by a parameter group with decay 0.

Grade
    changes-training: each step gains a pull towards zero.

The edit
    One argument of the optimizer; with Adam take AdamW, which keeps the decay apart
    from the gradient's scaling. 0.01 is AdamW's default, 1e-4 usual for SGD.

References
    Krogh and Hertz, A Simple Weight Decay Can Improve Generalization, 1991;
    Loshchilov and Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="weight-decay",
    grade="changes-training",
    summary="pull every weight towards zero at each step",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
""",
        after="""\
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
""",
    ),
)
