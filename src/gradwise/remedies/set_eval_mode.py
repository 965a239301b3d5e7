"""Put the model into evaluation mode before it is evaluated.

What it does
    Calls `model.eval()` before validation and prediction, and `model.train()`
    before training goes on: dropout lets everything through and batch-norm applies
    its running statistics.

When
    Validation or test runs with dropout dropping units and batch-norm using (and
    changing) the statistics of each validation batch.

When not
    Monte Carlo dropout, where the spread over several passes is wanted: switch only
    the dropout layers to training mode, after `model.eval()`.

Grade
    changes-training: batch-norm's running statistics no longer take in validation
    data; the measured scores change.

The edit
    One line at the top of the function that evaluates, and `model.train()` at the
    top of each training epoch.

    At run time a model in training mode that is called without gradients
    (`torch.no_grad`, `torch.inference_mode`) computes in evaluation mode and is back in
    training mode after the call; dropout as a function (`F.dropout` without
    `training=`) is left out there too, and wherever the model itself is in evaluation
    mode. Not where such calls come at every step, which are part of training (a
    generator's samples, a target network), and while batch-norm collects statistics
    without momentum. Not reached: evaluations with gradients on. Undone, evaluations
    run in the mode that the script sets.

References
    PyTorch documentation, `torch.nn.Module.eval`; Karpathy, common mistakes (2018).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="set-eval-mode",
    grade="changes-training",
    summary="call model.eval() before validation and model.train() after it",
    edit=Edit(
        before="""\
def accuracy(model, loader):
    with torch.no_grad():
        return sum((model(x).argmax(1) == y).sum() for x, y in loader)
""",
        after="""\
def accuracy(model, loader):
    model.eval()
    with torch.no_grad():
        return sum((model(x).argmax(1) == y).sum() for x, y in loader)
""",
    ),
    undo="onward",
)


DROPOUTS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")
OFTEN = 2  # evaluations in a row with fewer steps than this between them are part of training


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Run passes without gradients in evaluation mode."""
    del dose
    import torch
    import torch.nn.functional as functional

    running, compiling = patient.run.models.running, torch.compiler.is_compiling
    makes = {name: _silenced(patient, name, running, compiling) for name in DROPOUTS}
    modes, outside = _Modes(patient), _Outside(functional, makes)

    def entering(_call: Any, model: Any) -> None:
        if not torch.is_grad_enabled():
            modes.enter(model)
        if not model.training and not compiling():
            outside.enter()

    def left(_model: Any) -> None:
        outside.leave()
        modes.leave()

    patient.at("enter", entering)
    patient.at("left", left)
    patient.at("after-step", modes.stepped)
    for name, make in makes.items():
        patient.around(functional, name, make)


def _silenced(
    patient: Patient, name: str, running: list[Any], compiling: Callable[[], bool]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    import torch.nn.functional as functional

    usual: bool = inspect.signature(getattr(functional, name)).parameters["training"].default

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def dropout(input: Any, p: float = 0.5, training: bool = usual, inplace: bool = False) -> Any:  # noqa: A002
            if training and p and not compiling() and running and not running[0].training:
                patient.did(f"{name}() was left out of evaluations")
                training = False
            return original(input, p, training, inplace)

        return dropout

    return make


class _Outside:
    """Functions silenced once more for the length of a call, where somebody has wrapped the silenced ones.

    Who follows evaluations is told what functions are called with, and would go on seeing what the
    script asks for.
    """

    def __init__(self, owner: Any, makes: Mapping[str, Callable[..., Any]]) -> None:
        from gradwise.remedies.patient.wrapping import Wrappers

        self.owner, self.makes, self.wrappers = owner, makes, Wrappers()
        self.originals = {name: getattr(owner, name) for name in makes}
        self.inside = False

    def enter(self) -> None:
        """A model in evaluation mode is called."""
        if self.inside:
            return
        self.inside = True
        for name, make in self.makes.items():
            if getattr(getattr(self.owner, name), "__wrapped__", None) is not self.originals[name]:
                self.wrappers.replace(self.owner, name, make)

    def leave(self) -> None:
        """It is over, or has failed."""
        self.inside = False
        self.wrappers.remove()


class _Modes:
    """Models in evaluation mode for the length of a call."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.changed: list[Any] = []  # parts to put back
        self.steps = OFTEN  # since the latest pass without gradients
        self.often = 0  # stretches without gradients that came at every step

    def stepped(self, _optimizer: Any) -> None:
        """An optimizer has stepped."""
        self.steps += 1

    def enter(self, model: Any) -> None:
        """A pass without gradients begins."""
        parts = [part for part in model.modules() if part.training]
        if not parts or next(model.parameters(), None) is None:
            return
        if 0 < self.steps < OFTEN:
            self.often += 1
        elif self.steps >= OFTEN:
            self.often = 0
        self.steps = 0
        if self.often > 1:
            self.patient.could_not(f"{type(model).__name__} runs without gradients at every step")
        elif any(_collects(part) for part in parts):
            self.patient.could_not(f"{type(model).__name__} collects statistics of batches without gradients")
        else:
            for part in parts:
                part.training = False
            self.changed = parts
            self.patient.did(f"{type(model).__name__} was evaluated in evaluation mode")

    def leave(self) -> None:
        """It is over, or has failed."""
        for part in self.changed:
            part.training = True
        self.changed = []


def _collects(part: Any) -> bool:
    """Whether a batch-norm averages over all batches, as where statistics are renewed."""
    return getattr(part, "running_mean", None) is not None and getattr(part, "momentum", 0.1) is None
