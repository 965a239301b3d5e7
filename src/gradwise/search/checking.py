"""Whether a space goes with the data and the fixed settings, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradwise.errors import GradwiseError, UsageError
from gradwise.search.dimension import DEFAULT
from gradwise.search.lab import Lab
from gradwise.search.space import Space
from gradwise.train.config import FitConfig

METRICS = {
    "classes": ("loss", "accuracy", "balanced-accuracy", "log-loss"),
    "labels": ("loss", "f1-micro", "f1-macro"),
    "numbers": ("loss", "r2", "rmse", "mae"),
}
BESIDE_LOSS = ("loss", "class_weights")  # they change the loss, so trials could not be compared by it


def check_space(space: Space, lab: Lab, fixed: Mapping[str, Any], net: str) -> None:
    """Plan a training with every value (of a range with both ends), the other settings at their defaults.

    Args:
        space: what is searched.
        lab: has the data.
        fixed: settings of all trials.
        net: that is taken where the space has none.

    Raises:
        UsageError: a value that cannot be, or a setting that no net of the space takes.
    """
    held = space.dimensions.get("net")
    known = [str(each) for each in held.samples()] if held else [net]
    for name, dimension in space.dimensions.items():
        for value in dimension.samples():
            if value == DEFAULT:
                continue
            if name == "net":
                _plan(lab, fixed, {}, "net", value)
                continue
            able = [each for each in known if lab.any_takes([each], name)]
            if not able:
                raise UsageError(
                    f"space: {name.replace('_', '-')} is nothing that {', '.join(known)} on {lab.kind} can "
                    "be told; leave it out."
                )
            _plan(lab, fixed, {"net": able[0]} if held else {}, name, value)


def _plan(lab: Lab, fixed: Mapping[str, Any], more: Mapping[str, Any], name: str, value: Any) -> None:
    try:
        lab.plan(FitConfig.make({**fixed, **more, name: value}))
    except GradwiseError as error:
        raise UsageError(f"space: {name.replace('_', '-')} = {value!r}: {error}") from error


def check_objective(objective: str, lab: Lab, space: Space, *, balanced: bool) -> tuple[str, str]:
    """The metric that trials are compared by, and the reason where it was chosen.

    Args:
        objective: as it was asked for.
        lab: knows what is predicted.
        space: what is searched.
        balanced: classes are so uneven that plain accuracy would tell little.

    Raises:
        UsageError: there is no such metric for this target, or the space changes what it means.
    """
    kind = lab.task.kind
    known = METRICS[kind]
    if objective == "auto":
        if kind == "classes":
            if balanced:
                return "balanced-accuracy", "the classes are uneven, and the verdict of a fit is by it"
            return "accuracy", "the verdict of a fit is by it; of equal trials the smaller loss wins"
        return (known[1], "its main metric") if kind == "labels" else ("r2", "the verdict of a fit is by it")
    if objective not in known:
        raise UsageError(f"--objective takes auto, {', '.join(known)} for {kind}, not {objective!r}.")
    for name in BESIDE_LOSS:
        if objective == "loss" and name in space.dimensions:
            other = next(each for each in known if each != "loss")
            raise UsageError(
                f"space: {name.replace('_', '-')} changes the loss, so trials cannot be compared by it; take "
                f"--objective {other}."
            )
    return objective, ""
