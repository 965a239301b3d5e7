"""Put the model into training mode before each training pass.

What it does
    Calls `model.train()` where training begins again, so that dropout drops and
    batch-norm uses and updates the statistics of the batch.

When
    The model was put into evaluation mode, usually to validate, and went on to
    train so: dropout does nothing and batch-norm normalizes with statistics that no
    longer follow the weights.

When not
    Layers frozen on purpose, as in fine-tuning with frozen batch-norm: call
    `train()` on the model and then `eval()` on those layers.

Grade
    changes-training: dropout and batch-norm act during training as they are meant
    to.

The edit
    One line at the top of each epoch, before its first batch, and not once before
    all epochs.

    At run time a model whose parts are all in evaluation mode is put into training mode
    when a pass with gradients begins. Where the script validates with gradients too,
    such a pass may be an evaluation: then the mode is set when the first backward pass
    comes. Parts whose weights are all frozen stay in evaluation mode. Undone, what was
    set is unset; running statistics have moved on.

References
    PyTorch documentation, `torch.nn.Module.train`; Ioffe and Szegedy, Batch
    Normalization, arXiv 1502.03167.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="set-train-mode",
    grade="changes-training",
    summary="put the model into training mode before each training pass",
    edit=Edit(
        before="""\
model.train()
for epoch in range(epochs):
    train_one_epoch(model)
    model.eval()
    validate(model)
""",
        after="""\
for epoch in range(epochs):
    model.train()
    train_one_epoch(model)
    model.eval()
    validate(model)
""",
    ),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Put models into training mode where training goes on in evaluation mode."""
    del dose
    import torch

    state = _Modes(patient)

    def entering(_call: Any, model: Any) -> None:
        if not any(True for _ in model.parameters()) or any(part.training for part in model.modules()):
            return
        if not torch.is_grad_enabled():
            state.gradless.add(id(model))
        elif id(model) in state.gradless or id(model) in state.trained:
            state.train(model)
        else:
            state.waiting.append(model)

    patient.at("enter", entering)
    patient.at("backward", state.backward)
    patient.later(state.undo)


class _Modes:
    """Which models train in evaluation mode, and what was set."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.gradless: set[int] = set()  # models that the script evaluates without gradients
        self.trained: set[int] = set()  # models that were trained in evaluation mode
        self.waiting: list[Any] = []  # models whose passes with gradients in evaluation mode may be training
        self.changed: list[Any] = []

    def backward(self) -> None:
        """A backward pass begins: what ran before it with gradients was training, the last pass at least."""
        for model in self.waiting[-1:]:
            if len(self.waiting) == 1:
                self.trained.add(id(model))
            self.train(model)
        self.waiting.clear()

    def train(self, model: Any) -> None:
        """Set the mode of every part that learns, or has no weights."""
        held, changed = self.patient.run.optimizers.held(), []
        if not any(id(weight) in held for weight in model.parameters()):
            return  # a teacher, or a model that a loss looks through
        for part in model.modules():
            own = list(part.parameters())
            if not part.training and (not own or any(weight.requires_grad for weight in own)):
                part.training = True
                changed.append(part)
        if changed:
            self.changed += changed
            self.patient.did(f"{type(model).__name__} was put into training mode")

    def undo(self) -> None:
        """Put the parts back into evaluation mode."""
        for part in self.changed:
            part.training = False
        self.changed.clear()
