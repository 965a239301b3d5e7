"""Regularisers in a training: which, and what follows from them for other settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradwise import regularize
from gradwise.errors import UsageError
from gradwise.optim import OptimizerInfo
from gradwise.regularize import REGULARISERS, Regularisers, Swa

NONE = "none"
_UNSET: Mapping[str, Any] = {"runs": 1}  # settings that are something else than None where nobody set them


def named(names: str) -> list[str]:
    """Proper names, without options, of the regularisers in a plan's word.

    >>> named("l1:strength=0.1, max-norm")
    ['l1', 'max-norm']
    """
    if names.strip().lower() in ("", NONE):
        return []
    return [REGULARISERS.name(part) for part in regularize.make(names).parts]


def expanded(names: str, settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What of these names a fit has settings of its own for, as these settings.

    Args:
        names: as they were given.
        settings: that were given beside them.

    Returns:
        The other names, ``none`` where there are none, and the settings.

    Raises:
        UnknownNameError: no regulariser is called so.
        UsageError: options that a regulariser does not take, or a setting that is given twice.

    >>> expanded("l1, ema:decay=0.9", {"ema": None})
    ('l1', {'ema': 0.9})
    """
    rest, found = regularize.settings_of(names)
    for word in found:
        if settings[word] != _UNSET.get(word):
            name = next(name for name in REGULARISERS if (REGULARISERS[name].setting or "  ")[1] == word)
            raise UsageError(f"--{word} and regulariser {name!r} say the same; give one of them.")
    return rest or NONE, found


def check(names: str, info: OptimizerInfo, settings: Mapping[str, Any]) -> str:
    """The names of regularisers that a training uses, their proper ones; ``none`` without.

    Args:
        names: as they were given.
        info: the optimizer.
        settings: of the fit.

    Raises:
        UnknownNameError: no regulariser is called so.
        UsageError: one that does not go with the optimizer or with another setting.
    """
    held = named(names)
    if not held:
        return NONE
    for name in held:
        if info.closure and not REGULARISERS[name].smooth:
            raise UsageError(
                f"--regularize {name} changes weights or gradients behind {info.name}'s line search; take "
                "l2, or another optimizer."
            )
    if info.name == "ftrl" and {"l1", "elastic"} & set(held):
        raise UsageError("optimizer 'ftrl' has an L1 of its own: write --optimizer ftrl:l1=0.1 alone.")
    doubles = {"weight-decay": "weight_decay", "dropout": "dropout", "swa": "ema"}
    for name, setting in doubles.items():
        if name in held and settings[setting] is not None:
            option = setting.replace("_", "-")
            raise UsageError(f"--{option} and regulariser {name!r} do the same work; give one of them.")
    return regularize.proper(names)


def shrinking(names: str) -> str:
    """The first of them that shrinks weights already; "" when none does."""
    return next((name for name in named(names) if REGULARISERS[name].shrinks), "")


def regularisers(names: str, epochs: int) -> tuple[Regularisers, int | None]:
    """What acts in a training, not yet wrapped.

    Args:
        names: as a recipe has them.
        epochs: of the training.

    Returns:
        The regularisers; and the epoch, counted from 0, from which on weights are
        averaged at the ends of epochs, None: never.
    """
    if not named(names):
        return Regularisers(), None
    made = regularize.make(names)
    swa = made.only(Swa)
    return made.without(Swa), None if swa is None else swa.first(epochs)
