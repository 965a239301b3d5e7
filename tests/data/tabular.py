"""Small real tables, written as files."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from sklearn import datasets

SETS = {
    "iris": (datasets.load_iris, 150, "classes"),
    "wine": (datasets.load_wine, 178, "classes"),
    "breast_cancer": (datasets.load_breast_cancer, 569, "classes"),
    "diabetes": (datasets.load_diabetes, 442, "numbers"),
}


def real_frame(name: str) -> pl.DataFrame:
    """One of scikit-learn's bundled sets, its target last."""
    bunch = SETS[name][0]()
    frame = pl.DataFrame(bunch.data, schema=[str(column) for column in bunch.feature_names])
    return frame.with_columns(pl.Series("target", bunch.target))


def write_text(folder: Path, text: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
