"""``gradwise cluster``: groups of rows without a target."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from gradwise.cli.options import JsonFile, check_writable
from gradwise.errors import UsageError

INTERRUPTED = 130
MOST_K = 100  # beyond it a table of clusters says nothing, and trying them takes long
_RANGE = re.compile(r"(\d+)(?:\s*(?:\.\.|-|…|:)\s*(\d+))?")
Option = typer.Option


def cluster_command(
    data: Annotated[
        list[str] | None,
        typer.Argument(help="A table, an array or images, as `gradwise fit` takes them.", show_default=False),
    ] = None,
    k: Annotated[
        str | None, Option("--k", metavar="K|A..B", help="How many clusters [default: chosen from 2..10].")
    ] = None,
    drop: Annotated[
        list[str] | None, Option(metavar="COLUMN", help="Leave a column out (repeatable).")
    ] = None,
    out: Annotated[
        Path | None,
        Option("--out", "-o", metavar="FILE", help="The rows with their cluster, csv or parquet."),
    ] = None,
    html: Annotated[
        Path | None, Option(metavar="FILE", help="A page with elbow, silhouettes and the rows on a plane.")
    ] = None,
    seed: Annotated[int, Option(metavar="N", help="Of starts and samples.")] = 0,
    json_file: JsonFile = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print the tables only.")] = False,
) -> int:
    """Find groups of rows by k-means: how many, how good, how sure, and whether there are any.

    gradwise cluster customers.csv --drop id
    gradwise cluster sensors.parquet --k 2..6 --html clusters.html
    gradwise cluster wine.csv --k 3 --out wine-with-clusters.csv

    Numbers are standardised, words one-hot, gaps filled and marked as `gradwise fit` does.  k is that of the
    largest mean silhouette; the elbow of the inertia stands beside it.  The silhouettes are compared with
    those of data of the same shape without clusters, since k-means cuts up anything.  A column that says what
    the groups should be (a target) is best dropped.  `gradwise explain k-means` is its page.

    Exit codes: 0 done, 2 wrong use, 130 interrupted (what was tried by then is shown).
    """
    asked = None if k is None else numbers_of(k)
    for file, option in ((json_file, "--json"), (out, "--out"), (html, "--html")):
        if file is not None:
            check_writable(file, option)
    if seed < 0:
        raise UsageError(f"--seed takes a whole number from 0 on, not {seed}.")
    if not data:
        raise UsageError("no data was given; try `gradwise cluster data.csv`.")
    if out is not None:
        _check_out(out, data)

    from gradwise.baselines.cluster_rows import cluster_rows
    from gradwise.baselines.clustering import cluster
    from gradwise.cli import cluster_page
    from gradwise.cli.baselines_progress import BaselinesProgress
    from gradwise.cli.fit_outcome import finite
    from gradwise.cli.outcome import write_document
    from gradwise.cli.screen import Screen, shown_path
    from gradwise.data.opening import open_source

    with BaselinesProgress(quiet=quiet) as progress:
        rows = cluster_rows(open_source(data[0] if len(data) == 1 else data), drop or ())
        progress.read(rows.told)
        found = cluster(rows, asked, seed=seed, listener=progress)
    if json_file is not None:
        write_document(finite(cluster_page.document(found, rows)), json_file)
    if json_file is None or str(json_file) != "-":
        screen = Screen.of(sys.stdout)
        screen.show(("" if quiet else "\n") + cluster_page.render(found, screen.width))
    title = Path(data[0]).name if len(data) == 1 else f"{len(data)} files"
    if html is not None:
        written = cluster_page.write_html(html, found, rows, title, seed)
        progress.said(f"page     {shown_path(written)}")
    if out is not None:
        cluster_page.write_rows(out, found, rows)
        progress.said(f"rows     {shown_path(out)}")
    return INTERRUPTED if found.interrupted else 0


def numbers_of(text: str) -> list[int]:
    """The numbers of clusters that ``--k`` names.

    Raises:
        UsageError: no number or range, or one that is out of bounds.

    >>> numbers_of("3"), numbers_of("2..4")
    ([3], [2, 3, 4])
    """
    read = _RANGE.fullmatch(text.strip())
    if read is None:
        raise UsageError(f"--k takes a number or a range such as 2..10, not {text!r}.")
    first, last = int(read[1]), int(read[2] or read[1])
    if first > last:
        raise UsageError(f"--k {text}: the range runs backwards; write {last}..{first}.")
    if first < 2 or last > MOST_K:
        raise UsageError(f"--k takes 2 to {MOST_K} clusters, not {text}.")
    return list(range(first, last + 1))


def _check_out(out: Path, data: list[str]) -> None:
    """See that the rows can be written, before a long run begins."""
    if out.suffix not in (".csv", ".parquet"):
        raise UsageError(f"--out takes a name that ends in .csv or .parquet, not {out.name}.")
    if not out.exists():
        return
    from gradwise.data.table_files import find_files

    if any(out.samefile(file) for place in data for file in find_files(place)):
        raise UsageError(f"--out {out} is the data itself; choose another name.")
