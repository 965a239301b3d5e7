"""What follows a run: judge its trace, print, write the HTML report and the JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gradwise.cli.screen import Screen
from gradwise.diagnosis import Diagnosis, diagnose
from gradwise.errors import UsageError
from gradwise.report.schema import render_json
from gradwise.report.terminal import render_text
from gradwise.rules.rule import LoadedRule
from gradwise.settings.settings import Settings
from gradwise.trace.findings import Group
from gradwise.trace.model import RunInfo
from gradwise.trace.read import Run, read_run

REPORT_NAME = "report.html"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a diagnosis.

    Args:
        rules: those that judge.
        settings: decisions of the project.
        group: what counts as failed, this group and worse.
        json_file: where JSON goes; None for nowhere.
        quiet: whether to say nothing about healthy runs.
        show_suppressed: whether to show what the settings accept.
    """

    rules: Sequence[LoadedRule]
    settings: Settings
    group: Group
    json_file: Path | None = None
    quiet: bool = False
    show_suppressed: bool = False


def report_run(directory: Path, wanted: Wanted) -> bool:
    """Judge the run in a directory and report it; True when something was found at the group or worse."""
    run = read_run(directory)
    diagnosis = diagnose(run.segments, wanted.rules, settings=wanted.settings)
    if wanted.json_file is not None:
        write_json(diagnosis, run, wanted.json_file)
    page = _write_page(directory, run, diagnosis)
    print_text(diagnosis, run, Screen.of(sys.stderr), wanted, page="" if wanted.quiet else page)
    return diagnosis.fails(wanted.group)


def print_text(diagnosis: Diagnosis, run: Run, screen: Screen, wanted: Wanted, *, page: str = "") -> None:
    """Show the diagnosis on a screen, with a hint where the HTML page lies; nothing where quiet was asked."""
    shown = diagnosis.findings or (wanted.show_suppressed and diagnosis.suppressed)
    if wanted.quiet and not shown:
        return
    text = render_text(
        diagnosis,
        current(run),
        run.trace,
        width=screen.width,
        colour=screen.colour,
        report=page,
        show_suppressed=wanted.show_suppressed,
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
