"""Keep the way from the loss to the parameters differentiable.

What it does
    Removes what cuts the graph: `.detach()`, `.data`, `.item()`, `.numpy()`,
    `torch.no_grad()`, `argmax`, or a new tensor made of the loss's value.

When
    Parameters that took part in the forward pass never get a gradient, and nobody
    meant to freeze them.

When not
    Targets, teachers and statistics that are kept out of the gradient on purpose.
    To freeze layers, say so with `requires_grad_(False)` and leave them out of the
    optimizer.

Grade
    changes-training: more parameters learn.

The edit
    Take the cutting call out; where a decision has to be discrete, use a soft or
    straight-through form of it.

References
    PyTorch documentation, Autograd mechanics; Bengio et al., arXiv 1308.3432
    (straight-through).
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="keep-graph",
    grade="changes-training",
    summary="remove the detach, .data or no_grad between parameters and loss",
    edit=Edit(
        before="""\
features = encoder(x).detach()
loss = criterion(head(features), y)
""",
        after="""\
features = encoder(x)
loss = criterion(head(features), y)
""",
    ),
    unable="where the graph is cut stands in the script's own code",
)
