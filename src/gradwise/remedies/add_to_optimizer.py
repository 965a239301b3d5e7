"""Give the optimizer every parameter that is to be trained.

What it does
    Hands the forgotten parameters to the optimizer, so that its step moves them
    along the gradients they already receive.

When
    Parameters require a gradient and receive one, but belong to no optimizer:
    layers kept in a plain list, a second model, layers created after the optimizer
    was.

When not
    Parameters that are kept still on purpose. Set `requires_grad` to False for
    those: it says what is meant and saves their gradients' cost.

Grade
    changes-training: parameters that stood still start to move.

The edit
    Build the optimizer from all models, after the last layer was made; keep layers
    in `nn.ModuleList` or `nn.ModuleDict`, because `parameters()` does not look into
    plain lists.

References
    PyTorch documentation, `torch.optim`, per-parameter options;
    `torch.nn.ModuleList`.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="add-to-optimizer",
    grade="changes-training",
    summary="give the optimizer every parameter that is to be trained",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3)
""",
        after="""\
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
""",
    ),
)
