"""``gradwise runs``: the recorded runs, newest first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gradwise.trace.runs import RunSummary


def runs_command(
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Where to look; .gradwise/runs if left out."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for another program.")] = False,
) -> None:
    """List the recorded runs, newest first.

    gradwise runs                 those recorded from this directory
    gradwise runs /data/runs      those recorded elsewhere with --out
    gradwise report NAME          judges one of them again
    """
    from gradwise.cli.screen import Screen
    from gradwise.errors import TraceError
    from gradwise.trace.runs import DEFAULT_ROOT, list_runs

    root = DEFAULT_ROOT if directory is None else directory
    if directory is not None and not directory.exists():
        raise TraceError(f"there is no directory {directory}; give the one that holds the runs.")
    runs = list_runs(root)
    screen = Screen.of(sys.stdout)
    if json:
        import json as encoder

        screen.show(
            encoder.dumps({"schema": 1, "runs": [summary_json(run) for run in runs]}, indent=2) + "\n"
        )
    elif runs:
        screen.show(runs_table(runs))
    else:
        screen.show(f"no runs under {root}; record one with `gradwise check SCRIPT`.\n")


def runs_table(runs: list[RunSummary]) -> str:
    """One line for each run: name, script, steps, time, how it ended, size."""
    from gradwise.report.words import clean, duration

    rows = [("RUN", "SCRIPT", "STEPS", "TIME", "ENDED", "SIZE")]
    for run in runs:
        size = f"{run.size / 1e6:.1f} MB"
        if run.problem:
            rows.append((clean(run.name), "-", "-", "-", "unreadable", size))
        else:
            cells = (clean(run.name), clean(run.script), f"{run.steps:,}", duration(run.seconds))
            rows.append((*cells, ended(run), size))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    right = (2, 3, 5)  # numbers end under each other
    lines = (
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines) + "\n"


def ended(run: RunSummary) -> str:
    """How a run ended; a process that vanished while running was killed."""
    if run.status == "running" and run.alive is False:
        return "killed"
    return run.status


def summary_json(run: RunSummary) -> dict[str, Any]:
    """One run as plain data."""
    return {
        "name": run.name,
        "path": str(run.path),
        "script": run.script,
        "started": run.started,
        "steps": run.steps,
        "status": "unreadable" if run.problem else ended(run),
        "seconds": run.seconds,
        "bytes": run.size,
        "problem": run.problem,
    }
