"""Raise the limit at which gradients are clipped.

What it does
    Gives clipping a limit that ordinary gradients stay below, so that it acts on
    outliers only: 10 times the script's at first, or twice the median norm where that was
    measured and is more. Norms grow once a network that crept begins to learn, and a limit
    that is still too low shows no ailment of its own, so `gradwise heal` tries ten times
    more where it helped.

When
    Nearly every step is clipped, by much: every step has the same length whatever
    the gradient, and plain SGD moves at a small part of the rate that was set.

When not
    Optimizers that divide by the gradient's size themselves (Adam and its kin): a
    constant factor does little there.

Grade
    changes-training: steps become longer; lower the rate if the loss begins to
    bounce.

The edit
    Print the norm that `clip_grad_norm_` returns for an epoch, and set the limit
    near its 90th percentile.

    At run time the limit that the script gives to `clip_grad_norm_` or
    `clip_grad_value_` is multiplied in each call. Undone, the next call has the
    script's limit. Clipping that is written by hand or done by a framework in another
    way is not reached.

References
    Pascanu et al., On the difficulty of training recurrent neural networks, arXiv
    1211.5063.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

ORDINARY = (
    0.5  # median norm over the new limit: nine of ten norms of a run lie below twice their median; ours
)

REMEDY = Remedy(
    name="raise-clip",
    grade="changes-training",
    summary="raise the clipping limit to what ordinary gradients reach",
    edit=Edit(
        before="""\
clip_grad_norm_(model.parameters(), 0.01)
""",
        after="""\
clip_grad_norm_(model.parameters(), 1.0)
""",
    ),
    doses=(
        Dose(
            "times",
            "how many times as high",
            10.0,
            1.001,
            1e9,
            (10.0, 100.0, 1000.0),
            stride=10.0,
            aim=("norm over limit", ORDINARY),
            shrinks=True,
        ),
    ),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Multiply the limit in every call that clips."""
    from torch.nn import utils

    times = dose["times"]

    def raised(name: str, word: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def clip(parameters: Any, *args: Any, **kwargs: Any) -> Any:
                if patient.busy:  # clip-gradient's own
                    return original(parameters, *args, **kwargs)
                limit = args[0] if args else kwargs.pop(word)
                patient.did(f"limit of {name} {float(limit):.4g} → {float(limit * times):.4g}")
                return original(parameters, limit * times, *args[1:], **kwargs)

            return clip

        return make

    for name, word in (("clip_grad_norm_", "max_norm"), ("clip_grad_value_", "clip_value")):
        for owner in (utils, utils.clip_grad):
            patient.around(owner, name, raised(name, word))
