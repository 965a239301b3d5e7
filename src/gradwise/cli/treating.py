"""``--treat``: cures given to the script while it is watched, and what became of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwise.errors import TraceError

if TYPE_CHECKING:
    from gradwise.heal.treating import Live
    from gradwise.heal.treatment import Treatment
    from gradwise.watch.recording import Recorded
    from gradwise.watch.script import Program

TreatOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--treat",
        metavar="FILE",
        help="Give the script the cures of a treatment file while it runs; repeatable.",
    ),
]


def treatment_of(files: Sequence[Path] | None) -> Treatment | None:
    """The treatments in files together, a later file's doses before an earlier one's; None without files.

    Raises:
        UsageError: a file that cannot be read or carried out.
    """
    if not files:
        return None
    from gradwise.heal.treatment import Treatment, read_treatment

    found = Treatment()
    for file in files:
        found = found.and_then(read_treatment(file))
    return found


def run_treated(
    program: Program,
    directory: Path,
    treatment: Treatment | None,
    *,
    live: Live | None = None,
    aloud: bool = False,
    **options: Any,
) -> Recorded:
    """Run a program under treatment and watch, and keep what was done in its trace, for the report.

    Args:
        program: what to run.
        directory: where its trace goes.
        treatment: what to give.
        live: heal it while it runs.
        aloud: say what was done, where no report may follow.
        **options: see `gradwise.heal.treating.record_treated`.
    """
    from gradwise.heal.treating import keep_told, record_treated
    from gradwise.heal.treatment import Treatment
    from gradwise.report.treated import told_lines

    recorded, told = record_treated(program, directory, treatment or Treatment(), live, **options)
    try:
        keep_told(directory, told)
    except TraceError as error:
        print(f"gradwise: {error}", file=sys.stderr)
        aloud = True
    if aloud or recorded.steps == 0:
        for line in told_lines(told):
            print(f"gradwise: {line}", file=sys.stderr)
    return recorded
