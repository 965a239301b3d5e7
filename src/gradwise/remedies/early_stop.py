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

    At run time the script cannot be made to end. Losses of torch.nn.functional that
    nobody takes a gradient of are averaged between two trainings; where the place in
    the script that judges most often (the latest of several) has not been better for so
    many evaluations, the best weights and buffers are put back and all further steps
    are left out, so that the script goes on and reports the best weights. Where that
    does not happen they are put back when the run ends, after the script has saved its
    own. Undone, the run goes on from the best weights. Metrics and losses by hand are
    not seen. Two copies of the weights are kept in memory; which evaluation was the
    best is told.

References
    Prechelt, Early Stopping - But When?, 1998; Goodfellow, Bengio, Courville, Deep
    Learning, 2016, section 7.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

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
    doses=(
        Dose("patience", "without a better one", 10, 1, 1e6, (10, 3, 30), unit="evaluations", whole=True),
    ),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Keep the best weights by the evaluation loss."""
    from gradwise.remedies.patient.stopping import stop_early

    stop_early(patient, int(dose["patience"]))
