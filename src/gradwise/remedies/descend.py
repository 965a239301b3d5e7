"""Turn steps that climb the loss into steps down.

What it does
    Builds the optimizer without ``maximize=True``, or trains on the loss itself where its
    negative was given to ``backward()``.

When
    The update goes along the gradient of a loss that should fall: the loss rises steadily
    from the first step, at whatever rate.

When not
    What is maximised is a reward, a likelihood or a bound: its own size says how well the
    run goes, and it is meant to rise. Adversaries that climb another network's loss on
    purpose.

Grade
    changes-training: the same loss, followed the other way.

The edit
    One argument of the optimizer goes away, or the minus before the loss.

    At run time an optimizer whose groups say ``maximize`` has that lent as False for the
    length of each step. Where all backward passes before a step began at a loss of
    torch.nn.functional times a negative number, the step gets the opposite gradients. An
    optimizer that maximises such a negative descends already, and is left. What the script
    prints is its own number. Undone, nothing is left of it but what was learnt. Losses
    written by hand are not known as such, so their sign is not turned.

References
    PyTorch documentation, ``torch.optim.SGD``, ``maximize``; Humbatova et al., DeepCrime,
    ISSTA 2021, for how such slips are planted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from torch import Tensor

    from gradwise.remedies.patient import Patient

HELD = 4  # losses since the last backward pass that are remembered

REMEDY = Remedy(
    name="descend",
    grade="changes-training",
    summary="turn steps that climb the loss into steps down",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, maximize=True)
""",
        after="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
""",
    ),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Take ``maximize`` away for each step, or turn the gradients of a negated loss."""
    del dose
    losses: deque[Any] = deque(maxlen=HELD)  # where the graphs of losses end
    negated: list[bool] = []  # backward passes since the last step
    lines: dict[str, Any] = {}

    def count(text: str) -> None:
        lines.setdefault(text, patient.did(text, 0)).times += 1

    def made(value: Any, _call: Any, _name: str) -> None:
        if getattr(value, "grad_fn", None) is not None:
            losses.append(value.grad_fn)

    def began(objective: Any) -> None:
        several = objective if isinstance(objective, tuple | list) else (objective,)
        negated.append(all(_negative(one, losses) for one in several))
        losses.clear()

    def step(optimizer: Any) -> None:
        turned = bool(negated) and all(negated)
        negated.clear()
        kind = type(optimizer).__name__
        climbing = [group for group in optimizer.param_groups if group.get("maximize")]
        if turned and not climbing:
            patient.lend_gradients(optimizer, _opposite)
            count(f"the gradients of a negated loss were turned for {kind}")
        elif climbing and not turned:
            for group in climbing:
                patient.lend(optimizer, group, "maximize", False)  # noqa: FBT003  the option's value
            count(f"{kind} stepped without maximize")

    patient.at("loss-value", made)
    patient.at("objective", began)
    patient.at("gradients", step)


def _opposite(parameter: Tensor) -> Tensor | None:
    return None if parameter.grad is None else parameter.grad.neg()


def _negative(objective: Any, losses: deque[Any]) -> bool:
    """Whether a backward pass begins at the negative of a loss, or at a negative multiple of it."""
    last = getattr(objective, "grad_fn", None)
    before = [node for node, _ in last.next_functions if node is not None] if last is not None else []
    if len(before) != 1 or not any(before[0] is loss for loss in losses):
        return False
    kind = type(last).__name__
    if kind == "NegBackward0":
        return True
    factor = getattr(last, "_saved_other", None) if kind == "MulBackward0" else None
    return factor is not None and float(factor) < 0
