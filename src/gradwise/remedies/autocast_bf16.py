"""Compute matrix products and convolutions in bfloat16.

What it does
    Within autocast torch casts the inputs of products and convolutions to bfloat16,
    which recent hardware multiplies several times faster, and keeps weights,
    reductions and the loss in float32.

When
    Large products or convolutions on hardware with bfloat16 arithmetic; the probe
    `precision` has measured the gain.

When not
    Small nets, where casting costs more than it gains; losses that need the last
    digits (long sums, physics-informed nets, second derivatives).

Grade
    changes-training: products are rounded to 8 bits of precision.

The edit
    A context around the forward pass and the loss; no scaler is needed.

    At run time the calls of a model in which gradients are recorded run under autocast,
    and what the model puts out becomes float32 again, as the loss in autocast would
    make it. Not where the script has an autocast of its own or the model's weights are
    not float32. Undone, the next call runs in float32. Evaluations without gradients
    and what the script computes between models stay in float32.

References
    Kalamkar et al., A Study of BFLOAT16 for Deep Learning Training, arXiv
    1905.12322; Micikevicius et al., arXiv 1710.03740.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="autocast-bf16",
    grade="changes-training",
    summary="compute products and convolutions in bfloat16",
    edit=Edit(
        before="""\
loss = F.cross_entropy(model(x), y)
""",
        after="""\
with torch.autocast(x.device.type, dtype=torch.bfloat16):
    loss = F.cross_entropy(model(x), y)
""",
    ),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Run the training passes of models under autocast."""
    del dose
    import torch

    entered: list[Any] = []  # the context of the call that runs
    cast: list[bool] = []

    def enter(_call: Any, model: Any) -> None:
        cast.clear()
        weight = next(model.parameters(), None)
        if weight is None or not torch.is_grad_enabled() or weight.dtype != torch.float32:
            return
        kind = weight.device.type
        if torch.is_autocast_enabled(kind):
            patient.could_not("the script has an autocast of its own")
            return
        context: Any = torch.autocast(kind, dtype=torch.bfloat16)
        context.__enter__()
        entered.append(context)
        cast.append(True)
        patient.did(f"{type(model).__name__} ran in bfloat16")

    def left(_model: Any) -> None:
        while entered:
            entered.pop().__exit__(None, None, None)

    def output(result: Any, _model: Any) -> Any:
        return _as_float32(result, torch) if cast else None

    patient.at("enter", enter)
    patient.at("left", left)
    patient.at("output", output)


def _as_float32(value: Any, torch: Any) -> Any:
    """The same with every tensor of bfloat16 as float32, within tuples, lists and dicts too."""
    if isinstance(value, torch.Tensor):
        return value.float() if value.dtype == torch.bfloat16 else value
    if type(value) in (tuple, list):
        return type(value)(_as_float32(each, torch) for each in value)
    if type(value) is dict:
        return {key: _as_float32(each, torch) for key, each in value.items()}
    return value
