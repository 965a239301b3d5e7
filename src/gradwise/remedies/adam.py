"""Let Adam choose the length of each weight's step.

What it does
    Divides each weight's step by the recent size of its gradient, so that the rate alone
    says how far a step goes, whatever the scale of the loss.

When
    Gradients of the layers differ by orders of magnitude, or plain SGD creeps and no
    single rate suits all weights.

When not
    A tuned SGD with momentum, which generalises as well or better on images.

Grade
    changes-training: the same minimum is sought with other steps.

The edit
    The optimizer's class, and a rate near 1e-3.

    At run time an optimizer becomes an Adam right after it is made, in the script's own
    object: groups, weight decay and schedules stay, and rates follow the script's
    schedule as shares of the one given here. Its `state_dict` is Adam's. Undone between
    two steps it is what it was, without its momentum. Left alone: Adam's own kin,
    optimizers that are not torch's, and embeddings with sparse gradients, which Adam
    does not take.

References
    Kingma and Ba, Adam: a method for stochastic optimization, arXiv 1412.6980.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="adam",
    grade="changes-training",
    summary="let Adam choose the length of each weight's step",
    edit=Edit(
        before="""\
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
""",
        after="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
""",
    ),
    doses=(Dose("rate", "Adam's rate", 1e-3, 1e-8, 1.0, (1e-3, 3e-3, 3e-4)),),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Make every optimizer of torch's that is none an Adam."""
    import torch

    patient.prepare(torch.optim.Adam)
    kin = (torch.optim.Adam, torch.optim.NAdam, torch.optim.RAdam, torch.optim.Adamax)

    def made(optimizer: Any) -> None:
        kind = type(optimizer)
        if isinstance(optimizer, kin):
            patient.could_not(f"{kind.__name__} is an Adam already")
        elif not kind.__module__.startswith("torch.optim") or kind is torch.optim.SparseAdam:
            patient.could_not(f"{kind.__name__} cannot be turned into Adam")
        elif patient.has_sparse(optimizer):
            patient.could_not(
                f"{kind.__name__} holds embeddings with sparse gradients, which Adam does not take"
            )
        else:
            rate = float(optimizer.param_groups[0]["lr"])
            patient.become(optimizer, torch.optim.Adam, "exp_avg")
            patient.set_rate(optimizer, dose["rate"])
            patient.did(f"{kind.__name__} → Adam, rate {rate:.4g} → {dose['rate']:.4g}")

    patient.at("optimizer", made)
