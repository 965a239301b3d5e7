"""Every family's smallest net on real data for a fixed time by `gradwise.fit`, the doctor on: nothing may be broken.

    python -m benchmarks.nets                          everything; writes RESULTS.md
    python -m benchmarks.nets --only lstm,cifar10      rows by their net, data or name
    python -m benchmarks.nets --quick                  three seconds each, to see that all runs

Each row is fitted in a process of its own.  0 is returned only when every row was measured and the doctor found
nothing of the group ``broken``; 2 when data is missing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.fit.__main__ import machine
from benchmarks.fit.fetch import DataMissingError
from benchmarks.nets.cell import Result
from benchmarks.nets.data import files
from benchmarks.nets.rows import Row, chosen, faults
from benchmarks.nets.table import Line, judged, markdown, shown

SECONDS, QUICK_SECONDS = 60.0, 3.0  # of training, for each row
HANGS = 900.0  # seconds beyond ten times the budget after which a row is given up
RESULTS = Path(__file__).with_name("RESULTS.md")


def measure(rows: Sequence[Row], seconds: float, kept: Path | None = None) -> list[Line]:
    """Every row in its own process, in turn; a line on stderr for each, all so far in ``kept``."""
    lines: list[Line] = []
    try:
        for row in rows:
            lines.append(_measured(row, seconds))
            told = lines[-1].result
            print(f"{row.name:30} {shown(told) if told else lines[-1].note}", file=sys.stderr, flush=True)
            if kept is not None:
                kept.write_text(json.dumps(_data(lines, seconds), indent=1) + "\n", encoding="utf-8")
    except KeyboardInterrupt:
        print("stopped; this is what was measured", file=sys.stderr)
        lines += [Line(row, note="not measured") for row in rows[len(lines) :]]
    return lines


def _measured(row: Row, seconds: float) -> Line:
    command = [sys.executable, "-m", "benchmarks.nets.cell", row.name, "--seconds", str(seconds)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=10 * seconds + HANGS
        )
    except subprocess.TimeoutExpired:
        return Line(row, note="gave no result in time")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return Line(row, note=f"failed: {last[:200]}".replace("|", "/"))
    return Line(row, Result(**json.loads(done.stdout.splitlines()[-1])))


def _data(lines: Sequence[Line], seconds: float) -> dict[str, Any]:
    rows = [
        {"row": line.row.name, "note": line.note, "result": line.result and asdict(line.result)}
        for line in lines
    ]
    return {"machine": machine("cpu"), "seconds": seconds, "rows": rows}


def _written(lines: Sequence[Line], seconds: float) -> str:
    about = "; ".join(f"{name} {value}" for name, value in machine("cpu").items())
    args = "" if seconds == SECONDS else f' NETS_ARGS="--seconds {seconds:g}"'
    return (
        f"# Nets on real data: what was measured\n\n`make bench-nets{args}`, {seconds:g} seconds of training for "
        f"each row, {datetime.now().date()}. {about[0].upper()}{about[1:]}.\n\n{markdown(lines)}\n\n{judged(lines)}.\n"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.nets",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default="", help="rows by name, net or data set, by commas")
    parser.add_argument(
        "--seconds", type=float, default=None, help=f"of training, for each row ({SECONDS:g})"
    )
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SECONDS:g} seconds each")
    parser.add_argument("--json", type=Path, default=None, help="every result as data")
    options = parser.parse_args()
    try:
        options.rows = chosen([word.strip() for word in options.only.split(",") if word.strip()])
    except ValueError as error:
        parser.error(str(error))
    if options.seconds is None:
        options.seconds = QUICK_SECONDS if options.quick else SECONDS
    if options.seconds <= 0:
        parser.error(f"--seconds takes a number above 0, not {options.seconds:g}")
    return options


def main() -> int:
    """Measure, print the table; 0 when the bar holds, 2 when data is missing."""
    options = _options()
    missing = faults()
    for fault in missing:
        print(fault, file=sys.stderr)
    try:
        for name in dict.fromkeys(row.data for row in options.rows):
            files(name)
    except DataMissingError as error:
        print(error, file=sys.stderr)
        return 2
    lines = measure(options.rows, options.seconds, options.json)
    print(markdown(lines) + "\n\n" + judged(lines))
    if not (options.only or options.quick):
        RESULTS.write_text(_written(lines, options.seconds), encoding="utf-8")
    return 0 if not missing and all(line.holds for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
