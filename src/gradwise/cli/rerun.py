"""``gradwise rerun``: the same fit again, and whether it came out the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gradwise.cli.options import Quiet

DIFFERENT = 1


def rerun_command(
    run: Annotated[Path, typer.Argument(help="Run directory of a fit.", show_default=False)],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Run directory of the new fit.")] = None,
    quiet: Quiet = False,
) -> int:
    """Fit again with the settings, data and seed of an earlier fit, and compare the weights.

    gradwise rerun .gradwise/runs/20261121-102833-iris
    gradwise rerun RUN --out again

    Exit codes: 0 the weights are the same to the last bit, 1 they differ.
    """
    from gradwise.cli.progress import Progress
    from gradwise.fitting.fit import rerun

    with Progress(quiet=quiet) as progress:
        fitted, differences = rerun(run, out=out, progress=progress)
    if not quiet:
        for line in differences:
            print(f"differs  {line}", file=sys.stderr)
        print(f"run      {fitted.directory}", file=sys.stderr)
        if not differences:
            print("same     every weight is the same to the last bit", file=sys.stderr)
    return DIFFERENT if differences else 0
