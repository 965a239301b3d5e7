"""Put the model into evaluation mode before it is evaluated.

What it does
    Calls `model.eval()` before validation and prediction, and `model.train()`
    before training goes on: dropout lets everything through and batch-norm applies
    its running statistics.

When
    Validation or test runs with dropout dropping units and batch-norm using (and
    changing) the statistics of each validation batch.

When not
    Monte Carlo dropout, where the spread over several passes is wanted: switch only
    the dropout layers to training mode, after `model.eval()`.

Grade
    changes-training: batch-norm's running statistics no longer take in validation
    data; the measured scores change.

The edit
    One line at the top of the function that evaluates, and `model.train()` at the
    top of each training epoch.

References
    PyTorch documentation, `torch.nn.Module.eval`; Karpathy, common mistakes (2018).
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="set-eval-mode",
    grade="changes-training",
    summary="call model.eval() before validation and model.train() after it",
    edit=Edit(
        before="""\
def accuracy(model, loader):
    with torch.no_grad():
        return sum((model(x).argmax(1) == y).sum() for x, y in loader)
""",
        after="""\
def accuracy(model, loader):
    model.eval()
    with torch.no_grad():
        return sum((model(x).argmax(1) == y).sum() for x, y in loader)
""",
    ),
)
