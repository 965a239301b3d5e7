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

References
    He, Zhang, Ren, Sun, Delving Deep into Rectifiers, arXiv 1502.01852, section
    2.2.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

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
)
