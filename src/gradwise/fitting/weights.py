"""The weights that a net begins with: which net they are of, and how they come into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from gradwise import nets
from gradwise.data.examples import Choice, Task
from gradwise.errors import UsageError
from gradwise.fitting.origins import PIXELS, Origin
from gradwise.fitting.recipe import Recipe
from gradwise.init.matching import Matched, compare, last_layer, load_weights
from gradwise.nets.auxiliary import Auxiliary
from gradwise.train.config import FitConfig
from gradwise.train.plan import Plan

FLAG = "--weights"
OF_CONFIG = {
    "units": "width",
    "depth": "depth",
    "dropout": "dropout",
    "activation": "activation",
    "norm": "norm",
}
STEMS = ("imagenet", "small")


def net_of_weights(config: FitConfig, kind: str) -> tuple[FitConfig, dict[str, Any], list[Choice]]:
    """The settings with the net that the weights are of.

    Args:
        config: the user's settings.
        kind: of the input.

    Returns:
        The settings; options of the net that they have no word for; choices.

    Raises:
        UsageError: no such weights, weights of another net or another kind of data, or a file without a net.
    """
    if config.weights is None:
        return config, {}, []
    origin = Origin.find(config.weights, FLAG)
    if origin.record is None:
        if config.net == "auto":
            raise UsageError(
                f"{FLAG} {origin.name} tells weights and not the net that they are of; name it, for example "
                "--net resnet18, or give the directory of a fit."
            )
        return config, {}, []
    if origin.kind != kind:
        raise UsageError(f"{FLAG} {origin.name} was trained on {origin.kind}, and this data is {kind}.")
    if config.net != "auto" and nets.NETS.name(config.net) != origin.net:
        raise UsageError(
            f"{FLAG} {origin.name} holds a {origin.net}, not a {nets.NETS.name(config.net)}; leave --net out."
        )
    written = {} if config.net == "auto" else nets.NETS.parse(config.net)[1]
    options = {word: value for word, value in origin.options.items() if word not in written}
    flags = {
        OF_CONFIG[word]: value
        for word, value in options.items()
        if word in OF_CONFIG and getattr(config, OF_CONFIG[word]) is None
    }
    choices = []
    if config.net == "auto":
        flags["net"] = origin.net
        choices.append(Choice("net", origin.net, f"that of {origin.name}"))
    rest = {word: value for word, value in options.items() if word not in OF_CONFIG}
    return replace(config, **flags), rest, choices


def fit_stem(
    plan: Plan, config: FitConfig, task: Task, shape: Mapping[str, Any]
) -> tuple[Plan, list[Choice]]:
    """The plan with the stem that the weights were trained with, where the net has a choice.

    Cost: two nets without memory, and reading the file.
    """
    kind = nets.input_kind(shape)
    if config.weights is None or "stem" not in nets.options(plan.net, kind) or "stem" in plan.net_options:
        return plan, []
    state = Origin.find(config.weights, FLAG).weights()
    if not _misfits(plan, task, shape, state, {}):
        return plan, []
    for stem in STEMS:
        if not _misfits(plan, task, shape, state, {"stem": stem}):
            size = min(shape["height"], shape["width"])
            why = f"the weights were trained with it; by itself an image of {size} pixels gets the other one"
            if stem == "imagenet":
                why += ", since this one shrinks it at once: a larger --image-size may help"
            options = {**plan.net_options, "stem": stem}
            return replace(plan, net_options=options), [Choice("stem", stem, why)]
    return plan, []


def _misfits(
    plan: Plan, task: Task, shape: Mapping[str, Any], state: Mapping[str, Tensor], more: Mapping[str, Any]
) -> bool:
    """Whether weights have other shapes than this build of the net, apart from its last layer."""
    try:
        with torch.device("meta"):
            options = {**plan.net_options, **more}
            net = nets.make(plan.net, outputs=task.outputs, **shape, **options)
    except UsageError:  # images too small for this stem
        return True
    found, head = compare(net, state, (PIXELS,)), f"{last_layer(net)}."
    aside = (head, *_side(net))
    return any(not name.startswith(aside) for name in found.misshapen)


def begin_with(net: nn.Module, recipe: Recipe, task: Task) -> Matched | None:
    """Put the recipe's weights into a net that is drawn already; None where it has none.

    Raises:
        UsageError: they are gone, have changed since the recipe was made, or do not fit.
    """
    if recipe.weights is None:
        return None
    origin = Origin.find(recipe.weights, FLAG)
    origin.check(recipe.weights_digest)
    other = origin.record is not None and _answers(origin.task) != _answers(task)
    source = f"{FLAG} {origin.name}"
    return load_weights(
        net, origin.weights(), source=source, leave=(PIXELS,), fresh_head=other, side=_side(net)
    )


def _answers(task: Task) -> tuple[str, tuple[str, ...]]:
    return task.kind, task.classes if task.kind == "classes" else task.targets


def _side(net: nn.Module) -> tuple[str, ...]:
    """Prefixes of the entries of auxiliary classifiers."""
    return tuple(f"{name}." for name, module in net.named_modules() if isinstance(module, Auxiliary))
