"""A comparison of classical models as a table and as JSON."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradwise.cli.fit_outcome import finite
from gradwise.cli.outcome import write_document

if TYPE_CHECKING:
    from gradwise.baselines.results import Comparison, Entry

DIGITS = 4  # of a score


def render(made: Comparison, width: int = 80) -> str:
    """The table, the notes under it, and what is worth knowing of all."""
    lines = _table(made)
    for entry in made.entries:
        if entry.notes:
            lines += textwrap.wrap(f"{entry.name}: {'; '.join(entry.notes)}", width, subsequent_indent="  ")
    for note in made.notes:
        lines += textwrap.wrap(note, width, subsequent_indent="  ")
    lines += textwrap.wrap(_told(made), width, subsequent_indent="  ")
    return "\n".join(lines) + "\n"


def _table(made: Comparison) -> list[str]:
    title = made.metric + ("" if made.rises else " (less is better)")
    beside = made.run.get("name", "")
    head = ["model", title, "95 % interval", "beside the best", "folds", "seconds", "settings"]
    rows = [_cells(entry, made) for entry in made.entries]
    if beside:
        head.insert(4, "on the run's rows")
        rows = [
            [*row[:4], _number(entry.on_run), *row[4:]] for row, entry in zip(rows, made.entries, strict=True)
        ]
        rows.append([beside, "", "", "", _number(made.run["score"]), "", "", ""])
    table = [head, *rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(head))]
    right = {at for at, name in enumerate(head) if name in (title, "folds", "seconds", "on the run's rows")}
    return [
        "  ".join(
            cell.rjust(widths[at]) if at in right else cell.ljust(widths[at]) for at, cell in enumerate(row)
        ).rstrip()
        for row in table
    ]


def _cells(entry: Entry, made: Comparison) -> list[str]:
    interval = "" if math.isnan(entry.low) else f"{_number(entry.low)} to {_number(entry.high)}"
    beside = entry.beside if math.isnan(entry.p) else f"{entry.beside} (p {_p(entry.p)})"
    done = str(entry.done) if entry.done == made.folds else f"{entry.done}/{made.folds}"
    return [entry.name, _number(entry.mean), interval, beside, done, f"{entry.seconds:.1f}", settings(entry)]


def settings(entry: Entry) -> str:
    """The setting chosen most often; what the name says already is not said again."""
    return ", ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in entry.usual.items()
        if name != "kernel"
    )


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.{DIGITS}f}" if abs(value) < 1000 else f"{value:.{DIGITS + 2}g}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.2g}"


def _told(made: Comparison) -> str:
    """One line on what the numbers are."""
    how = "interrupted; " if made.interrupted else ""
    return (
        f"{how}{made.rows:,} rows, {made.folds} folds, {made.seconds:.0f} s; settings are searched within "
        "the training rows; intervals and p by the corrected resampled t test, p for the number of models"
    )


def document(made: Comparison) -> dict[str, Any]:
    """For JSON, null for what is not known."""
    result: dict[str, Any] = finite({"schema": 1, **made.as_dict()})
    return result


def show_json(made: Comparison, file: Path) -> None:
    """Write the comparison to a file, or to standard output for ``-``.

    Raises:
        UsageError: the file cannot be written.
    """
    write_document(document(made), file)
