"""Drop fewer units, and none of the outputs.

What it does
    Lowers the share of units that dropout sets to zero, to 0.1 to 0.5 for
    hidden layers, and takes dropout off the prediction.

When
    So much is dropped that hardly a unit of a layer takes part in a step, or
    predictions themselves are set to zero before the loss compares them.

When not
    Training fits well in spite of it: then the dropout is what keeps the
    network from memorising.

Grade
    changes-training: in evaluation dropout does nothing, so the model is the
    same.

The edit
    torch's `p` is the share that is dropped, not the share that is kept as in
    older libraries.

    At run time every larger share becomes the one asked for: of modules and of dropout
    inside recurrent and attention layers before their model first runs, of functions
    (`F.dropout` and its kin) at each call inside a model. What drops a model's own
    output is passed over. The layers draw as many random numbers as before. Undone, the
    shares are the script's.

References
    Srivastava et al., Dropout, JMLR 15 (2014), section A.4: 0.5 to 0.8 of
    hidden units are kept.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="lower-dropout",
    grade="changes-training",
    summary="drop fewer units, and none of the outputs",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.9), nn.Linear(64, 2))
""",
        after="""\
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 2))
""",
    ),
    doses=(Dose("share", "largest share of units that is dropped", 0.2, 0.0, 0.9, (0.2, 0.1, 0.0)),),
    undo="exact",
    places=True,
)


FUNCTIONS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Lower what modules and functions drop, and keep a model's output whole."""
    import torch.nn.functional as functional

    share = dose["share"]
    recall = patient.recall(["dropout"])
    for name in FUNCTIONS:
        patient.around(functional, name, _lower(patient, name, share))

    def whole(result: Any, model: Any) -> Any:
        made = recall.find(result)
        recall.clear()
        if made is None or patient.where:
            return None
        patient.did(f"dropout on the output of {type(model).__name__} was passed over")
        return made.raw

    patient.at("root", lambda root: _lower_modules(patient, root, share))
    patient.at("output", whole)


def _lower_modules(patient: Patient, root: Any, share: float) -> None:
    from torch import nn

    for name, module in patient.places(root):
        if isinstance(module, nn.modules.dropout._DropoutNd):  # noqa: SLF001
            word = "p"
        elif isinstance(module, nn.RNNBase | nn.MultiheadAttention):
            word = "dropout"
        else:
            continue
        before = getattr(module, word)
        if before > share:
            setattr(module, word, share)
            patient.later(partial(setattr, module, word, before))
            patient.did(f"{name or type(module).__name__} drops {before:g} → {share:g}")


def _lower(patient: Patient, name: str, share: float) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    import torch
    from torch import nn

    running, fits = patient.run.models.running, _Fits(patient)
    own = nn.modules.dropout._DropoutNd  # noqa: SLF001
    compiling, everywhere = torch.compiler.is_compiling, not patient.where

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        usual: bool = inspect.signature(original).parameters["training"].default

        def dropout(input: Any, p: float = 0.5, training: bool = usual, inplace: bool = False) -> Any:  # noqa: A002
            if compiling():
                return original(input, min(p, share) if everywhere else p, training, inplace)
            if training and p > share and running and not isinstance(running[-1], own) and fits(running):
                patient.did(f"{name}() in {type(running[-1]).__name__} drops {p:g} → {share:g}")
                p = share
            return original(input, p, training, inplace)

        return dropout

    return make


class _Fits:
    """Whether functions that a module calls are meant."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.known: dict[int, tuple[Any, bool]] = {}

    def __call__(self, running: list[Any]) -> bool:
        if not self.patient.where:
            return True
        inner = running[-1]
        if id(inner) not in self.known:
            self.known[id(inner)] = (inner, self.patient.is_meant(running[0], inner))
        return self.known[id(inner)][1]
