"""Clip gradients after the backward and before the step.

What it does
    Moves the clipping call to where the gradients that the step will use are there
    and complete.

When
    Clipping runs after the step or before the backward: the gradients that it
    scales are thrown away, and the step uses unclipped ones.

When not
    With accumulation, clip once, after the last backward. With a GradScaler, call
    `scaler.unscale_(optimizer)` first.

Grade
    changes-training: steps with large gradients become shorter.

The edit
    Move one line.

    At run time a call of clip_grad_norm_ or clip_grad_value_ between a step and the
    next backward pass is remembered, and made again, with its limit, right before each
    following step of the optimizer that holds its parameters; the script's own call
    stays where it is. The steps before its first call are not clipped. A call at the
    right place is left. Undone, gradients are clipped where the script does it.
    Clipping by hand is not reached.

References
    PyTorch documentation, `torch.nn.utils.clip_grad_norm_`; Pascanu et al., arXiv
    1211.5063.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="move-clip",
    grade="changes-training",
    summary="move the clipping call between backward and step",
    edit=Edit(
        before="""\
loss.backward()
optimizer.step()
clip_grad_norm_(model.parameters(), 1.0)
""",
        after="""\
loss.backward()
clip_grad_norm_(model.parameters(), 1.0)
optimizer.step()
""",
    ),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Repeat misplaced clipping calls before each step."""
    del dose
    from torch.nn import utils

    calls, kind = _Calls(patient), _Call  # wrappers use their closure only

    def noted(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def clip(parameters: Any, *args: Any, **kwargs: Any) -> Any:
                held = calls.note(kind(name, original, args, kwargs), parameters)
                return original(held, *args, **kwargs)

            return clip

        return make

    for name in ("clip_grad_norm_", "clip_grad_value_"):
        for owner in (utils, utils.clip_grad):
            patient.around(owner, name, noted(name))
    patient.at("after-backward", calls.complete)
    patient.at("gradients", calls.repeat)
    patient.at("after-step", calls.stepped)


@dataclass(slots=True)
class _Call:
    """A clipping call of the script's."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    parameters: list[Any] = field(default_factory=list)


class _Calls:
    """Knows which clipping calls came at the wrong time."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.fresh = False  # whether gradients came since the last step
        self.asked: dict[tuple[str, int], _Call] = {}

    def note(self, call: _Call, parameters: Any) -> Any:
        """Remember a call; returns what it is about."""
        if hasattr(parameters, "grad"):
            call.parameters = [parameters]
        else:
            parameters = call.parameters = list(parameters)
        if call.parameters and not self.patient.busy:
            key = call.name, id(call.parameters[0])
            self.asked.pop(key, None)
            if not self.fresh:
                self.asked[key] = call
        return parameters

    def complete(self) -> None:
        self.fresh = True

    def stepped(self, _optimizer: Any) -> None:
        self.fresh = False

    def repeat(self, optimizer: Any) -> None:
        """Clip what an optimizer is about to use."""
        mine = {id(p) for group in optimizer.param_groups for p in group["params"]}
        for call in self.asked.values():
            own = [p for p in call.parameters if id(p) in mine]
            if own:
                call.function(own, *call.args, **call.kwargs)
                self.patient.did(f"{call.name} was called before the step")
