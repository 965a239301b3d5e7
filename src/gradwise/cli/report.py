"""``gradwise report``: judge a recorded run again, without torch and without the script."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gradwise.cli.options import (
    Config,
    FailOn,
    Ignore,
    Isolated,
    JsonFile,
    Quiet,
    Select,
    ShowSuppressed,
    check_writable,
    chosen_group,
    names,
)

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
    select: Select = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
    config: Config = None,
    isolated: Isolated = False,
    show_suppressed: ShowSuppressed = False,
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
    from gradwise.cli.outcome import Wanted, current, print_text, write_json
    from gradwise.cli.screen import Screen
    from gradwise.diagnosis import choose_rules, diagnose
    from gradwise.rules.collection import all_rules
    from gradwise.settings.choosing import understood
    from gradwise.settings.locating import directory_of, load_settings
    from gradwise.settings.settings import Settings
    from gradwise.trace.read import read_run

    chosen_group(fail_on, Settings())  # what stands on the command line is looked at first
    understood((*names(select), *names(ignore)), all_rules())
    if json_file is not None:
        check_writable(json_file)
    if html is not None:
        check_writable(html, "--html")
    run = read_run(find_run(name))
    settings = load_settings(directory_of(run.info.script, run.path), config, isolated=isolated)
    rules = choose_rules(names(select), names(ignore), settings)
    group = chosen_group(fail_on, settings)
    wanted = Wanted(rules, settings, group, json_file, quiet=quiet, show_suppressed=show_suppressed)
    diagnosis = diagnose(run.segments, rules, settings=settings)
    if html is not None:
        from gradwise.report.html import write_html

        write_html(html, replace(run.trace, run=current(run)), diagnosis)
    if json_file is not None:
        write_json(diagnosis, run, json_file)
    # with the JSON on standard output, the text makes way
    screen = Screen.of(sys.stderr if str(json_file) == "-" else sys.stdout)
    print_text(diagnosis, run, screen, wanted, page="" if html is None else str(html))
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
