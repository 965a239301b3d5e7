"""Use a recurrent layer with a memory cell.

What it does
    Replaces the plain recurrence by one whose cell is added to instead of
    multiplied, so that gradients pass through many time steps without fading.

When
    What is to be learnt lies many steps back, and hardly any gradient reaches the
    early time steps.

When not
    Short sequences, or tasks in which only the last few steps matter: there a plain
    layer is smaller and as good.

Grade
    changes-model: four times the weights, and a second state.

The edit
    One word; the state becomes a pair.

References
    Hochreiter, Schmidhuber, Long short-term memory, 1997; Gers, Schmidhuber,
    Cummins, Learning to forget, 2000.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="lstm",
    grade="changes-model",
    summary="use a recurrent layer with a memory cell",
    edit=Edit(
        before="""\
rnn = nn.RNN(8, 64, batch_first=True)
out, h = rnn(x)
""",
        after="""\
rnn = nn.LSTM(8, 64, batch_first=True)
out, (h, c) = rnn(x)
""",
    ),
    unable="a layer of another kind has other weights, state and outputs, which the script handles itself",
)
