"""Build the optimizer from the parameters of the model that runs.

What it does
    Creates the optimizer after the model is complete, so that it holds the very
    tensors that the forward pass uses.

When
    The model, or a layer of it, was replaced after the optimizer had been created:
    the optimizer goes on updating tensors that nothing uses.

When not
    Models changed in place (`.to(device)`, `load_state_dict`, `copy_`): those keep
    their parameters, and the optimizer with its state stays valid.

Grade
    changes-training: the parameters that run begin to learn.

The edit
    Move the line that makes the optimizer below the last line that replaces
    modules; or pass new parameters to `add_param_group`.

References
    PyTorch documentation, `torch.optim`: constructing it.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="rebuild-optimizer",
    grade="changes-training",
    summary="create the optimizer after the last change of the model's modules",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(model.parameters())
model.fc = nn.Linear(512, 10)
""",
        after="""\
model.fc = nn.Linear(512, 10)
optimizer = torch.optim.Adam(model.parameters())
""",
    ),
)
