"""Put the model into training mode before each training pass.

What it does
    Calls `model.train()` where training begins again, so that dropout drops and
    batch-norm uses and updates the statistics of the batch.

When
    The model was put into evaluation mode, usually to validate, and went on to
    train so: dropout does nothing and batch-norm normalizes with statistics that no
    longer follow the weights.

When not
    Layers frozen on purpose, as in fine-tuning with frozen batch-norm: call
    `train()` on the model and then `eval()` on those layers.

Grade
    changes-training: dropout and batch-norm act during training as they are meant
    to.

The edit
    One line at the top of each epoch, before its first batch, and not once before
    all epochs.

References
    PyTorch documentation, `torch.nn.Module.train`; Ioffe and Szegedy, Batch
    Normalization, arXiv 1502.03167.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="set-train-mode",
    grade="changes-training",
    summary="put the model into training mode before each training pass",
    edit=Edit(
        before="""\
model.train()
for epoch in range(epochs):
    train_one_epoch(model)
    model.eval()
    validate(model)
""",
        after="""\
for epoch in range(epochs):
    model.train()
    train_one_epoch(model)
    model.eval()
    validate(model)
""",
    ),
)
