"""What follows a run: judge its trace, print, write the HTML report and the JSON."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from gradwise.diagnosis import Diagnosis, diagnose
from gradwise.errors import UsageError
from gradwise.report.html import write_html
from gradwise.report.schema import render_json
from gradwise.report.terminal import printable, render_text
from gradwise.rules.rule import LoadedRule
from gradwise.trace.findings import Group
from gradwise.trace.read import Run, read_run

REPORT_NAME = "report.html"
MAX_WIDTH = 100  # columns; longer lines are hard to read


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
        text = json.dumps(render_json(diagnosis, run.info, run.trace), indent=2) + "\n"
        if str(json_file) == "-":
            sys.stdout.write(text)
        else:
            json_file.write_text(text, encoding="utf-8")
    page = _write_page(directory, run, diagnosis)
    if not quiet or diagnosis.findings:
        print_text(diagnosis, run, page, quiet=quiet)
    return diagnosis.fails(group)


def print_text(diagnosis: Diagnosis, run: Run, page: str, *, quiet: bool) -> None:
    """The diagnosis on standard error, in colour on a terminal."""
    stream = sys.stderr
    terminal = stream.isatty()
    width = min(shutil.get_terminal_size((80, 24)).columns, MAX_WIDTH) if terminal else 80
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    text = render_text(
        diagnosis, run.info, run.trace, width=width, colour=colour, report="" if quiet else page
    )
    stream.write(printable(text, stream.encoding))
    stream.flush()


def _write_page(directory: Path, run: Run, diagnosis: Diagnosis) -> str:
    """Where the HTML report lies; "" (and a sentence) when it could not be written."""
    page = directory / REPORT_NAME
    try:
        write_html(page, run.trace, diagnosis)
    except UsageError as error:
        print(f"gradwise: {error}", file=sys.stderr)
        return ""
    return str(page)
