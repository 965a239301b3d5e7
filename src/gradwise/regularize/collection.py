"""All regularisers, found by walking this package, and making some by name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from gradwise.errors import UsageError
from gradwise.registry import Registry, check_options, declared, split_names
from gradwise.regularize.bundle import Regularisers
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo

# Modules of this package that hold no regularisers.
_NO_REGULARISERS = {"bundle", "collection", "entering", "regulariser", "step_size", "thresholds"}

REGULARISERS = Registry[RegulariserInfo]("regulariser", group="gradwise.regularisers")
for _each in declared("gradwise.regularize", "REGULARISERS", skip=_NO_REGULARISERS):
    REGULARISERS.add(_each.name, _each, _each.aliases)


def make(names: str | Sequence[str], **options: Any) -> Regularisers:
    """Regularisers by their names.

    Args:
        names: names or aliases of `REGULARISERS`, separated by commas or in a list, with options after a
            colon: ``"l1:strength=1e-4, max-norm:norm=3"``.
        **options: of a single one, as an alternative to writing them.

    Raises:
        UnknownNameError: no regulariser is called so.
        UsageError: nothing named, one named twice, an option that it has not, or a value that it does not
            take.
    """
    words = split_names(names)
    if not words or (options and len(words) > 1):
        given = f"{len(words)} are named" if words else "none is"
        raise UsageError(f"regularize.make takes names, and options for one name alone; {given}.")
    made: dict[str, Regulariser] = {}
    kinds: dict[str, bool] = {}
    for word in words:
        proper, written = REGULARISERS.parse(word)
        part = _made(proper, {**written, **options})
        if proper in kinds and not kinds[proper]:
            raise UsageError(f"regulariser {proper!r} is named twice; name it once.")
        kinds[proper] = part.repeatable
        made[REGULARISERS.proper(word)] = part
    return Regularisers(made)


def proper(names: str | Sequence[str]) -> str:
    """The same names, each its proper one, with their options as they were written.

    Raises:
        UnknownNameError: no regulariser is called so.

    >>> proper(["Lasso:strength=0.1", "maxnorm"])
    'l1:strength=0.1, max-norm'
    """
    return ", ".join(REGULARISERS.proper(word) for word in split_names(names))


def settings_of(names: str | Sequence[str]) -> tuple[str, dict[str, Any]]:
    """What of these names a fit has a setting of its own for.

    Returns:
        The other names, and the settings.

    Raises:
        UnknownNameError: no regulariser is called so.
        UsageError: see `make`.

    >>> settings_of("l1, early-stopping, ema:decay=0.9")
    ('l1', {'patience': 10, 'ema': 0.9})
    """
    rest: list[str] = []
    settings: dict[str, Any] = {}
    for name, part in make(names).parts.items():
        found = REGULARISERS[name].setting
        if found is None:
            rest.append(name)
        else:
            option, setting = found
            settings[setting] = getattr(part, option)
    return ", ".join(rest), settings


def _made(name: str, options: Mapping[str, Any]) -> Regulariser:
    info = REGULARISERS[name]
    known = inspect.signature(info.maker).parameters
    check_options("regulariser", name, options, known, info.spans)
    given = {word: value for word, value in options.items() if value is not None}
    for word, value in given.items():
        wanted = ""
        if word in info.words and value not in info.words[word]:
            wanted = f"one of {', '.join(info.words[word])}"
        elif isinstance(known[word].default, bool) and not isinstance(value, bool):
            wanted = "yes or no"
        if wanted:
            raise UsageError(f"regulariser {name!r}: {word} takes {wanted}, not {value!r}.")
    return info.maker(**given)
