"""Let another optimizer descend the same loss.

What it does
    Replaces the rule that turns gradients into steps: momentum carries through flat
    stretches, Adam gives each weight a step of its own size.

When
    The loss stays flat though gradients arrive, the rate has been tried up and
    down, and nothing else was found.

When not
    Another finding names a cause: no optimizer cures unscaled inputs, dead units or
    a graph that is cut.

Grade
    changes-training: the same minimum is sought on another way.

The edit
    One line. The rate must be chosen anew: 1e-3 is a usual start for Adam.

References
    Kingma, Ba, Adam, arXiv 1412.6980; Choi et al., On empirical comparisons of
    optimizers, arXiv 1910.05446.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="change-optimizer",
    grade="changes-training",
    summary="let another optimizer descend the same loss",
    edit=Edit(
        before="""\
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
""",
        after="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
""",
    ),
    unable="it stands for adam and sgd-momentum, which can be given",
    stands_for=("adam", "sgd-momentum"),
)
