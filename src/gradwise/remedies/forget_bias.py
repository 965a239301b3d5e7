"""Start an LSTM with its forget gates open.

What it does
    Sets the bias of the forget gates to 1 or more, so that the cell keeps what it
    holds until training finds reasons to forget.

When
    An LSTM does not learn what lies many steps back. For dependencies over T steps,
    log T is a good value.

When not
    Plain recurrent layers and GRUs, which have no such gate.

Grade
    changes-training: the same model starts from other biases.

The edit
    The second quarter of each LSTM bias belongs to the forget gate; torch adds two
    biases.

References
    Gers, Schmidhuber, Cummins, 2000; Jozefowicz, Zaremba, Sutskever, ICML 2015;
    Tallec, Ollivier, arXiv 1804.11188.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="forget-bias",
    grade="changes-training",
    summary="start an LSTM with its forget gates open",
    edit=Edit(
        before="""\
lstm = nn.LSTM(8, 64)
""",
        after="""\
lstm = nn.LSTM(8, 64)
with torch.no_grad():
    lstm.bias_ih_l0[64:128].fill_(1.0)
""",
    ),
)
