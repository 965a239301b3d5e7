"""Two real sets with rare classes, from Debian's r-cran-mlbench."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.fit.fetch import DataMissingError, fetch
from benchmarks.imbalance.rda import read_frame

PLACE = "usr/lib/R/site-library/mlbench/data"
POSITIVE, SHARE = "H", 0.008  # the letter to be found, and of how many rows
TEST = 0.4  # of the rows; the rest is learnt from and validated on
ROWS = {"Shuttle": 58_000, "LetterRecognition": 20_000}


@dataclass(frozen=True)
class Rows:
    """(N, D) numbers and (N,) class ids."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    names: tuple[str, ...]

    def parted(self, seed: int) -> tuple[Rows, Rows]:
        """To learn from, and to test on: each class in the same shares."""
        random = np.random.default_rng((seed, 2))
        tested = np.zeros(len(self.y), bool)
        for place in range(len(self.names)):
            own = random.permutation(np.flatnonzero(self.y == place))
            tested[own[: round(TEST * len(own))]] = True
        return self._of(~tested), self._of(tested)

    def _of(self, rows: NDArray[np.bool_]) -> Rows:
        return Rows(self.x[rows], self.y[rows], self.names)


def shuttle() -> Rows:
    """Positions of radiators of the Space Shuttle: 9 numbers, 7 classes of 10 to 45,586 rows."""
    return _frame("Shuttle", "Class")


def letters(seed: int) -> Rows:
    """Is it an H?  16 numbers of printed letters; so many H that they are 0.8 % of the rows."""
    rows = _frame("LetterRecognition", "lettr")
    positive = rows.y == rows.names.index(POSITIVE)
    others = np.flatnonzero(~positive)
    count = round(len(others) * SHARE / (1 - SHARE))
    few = np.random.default_rng((seed, 1)).permutation(np.flatnonzero(positive))[:count]
    kept = np.sort(np.concatenate([others, few]))
    return Rows(rows.x[kept], positive[kept].astype(np.int64), ("other", POSITIVE))


def _frame(name: str, target: str) -> Rows:
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(["dpkg-deb", "-x", str(fetch("mlbench")), folder], check=True)
        except FileNotFoundError as error:
            raise DataMissingError(
                "the package of this data is opened by dpkg-deb, which is not here."
            ) from error
        columns = read_frame(Path(folder) / PLACE / f"{name}.rda")
    words = columns.pop(target)
    if len(words) != ROWS[name]:
        raise DataMissingError(f"{name}: {len(words)} rows read, {ROWS[name]} expected; fetch it anew.")
    names, ids = np.unique(words, return_inverse=True)
    return Rows(np.stack(list(columns.values()), axis=1).astype(np.float32), ids, tuple(names.tolist()))
