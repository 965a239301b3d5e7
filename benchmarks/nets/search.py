"""Does a search of five minutes find settings better than the default?  Two real tables, measured on other rows.

    python -m benchmarks.nets.search            3 seeds of 5 minutes for each set
    python -m benchmarks.nets.search --quick    one seed of 20 seconds each: does all run?

Every seed parts the rows anew (three fifths to learn from, a fifth to choose by, a fifth to test on) and searches the
default space; winner and default are then trained with five fresh seeds and scored on the test rows, which no trial
saw.  A gain is the mean over the fresh seeds; the interval is Student's over the searches, 95 %.  0 is returned only
when the search is better than the default on both sets.

`satellite` is Satellite of Debian's r-cran-mlbench (6,435 rows, 36 numbers, 6 classes), `vowel` its Vowel (990 rows,
10 numbers, 11 classes).
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.fit.fetch import DataMissingError, fetch
from benchmarks.imbalance.rda import read_frame
from benchmarks.imbalance.sets import PLACE
from gradwise.fitting.spread import Spread
from gradwise.search import SearchListener, SearchOutcome, search

SETS = {"satellite": ("Satellite", "classes", 6_435), "vowel": ("Vowel", "Class", 990)}
SECONDS, QUICK_SECONDS = 300.0, 20.0
FRESH = 5  # seeds of winner and default


class Counting(SearchListener):
    """A line for each search that is over would come late; this one moves on standard error."""

    def trial_ended(self, news, standing) -> None:
        best = "none" if standing.best is None else f"{standing.best.value:.4f}"
        print(f"\r  {standing.done} trials, best {best} ", end="", file=sys.stderr, flush=True)


def write(name: str, folder: Path) -> Path:
    """The set as a csv."""
    frame, target, rows = SETS[name]
    file = folder / f"{name}.csv"
    if file.exists():
        return file
    with tempfile.TemporaryDirectory() as opened:
        try:
            subprocess.run(["dpkg-deb", "-x", str(fetch("mlbench")), opened], check=True)
        except FileNotFoundError as error:
            raise DataMissingError(
                "the package of this data is opened by dpkg-deb, which is not here."
            ) from error
        columns = read_frame(Path(opened) / PLACE / f"{frame}.rda")
    words = columns.pop(target)
    if len(words) != rows:
        raise DataMissingError(f"{name}: {len(words)} rows read, {rows} expected; fetch it anew.")
    numbers = {column: np.asarray(values, np.float32) for column, values in columns.items()}
    pl.DataFrame({**numbers, "y": [str(word) for word in words]}).write_csv(file)
    return file


@contextlib.contextmanager
def within(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def measure(name: str, seed: int, seconds: float, fresh: int, threads: int | None) -> SearchOutcome:
    """One search, confirmed in any case, also where time is up."""
    with tempfile.TemporaryDirectory() as folder, within(Path(folder)):
        file = write(name, Path(folder))
        given = {} if threads is None else {"threads": threads}
        return search(
            file, "y", seconds=seconds, confirm=fresh, seed=seed, objective="accuracy", test=0.2,
            listener=Counting(), **given,
        )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one seed of 20 seconds each")
    parser.add_argument("--only", default="", help="sets, with commas")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    sets = [name for name in SETS if not options.only or name in options.only.split(",")]
    seeds, seconds = (1, QUICK_SECONDS) if options.quick else (options.seeds, options.seconds)
    good = bool(sets)
    print(
        "| set | search seed | trials | default | winner | gain | in this search ± |\n|---|---|---|---|---|---|---|"
    )
    for name in sets:
        gains = []
        for seed in range(seeds):
            try:
                outcome = measure(name, seed, seconds, 2 if options.quick else FRESH, options.threads)
            except DataMissingError as error:
                print(error, file=sys.stderr)
                return 2
            found, trials = outcome.confirmation, len(outcome.trials)
            gains.append(0.0 if found is None else found.gain)  # the default won: nothing gained
            numbers = (
                "the default won | | 0 | "
                if found is None
                else f"{np.mean(found.default):.4f} | {np.mean(found.winner):.4f} | {found.gain:+.4f} | {found.half:.4f}"
            )
            print(f"\r| {name} | {seed} | {trials} | {numbers} |", flush=True)
        spread = Spread.of(gains)
        print(f"\n{name}: gain {spread}, accuracy on test rows\n", flush=True)
        good = good and not math.isnan(spread.half) and spread.mean > spread.half
    return 0 if options.quick or good else 1


if __name__ == "__main__":
    sys.exit(main())
