"""All optimizers, found by walking this package, and making one by name."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from gradwise.errors import UsageError
from gradwise.optim.groups import decay_groups
from gradwise.optim.optimizer import OptimizerInfo
from gradwise.registry import Registry, declared

# Modules of this package that hold no optimizers.
_NOT_OPTIMIZERS = {"collection", "groups", "optimizer", "policies", "schedules"}

OPTIMIZERS = Registry[OptimizerInfo]("optimizer", group="gradwise.optimizers")
for _info in declared("gradwise.optim", "OPTIMIZERS", skip=_NOT_OPTIMIZERS):
    OPTIMIZERS.add(_info.name, _info, _info.aliases)


def make(
    name: str,
    parameters: Iterable[Tensor],
    *,
    rate: float | None = None,
    weight_decay: float = 0.0,
    fused: bool | None = None,
    **options: Any,
) -> Optimizer:
    """An optimizer by name.

    Args:
        name: a name or alias of `OPTIMIZERS`, with options after a colon: ``momentum:momentum=0.8``.
        parameters: of the model; biases and norms are not decayed, see `decay_groups`.
        rate: learning rate; None: the optimizer's usual one.
        weight_decay: decoupled from the gradient in ``adamw``, added to it in the others, as torch does.
        fused: whether one fused kernel updates everything; None: as torch chooses.
        **options: of the torch class, e.g. ``betas``, ``momentum``, ``foreach``.

    Raises:
        UnknownNameError: no optimizer is called so.
        UsageError: an option that it has not, a value that torch refuses, or no fused form on this device.
    """
    proper, written = OPTIMIZERS.parse(name)
    options = {**written, **options}
    info = OPTIMIZERS[proper]
    groups = decay_groups(parameters, weight_decay)
    _check_options(info, options)
    settings = {**info.settings, **options}
    if fused is not None and info.fused_on:
        settings["fused"] = fused
    device = groups[0]["params"][0].device.type
    if fused and device not in info.fused_on:
        where = " and ".join(info.fused_on) or "no device"
        raise UsageError(f"optimizer {proper!r} has a fused form on {where}, not on {device}; leave it out.")
    try:
        return info.maker(groups, lr=info.rate if rate is None else rate, **settings)
    except ValueError as error:
        raise UsageError(f"optimizer {proper!r} refuses its settings: {error}.") from error


def _check_options(info: OptimizerInfo, options: dict[str, Any]) -> None:
    reserved = {"self", "params", "lr", "weight_decay", "fused"}
    known = [word for word in inspect.signature(info.maker).parameters if word not in reserved]
    unknown = [word for word in options if word not in known]
    if unknown:
        raise UsageError(
            f"optimizer {info.name!r} has no option {', '.join(unknown)}; it takes {', '.join(known)}."
        )
