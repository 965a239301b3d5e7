"""Clear the gradients before each backward pass.

What it does
    Sets every gradient to None (or zero) once per optimizer step, so that the step
    is taken along the gradient of this batch alone. PyTorch adds to `.grad` on
    purpose; nothing clears it by itself.

When
    Gradients of earlier, already applied steps are still in `.grad` when the next
    backward pass adds to them: the update then follows the sum of all gradients
    since the start.

When not
    Several backward passes before one step are gradient accumulation, which is
    meant. There the gradients are cleared once per step, after it, and not between
    the passes.

Grade
    changes-training: the gradient that each step follows becomes another one.

The edit
    Add one line at the top of the training step, for every optimizer that steps
    there.

    At run time gradients that the script has not cleared since they were used are set to
    None when the first backward pass after a step begins, so that several passes before
    a step still add up, and gradients can be read until then. Undone, they add up
    again. Not where gradients are meant to stay: averages over steps that the script
    makes by leaving them.

References
    PyTorch documentation, `torch.optim.Optimizer.zero_grad`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="zero-grad",
    grade="changes-training",
    summary="clear the gradients before each backward pass",
    edit=Edit(
        before="""\
for x, y in loader:
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
""",
        after="""\
for x, y in loader:
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
""",
    ),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Clear what the script leaves, before the first backward pass after a step."""
    del dose
    ever: set[int] = set()  # ids of parameters that the script clears at times
    since: set[int] = set()  # of those, the ones that it has cleared since their last step
    stepped: set[int] = set()  # ids of optimizers, since the last backward pass
    tried: set[int] = set()  # of those that have stepped at all
    lines: dict[str, Any] = {}

    def noted(owner: Any) -> None:
        own = owner.parameters() if getattr(owner, "param_groups", None) is None else _held(owner)
        ids = {id(parameter) for parameter in own}
        ever.update(ids)
        since.update(ids)

    def taken(optimizer: Any) -> None:
        stepped.add(id(optimizer))
        tried.add(id(optimizer))
        since.difference_update(map(id, _held(optimizer)))

    def clear() -> None:
        if not stepped:
            return
        for optimizer in patient.run.optimizers:
            if id(optimizer) not in tried:
                continue  # still adding up
            known = since if id(optimizer) in stepped else ever
            left = [p for p in _held(optimizer) if id(p) not in known and p.grad is not None]
            for parameter in left:
                parameter.grad = None
            if left:
                kind = type(optimizer).__name__
                lines.setdefault(kind, patient.did(f"gradients of {kind} were cleared", 0)).times += 1
        stepped.clear()

    patient.at("zero-grad", noted)
    patient.at("after-step", taken)
    patient.at("backward", clear)


def _held(optimizer: Any) -> list[Any]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]
