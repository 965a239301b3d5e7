"""Shorten gradients that are longer than a limit.

What it does
    Computes the norm over all gradients and, where it exceeds the limit, scales all
    of them by the same factor. The direction stays, the length is bounded.

When
    Rare, very long gradients throw the weights far off: recurrent networks, deep
    networks without normalization, losses with outliers. Print the norm for some
    steps and set the limit a little above its usual size; limits of 1 to 15 are
    common in recurrent networks.

When not
    Every step would be clipped: then clipping is only another learning rate, and
    the rate is what to lower. It hides, and does not cure, unscaled inputs and NaN.

Grade
    changes-training: long gradients become shorter.

The edit
    One line between backward and step. Under a GradScaler, call
    `scaler.unscale_(optimizer)` before it, else the limit meets scaled gradients.

    At run time the gradients of each optimizer are clipped together, right before its
    step (after its closure, where it has one); under a GradScaler the limit is scaled
    as the gradients are. A clipping of the script's own has happened before. Undone,
    the next step is not clipped. Parameters that the script updates by hand are not
    reached.

References
    Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural
    networks, arXiv 1211.5063.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="clip-gradient",
    grade="changes-training",
    summary="shorten gradients that are longer than a limit",
    edit=Edit(
        before="""\
loss.backward()
optimizer.step()
""",
        after="""\
loss.backward()
torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
optimizer.step()
""",
    ),
    doses=(Dose("limit", "largest norm of an optimizer's gradients", 1.0, 1e-6, 1e6, (1.0, 0.1, 5.0)),),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Clip the gradients of every optimizer before it steps."""
    import torch

    limit = dose["limit"]
    line = patient.did(f"gradients longer than {limit:g} were shortened", 0)

    def clip(optimizer: Any) -> None:
        weights = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if not weights:
            return
        scale = getattr(optimizer, "grad_scale", None)  # a fused optimizer divides by it inside its step
        factor = 1.0 if scale is None else float(scale)
        norm = torch.nn.utils.clip_grad_norm_(weights, limit * factor)
        line.times += bool(norm > limit * factor)

    patient.at("gradients", clip)
