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

    At run time the input biases of the forget gates are set right before the model
    first runs, in every LSTM and LSTMCell of torch's, in all layers and both
    directions; nothing is drawn. Before the first step it is undone exactly; later the
    biases have learnt. Loaded and frozen biases stay. LSTMs without biases and cells
    written by hand are not reached.

References
    Gers, Schmidhuber, Cummins, 2000; Jozefowicz, Zaremba, Sutskever, ICML 2015;
    Tallec, Ollivier, arXiv 1804.11188.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

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
    doses=(Dose("bias", "of the forget gates", 1.0, 0.0, 10.0, (1.0, 2.0, 4.0)),),
    undo="start",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Set the forget gates' biases of every LSTM before it runs."""
    import torch
    from torch import nn

    def at_root(root: Any) -> None:
        for name, module in patient.places(root):
            if not isinstance(module, nn.LSTM | nn.LSTMCell):
                continue
            shown = name or type(module).__name__
            own = module.named_parameters(recurse=False)
            biases = [bias for word, bias in own if word.startswith("bias_ih") and bias.requires_grad]
            if not biases or patient.has_loaded_weights(module):
                patient.could_not(f"{shown} has no biases that training begins with")
                continue
            patient.keep([*biases])
            size = module.hidden_size
            with torch.no_grad():
                for bias in biases:
                    bias[size : 2 * size].fill_(dose["bias"])
            patient.did(f"forget gates of {shown} start at {dose['bias']:g}")

    patient.at("root", at_root)
