"""``gradwise export``: a fitted network as a file that runs without gradwise."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gradwise.cli.options import check_writable
from gradwise.errors import UsageError
from gradwise.registry import nearest


def export_command(
    run: Annotated[Path, typer.Argument(help="Run directory of a fit.", show_default=False)],
    file: Annotated[
        Path | None,
        typer.Argument(help="Name ending in .pt2 or .onnx [default: RUN/model.onnx].", show_default=False),
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="onnx|torch", help="Where the name does not tell.")
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(metavar="DATA", help="Compare with the original on this data (repeatable)."),
    ] = None,
) -> int:
    """Write a fitted network as ONNX (.onnx) or torch.export (.pt2), checked against the original.

    gradwise export .gradwise/runs/20261121-102833-iris iris.onnx
    gradwise export RUN iris.pt2 --check iris.csv
    gradwise export RUN --format torch

    The file takes prepared arrays (standardised columns, ids of categories), any number of rows, and puts
    out probabilities, or numbers in the target's own units.  It also holds how arrays are prepared, as JSON.
    """
    from gradwise.fitting.export import export
    from gradwise.fitting.export_formats import FORMATS
    from gradwise.fitting.network import load

    target = _target(run, file, form, FORMATS)
    check_writable(target, "FILE")
    network = load(run)
    source = network.open(check) if check else None
    print(export(network, target, source), file=sys.stderr)
    return 0


def _target(run: Path, file: Path | None, form: str | None, formats: dict[str, str]) -> Path:
    """Where to export to; name and format must not contradict each other.

    Raises:
        UsageError: no such format, or a name that ends otherwise.
    """
    if form is not None and form not in formats:
        raise UsageError(f"--format takes {' or '.join(formats)}, not {form!r}{nearest(form, formats)}.")
    if file is None:
        return run / f"model{formats[form or 'onnx']}"
    wanted = list(formats.values()) if form is None else [formats[form]]
    if file.suffix not in wanted:
        why = "" if form is None else f" with --format {form}"
        raise UsageError(f"export takes a name that ends in {' or '.join(wanted)}{why}, not {file.name}.")
    return file
