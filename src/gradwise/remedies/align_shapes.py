"""Give prediction and target the same shape before the loss.

What it does
    Removes the axis of length one from the prediction, or adds it to the target, so
    that every prediction is compared with its own target and with no other.

When
    A prediction of shape (N, 1) meets a target of shape (N,): broadcasting compares
    all pairs, N x N of them, and the network learns the mean of the targets for
    every input.

When not
    Shapes that differ because they must, such as class scores (N, C) with class ids
    (N,). `CrossEntropyLoss` and `NLLLoss` expect exactly that.

Grade
    changes-training: the loss compares other pairs than before.

The edit
    Prefer `squeeze(1)` or `unsqueeze(1)` to a bare `squeeze()`, which also drops
    the batch axis of a last batch that holds one sample.

References
    PyTorch documentation, broadcasting semantics; `torch.nn.MSELoss`.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="align-shapes",
    grade="changes-training",
    summary="give prediction and target the same shape before the loss",
    edit=Edit(
        before="""\
loss = nn.functional.mse_loss(model(x), y)              # (N, 1) with (N,)
""",
        after="""\
loss = nn.functional.mse_loss(model(x).squeeze(1), y)   # (N,) with (N,)
""",
    ),
)
