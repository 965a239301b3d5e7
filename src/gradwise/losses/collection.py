"""All losses, found by walking this package, and making one by name."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from gradwise.errors import UsageError
from gradwise.losses.criterion import REDUCTIONS, Criterion
from gradwise.losses.loss import Loss
from gradwise.registry import Registry, declared

# Modules of this package that hold no losses.
_NOT_LOSSES = {"collection", "criterion", "loss"}

LOSSES = Registry[Loss]("loss", group="gradwise.losses")
for _loss in declared("gradwise.losses", "LOSSES", skip=_NOT_LOSSES):
    LOSSES.add(_loss.name, _loss, _loss.aliases)


def make(
    name: str, *, weights: Sequence[float] | None = None, reduction: str = "mean", **options: Any
) -> nn.Module:
    """A loss by name: a module of (N, K) outputs and a target, or of what its ``takes`` says.

    Args:
        name: a name or alias of `LOSSES`, with options after a colon: ``focal:gamma=1``.
        weights: of every class, or of every label's positives.
        reduction: ``mean``, ``sum`` or ``none`` (one loss for every row, output or pair), as torch has it.
        **options: of the loss, e.g. ``smoothing`` from 0 to 1, ``gamma``, ``delta``.

    Raises:
        UnknownNameError: no loss is called so.
        UsageError: an option or weights that it does not take, weights that are not above 0.
    """
    proper, written = LOSSES.parse(name)
    maker = LOSSES[proper].maker
    known = inspect.signature(maker).parameters
    given = {**written, **options}
    reduction = given.pop("reduction", reduction)
    if reduction not in REDUCTIONS:
        words = ", ".join(REDUCTIONS)
        raise UsageError(f"loss {proper!r} takes a reduction of {words}, not {reduction!r}.")
    if weights is not None:
        given["weights"] = _tensor(proper, weights)
    unknown = [word for word in given if word not in known]
    if unknown:
        takes = ", ".join(known) or "none"
        raise UsageError(f"loss {proper!r} has no option {', '.join(unknown)}; it takes {takes}.")
    missing = [word for word, option in known.items() if option.default is option.empty and word not in given]
    if missing:
        raise UsageError(f"loss {proper!r} needs {', '.join(missing)}, got none; give {missing[0]}=...")
    made = maker(**given)
    if reduction != "mean":
        if not isinstance(made, Criterion):  # of another package
            raise UsageError(f"loss {proper!r} knows no reduction but the mean.")
        made.reduction = reduction
    return made


def losses_for(task: str) -> list[str]:
    """Names of the losses for this kind of task (``classes``, ``labels``, ``numbers``).

    >>> losses_for("labels")
    ['bce', 'focal', 'hinge']
    """
    return [name for name in LOSSES if task in LOSSES[name].tasks]


def _tensor(name: str, weights: Sequence[float]) -> torch.Tensor:
    values = torch.tensor(tuple(weights), dtype=torch.float32)
    if not bool((values.isfinite() & (values > 0)).all()):
        shown = ", ".join(f"{weight:g}" for weight in weights)
        raise UsageError(f"loss {name!r} takes weights above 0, got {shown}.")
    return values
