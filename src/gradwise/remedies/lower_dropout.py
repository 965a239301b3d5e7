"""Drop fewer units, and none of the outputs.

What it does
    Lowers the share of units that dropout sets to zero, to 0.1 to 0.5 for
    hidden layers, and takes dropout off the prediction.

When
    So much is dropped that hardly a unit of a layer takes part in a step, or
    predictions themselves are set to zero before the loss compares them.

When not
    Training fits well in spite of it: then the dropout is what keeps the
    network from memorising.

Grade
    changes-training: in evaluation dropout does nothing, so the model is the
    same.

The edit
    torch's `p` is the share that is dropped, not the share that is kept as in
    older libraries.

References
    Srivastava et al., Dropout, JMLR 15 (2014), section A.4: 0.5 to 0.8 of
    hidden units are kept.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="lower-dropout",
    grade="changes-training",
    summary="drop fewer units, and none of the outputs",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.9), nn.Linear(64, 2))
""",
        after="""\
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 2))
""",
    ),
)
