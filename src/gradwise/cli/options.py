"""Options that several verbs share, checked before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from gradwise.errors import UsageError
from gradwise.registry import nearest
from gradwise.trace.findings import GROUPS, Group

Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="RULE", help="Judge by these rules only (name or code, repeatable)."),
]
Skip = Annotated[
    list[str] | None,
    typer.Option("--skip", metavar="RULE", help="Leave these rules out (name or code, repeatable)."),
]
FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on", metavar="GROUP", help="Exit 1 at this group or worse: broken, sick, slow, habit, trial."
    ),
]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Also write the diagnosis as JSON; - is standard output."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print findings only, nothing when healthy.")]


def names(values: Iterable[str] | None) -> list[str]:
    """The names in a repeated option whose values may hold several, with commas or spaces between.

    >>> names(["loss-nan,A01", "dead-relu"])
    ['loss-nan', 'A01', 'dead-relu']
    """
    return [name for value in values or () for name in value.replace(",", " ").split()]


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
