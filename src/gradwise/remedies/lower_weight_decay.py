"""Pull the weights less towards zero.

What it does
    Divides the weight decay by 10 or 100, so that the loss and not the decay says how
    large the weights are.

When
    The decay term is as large as the gradient, the weights shrink, and the output turns
    constant.

When not
    The network overfits and its weights keep their size.

Grade
    changes-training: the same model is trained with another penalty.

The edit
    One argument of the optimizer; biases and norm layers need none.

References
    Loshchilov and Hutter, Decoupled weight decay regularization, arXiv 1711.05101.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="lower-weight-decay",
    grade="changes-training",
    summary="pull the weights less towards zero",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1.0)
""",
        after="""\
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
""",
    ),
)
