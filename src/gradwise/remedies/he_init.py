"""Draw the first weights with variance 2 / fan-in.

What it does
    Starts each weight matrix at random with standard deviation sqrt(2 / inputs) and
    biases at zero, so that the scale of the signal survives layer after layer of
    ReLU, which halves it.

When
    Weights start equal (zero or constant), or the scale of activations grows or
    dies with depth, in networks of ReLU and its kin.

When not
    Sigmoid and tanh layers, for which glorot-init is meant, and pre-trained
    weights.

Grade
    changes-training: the same model starts from another point.

The edit
    Once, after the model is made and before the optimizer is.

    At run time the weights are drawn right before the model first runs, in place, so
    the optimizer may exist already; the numbers come from a stream of their own, of the
    script's seed and the layer's name, and the script's random numbers stay what they
    are. The gain is that of the activation which follows in the order of the modules.
    Before the first step it is undone exactly; later the weights have learnt. Loaded
    and frozen weights, embeddings and norm layers stay.
    Matrices of the model's own making are drawn when they first meet a product (`linear`,
    `matmul`, `@`), which says what is summed over; those that meet none before the first
    step stay, and all of them where single layers are meant.

References
    He, Zhang, Ren, Sun, Delving Deep into Rectifiers, arXiv 1502.01852, section
    2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="he-init",
    grade="changes-training",
    summary="draw the first weights with variance 2 / fan-in",
    edit=Edit(
        before="""\
for layer in model.modules():
    if isinstance(layer, nn.Linear):
        nn.init.zeros_(layer.weight)
""",
        after="""\
for layer in model.modules():
    if isinstance(layer, (nn.Linear, nn.Conv2d)):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
""",
    ),
    doses=(Dose("scale", "times the deviation that belongs to it", 1.0, 0.01, 10.0, (1.0, 0.5, 2.0)),),
    undo="start",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Draw dense, convolutional and recurrent weights by He's rule before they are used."""
    patient.redraw("he-normal", dose["scale"])
