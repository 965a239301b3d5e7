"""Let SGD with momentum descend the same loss.

What it does
    Takes plain steps along a running sum of gradients: what gradients agree on adds up,
    what they disagree on cancels.

When
    Plain SGD creeps through flat stretches or zigzags in narrow ones; adaptive steps
    fit the training set and generalise worse, as on images now and then.

When not
    Gradients of the layers differ by orders of magnitude, or are sparse: no single rate
    suits all weights then, and adam does.

Grade
    changes-training: the same minimum is sought with other steps.

The edit
    The optimizer's class, and a rate of its own. Momentum 0.9 makes steps in a steady
    direction ten times as long.

    At run time an optimizer becomes an SGD with momentum right after it is made, in the
    script's own object: groups, weight decay and schedules stay, and rates follow the
    script's schedule as shares of the one given here. An SGD keeps its own rate unless
    one is given. Its `state_dict` is SGD's. Undone between two steps it is what it was,
    without its averages. Left alone: an SGD that has momentum, and optimizers that are
    not torch's.

References
    Polyak, Some methods of speeding up the convergence of iteration methods, 1964;
    Sutskever, Martens, Dahl, Hinton, On the importance of initialization and momentum in
    deep learning, ICML 2013.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="sgd-momentum",
    grade="changes-training",
    summary="let SGD with momentum descend the same loss",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
""",
        after="""\
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)
""",
    ),
    doses=(
        Dose("momentum", "share of the sum that is carried on", 0.9, 0.0, 0.999, (0.9, 0.99)),
        Dose(
            "rate",
            "SGD's rate; unset: the script's own of SGD, else 0.01",
            None,
            1e-8,
            10.0,
            (0.01, 0.1, 0.001),
        ),
    ),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Make every optimizer of torch's an SGD with momentum."""
    import torch

    sgd = torch.optim.SGD
    patient.prepare(sgd)

    def made(optimizer: Any) -> None:
        kind = type(optimizer)
        if kind is sgd and optimizer.defaults["momentum"]:
            patient.could_not("SGD has momentum already")
            return
        if not kind.__module__.startswith("torch.optim"):
            patient.could_not(f"{kind.__name__} cannot be turned into SGD")
            return
        own = float(optimizer.param_groups[0]["lr"])
        rate = dose.get("rate", own if kind is sgd else 0.01)
        patient.become(optimizer, sgd)
        for group in optimizer.param_groups:
            group["momentum"] = dose["momentum"]
        if rate != own:
            patient.set_rate(optimizer, rate)
        change = f"{kind.__name__} → SGD with momentum {dose['momentum']:g}"
        patient.did(f"{change}, rate {own:.4g} → {rate:.4g}")

    patient.at("optimizer", made)
