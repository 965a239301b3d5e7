"""A large csv with the digits that real tables have: measurements, prices, counts, shares, some words."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

BLOCK = 50_000  # rows made at once
WORDS = (2, 7, 12, 30, 60)  # different words of the columns of words
DECIMALS = (2, 3, 4, 5)  # of the columns of numbers, by turns


def block(rows: int, columns: int, seed: int) -> pl.DataFrame:
    """``columns`` columns of ``rows`` rows, the target ``y`` last; it depends on four of the others."""
    random = np.random.default_rng(seed)
    width = columns - len(WORDS) - 1
    numbers = random.normal(size=(rows, width))
    codes = [random.integers(0, size, rows) for size in WORDS]
    logit = numbers[:, 0] - numbers[:, 1] + numbers[:, 2] * numbers[:, 3] + 0.3 * (codes[1] - 3)
    frame = {f"x{at}": _scaled(numbers[:, at], at) for at in range(width)}
    words = {f"w{at}": np.char.add("kind", code.astype(str)) for at, code in enumerate(codes)}
    y = np.where(logit + random.logistic(size=rows) > 0, "yes", "no")
    return pl.DataFrame({**frame, **words, "y": y})


def _scaled(values: np.ndarray, at: int) -> np.ndarray:
    """Some columns small, some large, some whole numbers, one in twenty with gaps."""
    if at % 10 == 9:
        return np.exp(values + 4).astype(np.int64)
    scaled = np.round(values * 10.0 ** (at % 3) + at, DECIMALS[at % len(DECIMALS)])
    return np.where(values > 1.5, np.nan, scaled) if at % 20 == 5 else scaled


def write(path: Path, rows: int, columns: int) -> None:
    """The whole table, block by block."""
    with path.open("wb") as stream:
        for start in range(0, rows, BLOCK):
            frame = block(min(BLOCK, rows - start), columns, start)
            frame.fill_nan(None).write_csv(stream, include_header=start == 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables.making", description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    given = parser.parse_args()
    write(given.path, given.rows, given.columns)
