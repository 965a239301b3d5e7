"""Tell the layer which axis holds the samples.

What it does
    Brings the axes into the order that the layer expects, so that each sample is
    computed by itself.

When
    A recurrent or attention layer gets (samples, steps, features) without
    ``batch_first=True``; ``view`` or ``reshape`` is used where axes should change
    places; a flatten begins at axis 0.

When not
    The data really are (steps, samples, features), or samples are to see each other:
    graphs, sets, contrastive batches.

Grade
    changes-model: the same weights then compute something else; train anew.

The edit
    One argument of the layer, or ``permute`` for ``view``.

References
    PyTorch documentation of torch.nn.LSTM (batch_first) and torch.permute.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="fix-layout",
    grade="changes-model",
    summary="tell the layer which axis holds the samples",
    edit=Edit(
        before="""\
self.lstm = nn.LSTM(input_size=3, hidden_size=64)
""",
        after="""\
self.lstm = nn.LSTM(input_size=3, hidden_size=64, batch_first=True)
""",
    ),
    unable="which axis is meant, the script's own code says",
)
