"""Start matrices as rotations, which keep the length of what passes.

What it does
    Fills a weight with orthonormal rows or columns, times the gain of the
    activation that follows: signals and gradients keep their norm through any
    number of layers.

When
    Recurrent matrices, which are applied again and again; deep linear or tanh
    networks.

When not
    Layers followed by a normalisation, for which the scale does not matter;
    embeddings.

Grade
    changes-training: the same model starts from other weights.

The edit
    One call for each matrix, before the optimizer is made.

    At run time the weights are drawn right before the model first runs, in place, so
    the optimizer may exist already; the numbers come from a stream of their own, of the
    script's seed and the layer's name, and the script's random numbers stay what they
    are. The gain is that of the activation which follows in the order of the modules.
    Gates are drawn one by one. Before the first step it is undone exactly; later the
    weights have learnt. Loaded and frozen weights, embeddings and norm layers stay.
    Matrices of the model's own making are drawn when they first meet a product (`linear`,
    `matmul`, `@`), which says what is summed over; those that meet none before the first
    step stay, and all of them where single layers are meant.

References
    Saxe, McClelland, Ganguli, Exact solutions to the nonlinear dynamics of
    learning, arXiv 1312.6120; Le, Jaitly, Hinton, arXiv 1504.00941.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="orthogonal-init",
    grade="changes-training",
    summary="start matrices as rotations, which keep lengths",
    edit=Edit(
        before="""\
nn.init.normal_(rnn.weight_hh_l0)
""",
        after="""\
nn.init.orthogonal_(rnn.weight_hh_l0)
""",
    ),
    doses=(Dose("scale", "times the deviation that belongs to it", 1.0, 0.01, 10.0, (1.0, 0.5, 2.0)),),
    undo="start",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Draw dense, convolutional and recurrent weights as rotations before they are used."""
    patient.redraw("orthogonal", dose["scale"])
