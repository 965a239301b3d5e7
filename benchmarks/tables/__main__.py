"""Peak memory and time per part of ``gradwise fit`` on a csv of a million rows.

The csv is made in a temporary folder, then fitted for one epoch by an MLP in a process of its own, torch
and all.  The bar: the peak of that process (``ru_maxrss``) stays under four times the size of the csv.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

BAR = 4.0  # times the size of the csv


def main() -> int:
    """Make, fit, print; 0 when the bar holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--data", type=Path, help="a csv made before by benchmarks.tables.making")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    # No large import in this process: a child's peak begins with that of the process that made it.
    with tempfile.TemporaryDirectory(prefix="gradwise-tables-") as folder:
        data = options.data or Path(folder) / "table.csv"
        if options.data is None:
            making = ["benchmarks.tables.making", str(data), "--rows", str(options.rows)]
            _run([*making, "--columns", str(options.columns)])
        run = Path(folder) / "run"
        words = ["gradwise", "fit", str(data), "--target", "y", "--net", "mlp", "--quiet"]
        seconds, peak = _run([*words, "--epochs", str(options.epochs), "--out", str(run)])
        record = json.loads((run / "run.json").read_text())
        size = data.stat().st_size
    ratio = peak / size
    epochs = len(record["history"])
    print(f"{record['data']['rows']:,} rows, {size / 1e6:.0f} MB of csv")
    for part, taken in record["seconds"].items():
        each = f"  ({taken / epochs:.1f} s an epoch)" if part == "train" else ""
        print(f"  {part:8} {taken:7.1f} s{each}")
    print(f"  {'whole':8} {seconds:7.1f} s, with the start of Python and torch")
    print(f"peak {peak / 1e6:.0f} MB, {ratio:.2f} times the csv, bar {BAR:g}: {_word(ratio)}")
    if options.json is not None:
        figures = {"csv_bytes": size, "peak_bytes": peak, "ratio": ratio, "seconds": record["seconds"]}
        options.json.write_text(json.dumps({**figures, "whole": seconds}, indent=2) + "\n")
    return 0 if ratio < BAR else 1


def _word(ratio: float) -> str:
    return "holds" if ratio < BAR else "MISSED"


def _run(module: list[str]) -> tuple[float, int]:
    """Run a module in a process of its own; seconds and peak bytes of resident memory."""
    begin = perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *module])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):  # 1: a fit that did not beat guessing
        sys.exit(f"{' '.join(module)} failed ({process.returncode})")
    unit = 1 if sys.platform == "darwin" else 1024
    return perf_counter() - begin, usage.ru_maxrss * unit


if __name__ == "__main__":
    sys.exit(main())
