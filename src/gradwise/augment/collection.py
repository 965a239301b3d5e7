"""All augmentations, found by walking this package, and making a pipeline of some by name."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from gradwise.augment.augmentation import Augmentation
from gradwise.augment.pipeline import Part, Pipeline
from gradwise.errors import UsageError
from gradwise.registry import Registry, declared, split_names

# Modules of this package that hold no augmentations.
_NO_AUGMENTATIONS = {"augmentation", "collection", "moments", "pipeline", "seeding", "warp"}

AUGMENTATIONS = Registry[Augmentation]("augmentation", group="gradwise.augmentations")
for _each in declared("gradwise.augment", "AUGMENTATIONS", skip=_NO_AUGMENTATIONS):
    AUGMENTATIONS.add(_each.name, _each, _each.aliases)


def make(names: str | Sequence[str], *, classes: int | None = None) -> Pipeline:
    """A pipeline of augmentations by their names.

    Args:
        names: names or aliases of `AUGMENTATIONS`, separated by commas or in a list, with options after a
            colon: ``"flip, crop:padding=4, mixup:alpha=0.2"``.
        classes: of a target of class ids; mixup and cutmix need to know.

    Raises:
        UnknownNameError: no augmentation is called so.
        UsageError: nothing named, an option that it has not, or a value that it does not take.
    """
    parts = [_part(word) for word in split_names(names)]
    if not parts:
        raise UsageError("no augmentation is named; try e.g. flip, or leave it out.")
    return Pipeline(parts, classes=classes)


def proper(names: str | Sequence[str]) -> str:
    """The same names, each its proper one, with their options as they were written.

    Raises:
        UnknownNameError: no augmentation is called so.

    >>> proper(["mirror", "Zoom:factor=0.2"])
    'flip, scale:factor=0.2'
    """
    return ", ".join(AUGMENTATIONS.proper(word) for word in split_names(names))


def augmentations_for(kind: str) -> list[str]:
    """Names of the augmentations for this kind of data (``images``, ``series``, ``table``).

    >>> augmentations_for("table")
    ['mixup', 'noise', 'swap-noise']
    """
    return [name for name in AUGMENTATIONS if kind in AUGMENTATIONS[name].kinds]


def _part(word: str) -> Part:
    name, options = AUGMENTATIONS.parse(word)
    info = AUGMENTATIONS[name]
    known = list(inspect.signature(info.maker).parameters)
    unknown = [option for option in options if option not in known]
    if unknown:
        takes = ", ".join(known) or "none"
        raise UsageError(f"augmentation {name!r} has no option {', '.join(unknown)}; it takes {takes}.")
    return Part(info, info.maker(**options))
