"""What follows a run: judge its trace, print, write the HTML report and the JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gradwise.cli.screen import Screen
from gradwise.diagnosis import Diagnosis, diagnose
from gradwise.errors import UsageError
from gradwise.report.schema import render_json
from gradwise.report.terminal import render_text
from gradwise.rules.rule import LoadedRule
from gradwise.trace.findings import Group
from gradwise.trace.model import RunInfo
from gradwise.trace.read import Run, read_run

REPORT_NAME = "report.html"


def report_run(
    directory: Path,
    rules: Sequence[LoadedRule],
    *,
    group: Group,
    json_file: Path | None,
    quiet: bool,
) -> bool:
    """Judge the run in a directory and report it; True when something was found at ``group`` or worse."""
    run = read_run(directory)
    diagnosis = diagnose(run.segments, rules)
    if json_file is not None:
        write_json(diagnosis, run, json_file)
    page = _write_page(directory, run, diagnosis)
    if not quiet or diagnosis.findings:
        print_text(diagnosis, run, Screen.of(sys.stderr), page="" if quiet else page)
    return diagnosis.fails(group)


def print_text(diagnosis: Diagnosis, run: Run, screen: Screen, *, page: str = "") -> None:
    """Show the diagnosis on a screen, with a hint where the HTML page lies."""
    text = render_text(
        diagnosis, current(run), run.trace, width=screen.width, colour=screen.colour, report=page
    )
    screen.show(text)


def write_json(diagnosis: Diagnosis, run: Run, file: Path) -> None:
    """Write the diagnosis (schema 1) to a file, or to standard output for ``-``.

    Raises:
        UsageError: the file cannot be written.
    """
    write_document(render_json(diagnosis, current(run), run.trace), file)


def write_document(document: Mapping[str, Any], file: Path) -> None:
    """Write JSON to a file, or to standard output for ``-``.

    Raises:
        UsageError: the file cannot be written.
    """
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    if str(file) == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"--json {file} cannot be written ({reason}); choose another file.") from error


def current(run: Run) -> RunInfo:
    """What ran, for an unfinished run the steps recorded so far and whether it was killed."""
    if run.info.status != "running":
        return run.info
    status = "killed" if run.alive is False else "running"
    return replace(run.info, steps=max(run.info.steps, run.trace.steps), status=status)


def _write_page(directory: Path, run: Run, diagnosis: Diagnosis) -> str:
    """Where the HTML report lies; "" (and a sentence) when it could not be written."""
    from gradwise.report.html import write_html

    page = directory / REPORT_NAME
    try:
        write_html(page, run.trace, diagnosis)
    except UsageError as error:
        print(f"gradwise: {error}", file=sys.stderr)
        return ""
    return _shown(page)


def _shown(path: Path) -> str:
    """A path as seen from the current directory, where it lies in it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, or the current directory is gone
        return str(path)
