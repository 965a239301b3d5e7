"""Go on training.

What it does
    Adds epochs until the loss, and the evaluation, no longer improve.

When
    The loss was still falling steadily when the run ended.

When not
    The evaluation has turned, or the rate is so small that no number of epochs helps.

Grade
    changes-training: the same training, for longer.

The edit
    The number of epochs; a schedule must be stretched with it.

References
    Karpathy, A Recipe for Training Neural Networks, 2019 (leave it training).
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="train-longer",
    grade="changes-training",
    summary="go on training while the loss still falls",
    edit=Edit(
        before="""\
epochs = 3
""",
        after="""\
epochs = 60
""",
    ),
    unable="how many epochs are run, and over what it averages, stands in the script's own loop",
)
