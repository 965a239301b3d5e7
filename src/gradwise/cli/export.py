"""``gradwise export``: a fitted network as a file that runs without gradwise."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gradwise.cli.options import check_writable
from gradwise.errors import UsageError

FORMATS = (".pt2", ".onnx")


def export_command(
    run: Annotated[Path, typer.Argument(help="Run directory of a fit.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="Name ending in .pt2 or .onnx.", show_default=False)],
    check: Annotated[
        list[str] | None, typer.Option(metavar="DATA", help="Compare with the original on this data.")
    ] = None,
) -> int:
    """Write a fitted network as torch.export (.pt2) or ONNX (.onnx), checked against the original.

    gradwise export .gradwise/runs/20261121-102833-iris iris.onnx
    gradwise export RUN iris.pt2 --check iris.csv

    The file takes prepared arrays (the standardised columns) and puts out
    probabilities, or numbers in the target's own units.
    """
    from gradwise.fitting.export import export
    from gradwise.fitting.network import load

    if file.suffix not in FORMATS:
        raise UsageError(f"export takes a name that ends in {' or '.join(FORMATS)}, not {file.name}.")
    check_writable(file, "FILE")
    network = load(run)
    source = network.open(check if len(check) > 1 else check[0]) if check else None
    report = export(network, file, source)
    print(report, file=sys.stderr)
    return 0
