"""Options that several verbs share, checked before anything runs."""

from __future__ import annotations

import os
from pathlib import Path

from gradwise.errors import UsageError
from gradwise.registry import nearest
from gradwise.trace.findings import GROUPS, Group


def checked_group(name: str) -> Group:
    """The group of findings that ``--fail-on`` names.

    Raises:
        UsageError: no such group.
    """
    for group in GROUPS:
        if name.lower() == group:
            return group
    raise UsageError(f"--fail-on takes {', '.join(GROUPS)}, not {name!r}{nearest(name, GROUPS)}.")


def check_writable(file: Path) -> None:
    """See that a result file can be written before a long run begins.

    Raises:
        UsageError: its directory is missing or read-only, or it is a directory.
    """
    if str(file) == "-":
        return
    folder = file.absolute().parent
    if file.is_dir():
        raise UsageError(f"--json takes a file name, and {file} is a directory; give e.g. {file}/diagnosis.json.")
    if not folder.is_dir():
        raise UsageError(f"--json {file}: there is no directory {folder.name}; create it or choose another.")
    if not os.access(folder, os.W_OK) or (file.exists() and not os.access(file, os.W_OK)):
        raise UsageError(f"--json {file} cannot be written; choose a place that you may write to.")
