"""``gradwise report``: judge a recorded run again, without torch and without the script."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gradwise.cli.options import FailOn, JsonFile, Only, Quiet, Skip, check_writable, checked_group, names

FOUND = 1  # exit code: something at or above --fail-on


def report_command(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="Run directory, trace file, or name of a run in .gradwise/runs [default: the newest].",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a report that opens in any browser.")
    ] = None,
    json_file: JsonFile = None,
    only: Only = None,
    skip: Skip = None,
    fail_on: FailOn = "sick",
    quiet: Quiet = False,
) -> int:
    """Judge a recorded run again; write HTML or JSON.

    Works on finished, crashed and still running traces, and needs no torch.

    gradwise report                           the newest run
    gradwise report 20260102-030405-train     by the name that `gradwise runs` shows
    gradwise report --html report.html        with plots, in one file that works offline
    gradwise report --json - --only A01,L01   for another program

    Exit codes: 0 nothing found, 1 something found at --fail-on or above, 2 wrong use.
    """
    from gradwise.cli.outcome import current, print_text, write_json
    from gradwise.cli.screen import Screen
    from gradwise.diagnosis import choose_rules, diagnose
    from gradwise.trace.read import read_run

    group = checked_group(fail_on)
    rules = choose_rules(names(only), names(skip))
    if json_file is not None:
        check_writable(json_file)
    if html is not None:
        check_writable(html, "--html")
    run = read_run(find_run(name))
    diagnosis = diagnose(run.segments, rules)
    if html is not None:
        from gradwise.report.html import write_html

        write_html(html, replace(run.trace, run=current(run)), diagnosis)
    if json_file is not None:
        write_json(diagnosis, run, json_file)
    if diagnosis.findings or not quiet:  # with the JSON on standard output, the text makes way
        screen = Screen.of(sys.stderr if str(json_file) == "-" else sys.stdout)
        print_text(diagnosis, run, screen, page="" if html is None else str(html))
    return FOUND if diagnosis.fails(group) else 0


def find_run(name: str | None) -> Path:
    """The run that a person means: a path, a name under ``.gradwise/runs``, or the newest.

    Raises:
        TraceError: there is no such run.
    """
    from gradwise.errors import TraceError
    from gradwise.registry import nearest
    from gradwise.trace.runs import DEFAULT_ROOT, list_runs

    if name is None:
        runs = list_runs()
        if not runs:
            raise TraceError(f"no run lies under {DEFAULT_ROOT}; record one with `gradwise check SCRIPT`.")
        return next((run.path for run in runs if not run.problem), runs[0].path)
    for path in (Path(name), DEFAULT_ROOT / name):
        if path.exists():
            return path
    known = [run.name for run in list_runs()]
    raise TraceError(f"there is no run {name!r}{nearest(name, known)}; `gradwise runs` lists them.")
