"""All optimizers, found by walking this package, and making one by name."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from gradwise.errors import UsageError
from gradwise.optim.groups import decay_groups
from gradwise.optim.optimizer import OptimizerInfo
from gradwise.optim.package import PackageOptimizers
from gradwise.registry import Registry, declared

# Modules of this package that hold no optimizers.
_NOT_OPTIMIZERS = {
    "collection",
    "flat_problem",
    "full_batch",
    "groups",
    "optimizer",
    "package",
    "prepared",
    "schedules",
}
_RESERVED = {"self", "params", "lr", "weight_decay", "fused", "steps"}  # of `make`, or told by the training

OPTIMIZERS = Registry[OptimizerInfo]("optimizer", group="gradwise.optimizers", more=PackageOptimizers())
for _info in declared("gradwise.optim", "OPTIMIZERS", skip=_NOT_OPTIMIZERS):
    OPTIMIZERS.add(_info.name, _info, _info.aliases)


def make(
    name: str,
    parameters: Iterable[Tensor],
    *,
    rate: float | None = None,
    weight_decay: float = 0.0,
    fused: bool | None = None,
    steps: int | None = None,
    shares: Mapping[Tensor, float] | None = None,
    **options: Any,
) -> Optimizer:
    """An optimizer by name.

    Args:
        name: a name or alias of `OPTIMIZERS`, with options after a colon: ``momentum:momentum=0.8``.
        parameters: of the model; biases and norms are not decayed, see `decay_groups`.
        rate: learning rate; None: the optimizer's usual one.
        weight_decay: decoupled from the gradient in ``adamw``, added to it in the others, as torch does.
        fused: whether one fused kernel updates everything; None: as torch chooses.
        steps: of the whole training, where known; for optimizers whose course depends on it.
        shares: of the rate, of parameters that learn more slowly than the others.
        **options: of the torch class, e.g. ``betas``, ``momentum``, ``foreach``.

    Raises:
        UnknownNameError: no optimizer is called so.
        UsageError: an option that it has not, a value that torch refuses, or no fused form on this device.
    """
    proper, written = OPTIMIZERS.parse(name)
    options = {**written, **options}
    info = OPTIMIZERS[proper]
    full = info.rate if rate is None else rate
    groups = decay_groups(parameters, weight_decay, rate=full, shares=shares)
    _check_options(info, options)
    settings = {**info.settings, **options}
    if steps is not None and "steps" in inspect.signature(info.maker).parameters:
        settings["steps"] = steps
    if fused is not None and info.fused_on:
        settings["fused"] = fused
    device = groups[0]["params"][0].device.type
    if fused and device not in info.fused_on:
        where = " and ".join(info.fused_on) or "no device"
        raise UsageError(f"optimizer {proper!r} has a fused form on {where}, not on {device}; leave it out.")
    for word, value in (("rate", rate), ("weight_decay", weight_decay)):
        if value is not None and not (_is_number(value) and math.isfinite(value)):
            raise UsageError(f"optimizer {proper!r}: {word} takes a finite number, not {value!r}.")
    if weight_decay < 0:
        raise UsageError(f"optimizer {proper!r}: weight_decay must be 0 at least, got {weight_decay:g}.")
    try:
        return info.maker(groups, lr=full, **settings)
    except ValueError as error:
        raise UsageError(f"optimizer {proper!r} refuses its settings: {error}.") from error


def _check_options(info: OptimizerInfo, options: dict[str, Any]) -> None:
    """Refuse options that the optimizer has not, and values of another kind than their defaults."""
    found = inspect.signature(info.maker).parameters
    known = {word: found[word] for word in found if word not in _RESERVED}
    unknown = [word for word in options if word not in known]
    if unknown:
        raise UsageError(
            f"optimizer {info.name!r} has no option {', '.join(unknown)}; it takes {', '.join(known)}."
        )
    for word, value in options.items():
        whole = known[word].annotation in (int, "int")
        wanted = _misfit(value, known[word].default, whole=whole)
        if wanted:
            raise UsageError(f"optimizer {info.name!r}: {word} takes {wanted}, not {value!r}.")


def _misfit(value: Any, default: Any, *, whole: bool = False) -> str:
    """What is wanted in place of ``value``, by the kind of an option's default; "" where it fits."""
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "true or false"
    if isinstance(default, int | float):
        fits = _is_number(value) and math.isfinite(value) and (not whole or value == int(value))
        return "" if fits else "a whole number" if whole else "a finite number"
    if isinstance(default, tuple):
        fits = isinstance(value, tuple | list) and len(value) == len(default)
        fits = fits and not any(_misfit(item, wanted) for item, wanted in zip(value, default, strict=True))
        return "" if fits else f"{len(default)} numbers in parentheses"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Tensor) and not isinstance(value, bool)
