"""Keep the weights of the best validation result and stop when it is past.

What it does
    Watches the validation loss after each epoch, saves the weights whenever it
    improves and ends the run when it has not improved for a number of epochs; then
    loads the saved weights.

When
    Validation gets worse while training still gets better.

When not
    The validation set is so small that its loss is mostly noise, or the loss still
    falls after plateaus longer than the patience.

Grade
    changes-training: fewer steps are taken.

The edit
    A few lines after each validation.

References
    Prechelt, Early Stopping - But When?, 1998; Goodfellow, Bengio, Courville, Deep
    Learning, 2016, section 7.8.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="early-stop",
    grade="changes-training",
    summary="keep the weights of the best validation result and stop when it is past",
    edit=Edit(
        before="""\
for epoch in range(epochs):
    train_one_epoch(model)
    loss = validate(model)
""",
        after="""\
best, best_epoch = float("inf"), 0
for epoch in range(epochs):
    train_one_epoch(model)
    loss = validate(model)
    if loss < best:
        best, best_epoch = loss, epoch
        torch.save(model.state_dict(), "best.pt")
    elif epoch - best_epoch >= 10:
        break
model.load_state_dict(torch.load("best.pt", weights_only=True))
""",
    ),
)
