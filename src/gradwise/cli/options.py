"""Options that several verbs share, checked before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradwise.errors import UsageError
from gradwise.registry import nearest
from gradwise.trace.findings import GROUPS, Group

if TYPE_CHECKING:
    from gradwise.settings.settings import Settings

Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        "--only",
        metavar="RULE",
        help="Judge by these rules only: name, code, letter of codes (C), group, or all; repeatable.",
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", "--skip", metavar="RULE", help="Leave these rules out, named in the same ways."),
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="GROUP",
        help="Exit 1 at this group or worse: broken, sick, slow, habit, trial [default: sick].",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings [default: the nearest gradwise.toml or pyproject.toml with tool.gradwise].",
    ),
]
Isolated = Annotated[bool, typer.Option("--isolated", help="Use no file of settings.")]
ShowSuppressed = Annotated[
    bool, typer.Option("--show-suppressed", help="Show suppressed findings too, with their reasons.")
]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Also write the diagnosis as JSON; - is standard output."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print findings only, nothing when healthy.")]

SeedShift = Annotated[
    int | None,
    typer.Option(
        "--seed-shift",
        min=0,
        metavar="N",
        help="Shift the seeds that the script sets; 0 keeps them and fixes only what it leaves to chance.",
    ),
]


DEFAULT_FAIL_ON: Group = "sick"


def names(values: Iterable[str] | None) -> list[str]:
    """The names in a repeated option whose values may hold several, with commas or spaces between.

    >>> names(["loss-nan,A01", "dead-relu"])
    ['loss-nan', 'A01', 'dead-relu']
    """
    return [name for value in values or () for name in value.replace(",", " ").split()]


def chosen_group(name: str | None, settings: Settings) -> Group:
    """The group to fail on: that of ``--fail-on``, else that of the settings, else ``sick``.

    Raises:
        UsageError: no such group.
    """
    return settings.fail_on or DEFAULT_FAIL_ON if name is None else checked_group(name)


def checked_group(name: str) -> Group:
    """The group of findings that ``--fail-on`` names.

    Raises:
        UsageError: no such group.
    """
    for group in GROUPS:
        if name.lower() == group:
            return group
    raise UsageError(f"--fail-on takes {', '.join(GROUPS)}, not {name!r}{nearest(name, GROUPS)}.")


def check_writable(file: Path, option: str = "--json") -> None:
    """See that a result file can be written before a long run begins.

    Raises:
        UsageError: its directory is missing or read-only, or it is a directory.
    """
    if str(file) == "-":
        return
    folder = file.absolute().parent
    if file.is_dir():
        raise UsageError(
            f"{option} takes a file name, and {file} is a directory; give e.g. {file / 'diagnosis.json'}."
        )
    if not folder.is_dir():
        raise UsageError(f"{option} {file}: there is no directory {folder.name}; create it first.")
    if not os.access(folder, os.W_OK) or (file.exists() and not os.access(file, os.W_OK)):
        raise UsageError(f"{option} {file} cannot be written; choose a place that you may write to.")
