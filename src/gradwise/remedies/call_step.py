"""Call the optimizer's step after each backward.

What it does
    Lets the optimizer apply the gradients, once per training step, while they are
    still there.

When
    backward() runs and no parameter ever changes: `step` stands without its
    parentheses, an optimizer was forgotten, or gradients are cleared between
    backward and step.

When not
    Scripts that only look at gradients (saliency maps, attribution, rate tests
    without updates).

Grade
    changes-training: the weights begin to move.

The edit
    One line after the backward, for every optimizer that holds parameters of this
    loss; `zero_grad` goes before the backward or after the step.

    At run time rounds are counted in which gradients came and were cleared without a
    step that used them. After some of them, if no optimizer has ever stepped, every
    optimizer whose parameters have gradients steps right after each backward pass, and
    the script's own steps, which find nothing, are left out. A script that steps with
    gradients is never touched, and one that never clears them neither, as it cannot be
    told from accumulation. Undone, no step is called. Without an optimizer, and for
    L-BFGS, there is nothing to call; where a scaler multiplies the loss it must not be
    given.

References
    PyTorch documentation, `torch.optim.Optimizer.step`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="call-step",
    grade="changes-training",
    summary="call optimizer.step() after each backward, before gradients are cleared",
    edit=Edit(
        before="""\
loss.backward()
optimizer.zero_grad()
optimizer.step
""",
        after="""\
optimizer.zero_grad()
loss.backward()
optimizer.step()
""",
    ),
    doses=(
        Dose("rounds", "cleared without a step before steps are called", 4, 1, 1000, (4, 16), whole=True),
    ),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Step after each backward pass where the script never does."""
    missing = _Missing(patient, int(dose["rounds"]))
    patient.at("after-backward", missing.backward)
    patient.at("zero-grad", missing.cleared)
    patient.at("gradients", missing.used)
    patient.later(missing.end)


class _Missing:
    """Counts gradients that were cleared unused, and steps in the script's place."""

    def __init__(self, patient: Patient, rounds: int) -> None:
        self.patient, self.rounds = patient, rounds
        self.backwards, self.lost = 0, 0
        self.pending = self.own = self.healthy = False
        self.line = patient.did("optimizers stepped after the backward pass", 0)

    @property
    def acting(self) -> bool:
        return self.lost >= self.rounds and not self.healthy

    def backward(self) -> None:
        self.backwards, self.pending = self.backwards + 1, True
        if not self.acting:
            return
        for optimizer in self.patient.run.optimizers:
            if type(optimizer).__name__ == "LBFGS":
                self.patient.could_not("LBFGS needs a closure of the script's")
            elif _has_gradients(optimizer):
                self.own = True
                optimizer.step()
                self.own = False
                self.line.times += 1

    def cleared(self, _owner: Any) -> None:
        self.lost, self.pending = self.lost + self.pending, False

    def used(self, optimizer: Any) -> None:
        """A step is about to be taken."""
        if self.own or self.healthy:
            return
        if self.acting:
            self.patient.leave_out(optimizer)
        elif _has_gradients(optimizer):
            self.healthy = True

    def end(self) -> None:
        if not self.backwards or self.healthy or self.acting:
            return
        if not list(self.patient.run.optimizers):
            self.patient.could_not("the script has no optimizer of torch.optim")
        else:
            self.patient.could_not("gradients were hardly ever cleared: that may be accumulation")


def _has_gradients(optimizer: Any) -> bool:
    held = (p.grad for group in optimizer.param_groups for p in group["params"])
    return any(bool((grad != 0).any()) for grad in held if grad is not None)
