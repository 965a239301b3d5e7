"""The sweep as text: every constant at every factor, and those that stand close to a miss or an alarm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.calibration.counting import Row, distance

NEAR = 1.25  # a threshold that moves something within this factor is worth a second look
MOVES = """\
Every number that a rule's own module declares was multiplied by 0.5, 0.8, 1.25 and 2 (counts rounded), and all kept
runs of the calibration split judged again. The table has the constants of which a fifth or a quarter already changes
a hit or an alarm; the whole sweep and its plots are in the output folder."""


def sweep_page(rows: Sequence[Row]) -> str:
    """Every constant at every factor: hits and alarms."""
    parts = [
        "# Sweep of all thresholds",
        "",
        "Hits / alarms with the value that stands above; `!` where the rule raises on a run.",
    ]
    for rule in dict.fromkeys(row.rule for row in rows):
        mine = [row for row in rows if row.rule == rule]
        parts += ["", f"## {rule}", ""]
        parts.append(f"{mine[0].planted} runs with it planted, {mine[0].quiet} healthy ones.")
        for row in mine:
            parts += ["", f"### {row.constant}", ""]
            parts.append("| " + " | ".join(f"×{cell.factor:g}: {cell.value:g}" for cell in row.cells) + " |")
            parts.append("|---" * len(row.cells) + "|")
            cells = (f"{cell.hits} / {cell.alarms}{' !' if cell.raised else ''}" for cell in row.cells)
            parts.append("| " + " | ".join(cells) + " |")
    return "\n".join(parts) + "\n"


def threshold_lines(rows: Sequence[Row]) -> Iterator[str]:
    """What the sweep says in short, with a table of the constants that a fifth or a quarter moves too far."""
    if not rows:
        yield "Not moved in this run."
        return
    yield MOVES
    yield ""
    moving = [row for row in rows if row.first_miss is not None or row.first_alarm is not None]
    unplanted = sum(row.planted == 0 for row in rows)
    yield (
        f"Of {len(rows)} constants {len(moving)} change a hit or an alarm somewhere between half and twice their "
        f"value; on the others this corpus says nothing but that they may stay ({unplanted} of all belong to rules "
        "that no judged run has planted)."
    )
    near = [row for row in moving if _nearest(row) <= NEAR]
    if not near:
        return
    yield ""
    yield "| rule | constant | value | hits | alarms | misses at | hits there | alarms more at | alarms there |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in near:
        yield _near_row(row)


def _near_row(row: Row) -> str:
    cells = [row.rule, f"`{row.constant}`", f"{row.shipped.value:g}"]
    cells += [f"{row.shipped.hits} of {row.planted}", f"{row.shipped.alarms} of {row.quiet}"]
    by_factor = {cell.factor: cell for cell in row.cells}
    miss, alarm = row.first_miss, row.first_alarm
    cells += ["–", "–"] if miss is None else [f"×{miss:g}", f"{by_factor[miss].hits}"]
    cells += ["–", "–"] if alarm is None else [f"×{alarm:g}", f"{by_factor[alarm].alarms}"]
    return "| " + " | ".join(cells) + " |"


def _nearest(row: Row) -> float:
    found = [distance(factor) for factor in (row.first_miss, row.first_alarm) if factor is not None]
    return min(found, default=float("inf"))
