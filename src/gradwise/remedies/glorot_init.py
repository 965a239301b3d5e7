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

References
    Glorot and Bengio, Understanding the difficulty of training deep feedforward
    neural networks, AISTATS 2010.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

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
)
