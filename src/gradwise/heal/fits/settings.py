"""Cures as settings of a fit: what each changes, seen from the recipe of the fit as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradwise.heal.treatment import Cure
from gradwise.remedies.remedy import LoadedRemedy

Recipe = Mapping[str, Any]
Dose = Mapping[str, float]
Changes = dict[str, Any]
Change = Callable[[Recipe, Dose], Changes | None]

LONGER = 3  # times as many epochs (ours)
WIDER = 2  # times as many units (ours)


def _rate(recipe: Recipe, dose: Dose) -> Changes:
    return {"rate": recipe["rate"] * dose["factor"]}


def _warm_up(recipe: Recipe, dose: Dose) -> Changes | None:
    del dose  # of a fit it is a share of the steps, since their number follows from the data
    schedule = str(recipe["schedule"])
    if schedule.startswith("one-cycle") or "warm-up" in schedule:
        return None
    return {"schedule": f"{schedule}{',' if ':' in schedule else ':'}warm-up=0.1"}


def _decay(recipe: Recipe, dose: Dose) -> Changes | None:
    now = recipe["weight_decay"]
    return {"weight_decay": now * dose["factor"]} if now else None


def _raise_clip(recipe: Recipe, dose: Dose) -> Changes | None:
    return {"clip": recipe["clip"] * dose["times"]} if recipe["clip"] else None


def _lower_dropout(recipe: Recipe, dose: Dose) -> Changes | None:
    now = recipe["options"].get("dropout") or 0.0
    return {"dropout": dose["share"]} if now > dose["share"] else None


def _epochs(recipe: Recipe, dose: Dose) -> Changes:
    del dose
    return {"epochs": recipe["epochs"] * LONGER, "patience": 0}


def _units(times: float) -> Change:
    def change(recipe: Recipe, dose: Dose) -> Changes | None:
        del dose
        units = recipe["options"].get("units")
        return {"width": max(int(units * times), 1)} if isinstance(units, int) else None

    return change


def _batch(name: str) -> Change:
    return lambda recipe, dose: {"batch_size": int(recipe["batch_size"] * dose[name])}


def _init(name: str) -> Change:
    return lambda _recipe, dose: {"init": name} if dose["scale"] == 1 else None


def _always(**changes: Any) -> Change:
    return lambda _recipe, _dose: dict(changes)


CHANGES: dict[str, Change] = {
    "lower-lr": _rate,
    "raise-lr": _rate,
    "warm-up": _warm_up,
    "adam": lambda _recipe, dose: {"optimizer": "adam", "rate": dose["rate"]},
    "sgd-momentum": _always(optimizer="momentum"),
    "clip-gradient": lambda _recipe, dose: {"clip": dose["limit"]},
    "raise-clip": _raise_clip,
    "weight-decay": lambda _recipe, dose: {"weight_decay": dose.get("decay", 0.01)},
    "lower-weight-decay": _decay,
    "dropout": lambda _recipe, dose: {"dropout": dose["share"]},
    "lower-dropout": _lower_dropout,
    "he-init": _init("he"),
    "glorot-init": _init("glorot"),
    "orthogonal-init": _init("orthogonal"),
    "batch-norm": _always(norm="batch-norm"),
    "layer-norm": _always(norm="layer-norm"),
    "group-norm": lambda _recipe, dose: {"norm": f"group-norm:groups={dose['groups']:g}"},
    "relu": _always(activation="relu"),
    "leaky-relu": lambda _recipe, dose: {"activation": f"leaky-relu:negative-slope={dose['slope']:g}"},
    "larger-batch": _batch("times"),
    "accumulate": _batch("batches"),
    "class-weights": _always(class_weights="yes"),
    "focal-loss": _always(loss="focal"),
    "resample": _always(balanced_batches=True),
    "early-stop": lambda _recipe, dose: {"patience": int(dose["patience"])},
    "train-longer": _epochs,
    "standardize-input": _always(scale="standardize"),
    "augment": _always(augment="auto"),
    "larger-net": _units(WIDER),
    "smaller-net": _units(1 / WIDER),
}


def can_be_set(remedy: LoadedRemedy) -> str:
    """Why a fit has no setting for a cure; "" where it has one."""
    return "" if remedy.declaration.name in CHANGES else "a fit has no setting that does this"


def changed(recipe: Recipe, given: Mapping[str, Any], cures: Sequence[Cure]) -> Changes | None:
    """The settings that stand for cures; None where one of them would change nothing.

    Args:
        recipe: of the fit as it is, see `gradwise.fitting.recipe.Recipe`.
        given: settings as they were given.
        cures: to be expressed.

    >>> recipe = {"rate": 0.1, "options": {"units": 32}}
    >>> changed(recipe, {}, [Cure("lower-lr", {"factor": 0.1}), Cure("larger-net")])
    {'rate': 0.010000000000000002, 'width': 64}
    """
    found: Changes = {}
    for cure in cures:
        changes = CHANGES[cure.name](recipe, cure.full_dose())
        if changes is None or all(given.get(name) == value for name, value in changes.items()):
            return None
        found |= changes
    return found
