"""Real tables as files, made once."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn import datasets


def write_table(name: str, path: Path) -> Path:
    """One of scikit-learn's bundled sets as a csv."""
    bunch = getattr(datasets, f"load_{name}")()
    columns = {str(column): bunch.data[:, at] for at, column in enumerate(bunch.feature_names)}
    target = bunch.target
    if hasattr(bunch, "target_names") and name != "diabetes":
        target = np.asarray([str(word) for word in bunch.target_names])[target]
    pl.DataFrame({**columns, "y": target}).write_csv(path)
    return path


@pytest.fixture(scope="session")
def iris(tmp_path_factory):
    return write_table("iris", tmp_path_factory.mktemp("data") / "iris.csv")


@pytest.fixture(scope="session")
def diabetes(tmp_path_factory):
    return write_table("diabetes", tmp_path_factory.mktemp("data") / "diabetes.csv")


@pytest.fixture(scope="session")
def cancer(tmp_path_factory):
    return write_table("breast_cancer", tmp_path_factory.mktemp("data") / "cancer.csv")
