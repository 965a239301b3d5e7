"""Draw the first weights with variance 2 / (fan-in + fan-out).

What it does
    Starts each weight matrix at random with a variance between what keeps the
    forward signal and what keeps the backward signal at its scale, with biases at
    zero.

When
    Weights start equal or far too large or small, in networks of tanh, sigmoid or
    linear layers.

When not
    Deep networks of ReLU, where the signal shrinks by half at each layer: use
    he-init. Pre-trained weights.

Grade
    changes-training: the same model starts from another point.

The edit
    Once, after the model is made and before the optimizer is.

    At run time the weights are drawn right before the model first runs, in place, so
    the optimizer may exist already; the numbers come from a stream of their own, of the
    script's seed and the layer's name, and the script's random numbers stay what they
    are. The gain is 1. Before the first step it is undone exactly; later the weights
    have learnt. Loaded and frozen weights, embeddings and norm layers stay.
    Matrices of the model's own making are drawn when they first meet a product (`linear`,
    `matmul`, `@`), which says what is summed over; those that meet none before the first
    step stay, and all of them where single layers are meant.

References
    Glorot and Bengio, Understanding the difficulty of training deep feedforward
    neural networks, AISTATS 2010.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="glorot-init",
    grade="changes-training",
    summary="draw the first weights with variance 2 / (fan-in + fan-out)",
    edit=Edit(
        before="""\
for layer in model.modules():
    if isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight, std=1.0)
""",
        after="""\
for layer in model.modules():
    if isinstance(layer, nn.Linear):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
""",
    ),
    doses=(Dose("scale", "times the deviation that belongs to it", 1.0, 0.01, 10.0, (1.0, 0.5, 2.0)),),
    undo="start",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Draw dense, convolutional and recurrent weights by Glorot's rule before they are used."""
    patient.redraw("glorot-uniform", dose["scale"])
