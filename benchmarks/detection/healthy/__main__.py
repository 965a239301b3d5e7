"""Measure every healthy script again: does it still learn, and is the manifest true?

    python -m benchmarks.detection.healthy                 measure and compare with the manifest
    python -m benchmarks.detection.healthy --write         measure and write the values into the manifest
    python -m benchmarks.detection.healthy --only gan      those whose name holds "gan"

A script is healthy when under every seed its metric beats the trivial one
clearly.  Exits with 1 when one does not, 2 when no name fits.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MANIFEST = HERE / "manifest.toml"
# Seeds per script: a draw in which a method fails must have a chance to show.
SEEDS = 3
# Share of the larger of metric and trivial metric by which every run must beat the trivial one (ours).
CLEAR_GAIN = 0.05
# Relative difference between two measurements of one seed that other builds of torch explain (ours).
SAME_VALUE = 0.25
# Seconds after which a script counts as hung; the slowest needs a tenth of it.
SCRIPT_SECONDS = 180


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(argv)
    text = MANIFEST.read_text("utf-8")
    entries = [e for e in tomllib.loads(text)["script"] if options.only in e["script"]]
    if not entries:
        print(
            f"no healthy script's name holds {options.only!r}; the names are in {MANIFEST.name}",
            file=sys.stderr,
        )
        return 2
    failed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for entry, values in zip(entries, pool.map(measure, entries), strict=True):
            worst = min(gain(entry, value) for value in values)
            moved = not options.write and _moved(entry["values"], values)
            failed += worst < CLEAR_GAIN or moved
            mark = "ok  " if worst >= CLEAR_GAIN and not moved else "FAIL"
            print(
                f"{mark} {entry['script']:36s} {_listed(values)} trivial {entry['trivial']:g} gain {worst:.0%}",
                flush=True,
            )
            text = _with_values(text, entry["script"], values)
    if options.write:
        MANIFEST.write_text(text, "utf-8")
    return 1 if failed else 0


def measure(entry: Mapping[str, Any]) -> list[float]:
    """The metric of one script under seeds 0, 1, 2.

    Raises:
        RuntimeError: the script failed or printed no metric.
    """
    return [_value(entry, seed) for seed in range(SEEDS)]


def gain(entry: Mapping[str, Any], value: float) -> float:
    """How much better a metric is than the trivial one, as a share of the larger of the two.

    >>> gain({"better": "max", "trivial": 0.5}, 1.0)
    0.5
    >>> gain({"better": "min", "trivial": 2.0}, 0.5)
    0.75
    """
    sign = 1.0 if entry["better"] == "max" else -1.0
    scale = max(abs(value), abs(entry["trivial"])) or 1.0
    return sign * (value - float(entry["trivial"])) / scale


def _value(entry: Mapping[str, Any], seed: int) -> float:
    script = HERE / f"{entry['script']}.py"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, str(script), "--seed", str(seed)],
            env=os.environ | {"SEED": str(seed), "OMP_NUM_THREADS": "1"},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SCRIPT_SECONDS,
            check=False,
        )
    found = re.findall(entry["metric"], done.stdout)
    if done.returncode or not found:
        raise RuntimeError(f"{script.name} with seed {seed} printed no metric: {done.stderr[-500:]}")
    return float(found[-1])


def _moved(before: Sequence[float], after: Sequence[float]) -> bool:
    old, new = statistics.median(before), statistics.median(after)
    return abs(old - new) > SAME_VALUE * max(abs(old), abs(new))


def _with_values(text: str, name: str, values: Sequence[float]) -> str:
    pattern = rf'(script = "{re.escape(name)}"\n(?:(?!\[\[).*\n)*?)values = .*'
    return re.sub(pattern, lambda match: f"{match.group(1)}values = {_listed(values)}", text)


def _listed(values: Sequence[float]) -> str:
    return "[" + ", ".join(repr(float(f"{value:.4g}")) for value in values) + "]"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.healthy")
    parser.add_argument("--only", default="", help="only scripts whose name holds this")
    parser.add_argument("--jobs", type=int, default=2, help="scripts measured side by side")
    parser.add_argument("--write", action="store_true", help="write the values into the manifest")
    return parser


if __name__ == "__main__":
    sys.exit(main())
