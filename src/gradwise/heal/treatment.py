"""Treatments: TOML files that name cures, their doses, where and why; read and checked without torch."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradwise.errors import UnknownNameError, UsageError
from gradwise.registry import nearest
from gradwise.remedies.collection import all_remedies, find_remedy
from gradwise.remedies.remedy import RESERVED, LoadedRemedy, Remedy

VERSION = 1  # raised when a key changes its meaning or goes


@dataclass(frozen=True, slots=True)
class Cure:
    """One cure as it is given.

    Args:
        name: of the remedy.
        dose: the numbers that were set; the others have their defaults.
        where: patterns of module names; empty for everywhere.
        why: in the words of whoever asked for it.
    """

    name: str
    dose: Mapping[str, float] = field(default_factory=dict)
    where: tuple[str, ...] = ()
    why: str = ""

    @property
    def remedy(self) -> LoadedRemedy:
        """The remedy of that name."""
        return find_remedy(self.name)

    def full_dose(self) -> dict[str, float]:
        """Every number that ``treat`` takes, but for those that it finds itself.

        >>> Cure("warm-up", {"steps": 30}).full_dose()
        {'steps': 30, 'start': 0.01}
        """
        declared = self.remedy.declaration.doses
        known = {dose.name: dose.default for dose in declared if dose.default is not None}
        return {**known, **self.dose}


@dataclass(frozen=True, slots=True)
class Treatment:
    """Cures, in the order in which they are given."""

    cures: tuple[Cure, ...] = ()

    def and_then(self, other: Treatment) -> Treatment:
        """Both together; where both give a cure at the same places, the other's dose counts."""
        again = {(cure.name, cure.where) for cure in other.cures}
        kept = [cure for cure in self.cures if (cure.name, cure.where) not in again]
        return Treatment((*kept, *other.cures))


def read_treatment(file: Path) -> Treatment:
    """The treatment in a file.

    Raises:
        UsageError: no such file, no TOML, or something in it that cannot be carried out.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8 text, as TOML is; save it as UTF-8.") from None
    except OSError as error:
        raise UsageError(f"treatment {file} cannot be read ({error.strerror}); give a TOML file.") from None
    return parse_treatment(text, str(file))


def parse_treatment(text: str, shown: str = "treatment") -> Treatment:
    r"""The treatment in a text.

    Args:
        text: TOML.
        shown: how messages call it.

    Raises:
        UsageError: no TOML, or something in it that cannot be carried out.

    >>> parse_treatment('version = 1\n[[cure]]\nname = "lower-lr"\nfactor = 0.3').cures[0].dose
    {'factor': 0.3}
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{shown} is not valid TOML: {error}.") from None
    version = document.pop("version", None)
    if type(version) is not int or version != VERSION:
        found = "has no version" if version is None else f"has version {version!r}"
        raise UsageError(f"{shown} {found}; this gradwise reads version = {VERSION}.")
    cures = document.pop("cure", None)
    if document:
        odd = next(iter(document))
        near = nearest(odd, ["version", "cure"])
        raise UsageError(
            f"{shown}: there is no key {odd!r}{near}; a treatment has version and [[cure]] tables."
        )
    if not isinstance(cures, list) or not cures or not all(isinstance(cure, dict) for cure in cures):
        raise UsageError(f"{shown} names no cure; give at least one [[cure]] table with a name.")
    found_cures: list[Cure] = []
    for number, table in enumerate(cures, 1):
        cure = _cure(table, f"{shown}, cure {number}")
        if any((one.name, one.where) == (cure.name, cure.where) for one in found_cures):
            raise UsageError(f"{shown} gives {cure.name} twice at the same places; give it once.")
        found_cures.append(cure)
    return Treatment(tuple(found_cures))


def _cure(table: dict[str, Any], shown: str) -> Cure:
    rest = dict(table)
    name, why, where = rest.pop("name", None), rest.pop("why", ""), rest.pop("where", [])
    if not isinstance(name, str):
        raise UsageError(f'{shown} has no name; give one such as name = "lower-lr".')
    try:
        remedy = find_remedy(name)
    except UnknownNameError as error:
        raise UsageError(f"{shown}: {error}") from None
    declared = remedy.declaration
    check_applicable(remedy, shown)
    if not isinstance(why, str):
        raise UsageError(f"{shown}: why takes text, not {why!r}.")
    places = [where] if isinstance(where, str) else where
    if not isinstance(places, list) or not all(isinstance(place, str) and place for place in places):
        raise UsageError(
            f'{shown}: where takes names of modules such as ["fc1", "encoder.*"], not {where!r}.'
        )
    if places and not declared.places:
        raise UsageError(
            f"{shown}: {declared.name} acts on whole runs, not on single modules; leave out where."
        )
    return Cure(declared.name, _dose(declared, rest, shown), tuple(places), why)


def _dose(declared: Remedy, given: Mapping[str, Any], shown: str) -> dict[str, float]:
    doses = {dose.name: dose for dose in declared.doses}
    found = {}
    for word, value in given.items():
        if word not in doses:
            known = [*doses, *RESERVED]
            near = nearest(word, known)
            raise UsageError(f"{shown}: {declared.name} has no {word!r}{near}; it takes {', '.join(known)}.")
        try:
            found[word] = doses[word].checked(declared.name, value)
        except UsageError as error:
            raise UsageError(f"{shown}: {error}") from None
    return found


def applicable() -> list[str]:
    """Names of the cures that a treatment can give."""
    return [name for name, remedy in all_remedies().items() if remedy.treat is not None]


def check_applicable(remedy: LoadedRemedy, shown: str) -> None:
    """See that a running script can be given a cure.

    Raises:
        UsageError: it cannot, and why.
    """
    if remedy.treat is None:
        declared = remedy.declaration
        why = declared.unable or "its way of acting is not written yet"
        raise UsageError(
            f"{shown}: {declared.name} cannot be given to a running script: {why}; make the edit that "
            f"`gradwise explain {declared.name}` shows."
        )
