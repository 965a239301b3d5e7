"""Use a recurrent layer with gates.

What it does
    Replaces the plain recurrence by one that mixes the old state with a new one,
    unit by unit, so that gradients can pass through many time steps.

When
    As for an LSTM, with fewer weights and one state.

When not
    Short sequences, or tasks in which only the last few steps matter.

Grade
    changes-model: three times the weights of a plain layer.

The edit
    One word.

References
    Cho et al., Learning phrase representations using RNN encoder-decoder, arXiv
    1406.1078; Chung et al., arXiv 1412.3555.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="gru",
    grade="changes-model",
    summary="use a recurrent layer with gates",
    edit=Edit(
        before="""\
rnn = nn.RNN(8, 64, batch_first=True)
""",
        after="""\
rnn = nn.GRU(8, 64, batch_first=True)
""",
    ),
    unable="a layer of another kind has other weights, state and outputs, which the script handles itself",
)
