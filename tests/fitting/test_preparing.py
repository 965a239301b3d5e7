"""From files to arrays: what the record keeps, what does not matter to the result, how long it took."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_digits

import gradwise
from gradwise.data import image_files, memory
from gradwise.data.series import SeriesSource
from gradwise.fitting.fit import fit, rerun
from gradwise.fitting.listener import Listener
from gradwise.fitting.timing import PARTS
from tests.data.pictures import digit_folder

SETTINGS = {"epochs": 2, "rate": 0.01, "doctor": False, "threads": 1, "precision": "float32"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return digit_folder(tmp_path_factory.mktemp("photos") / "digits", classes=3, each=30)


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Digits as rows of pixels in a cell, 0 and 1 to be told apart, and a number that says nothing."""
    path = tmp_path_factory.mktemp("scans") / "scans.csv"
    bunch = load_digits(n_class=2)
    cells = [" ".join(f"{value:g}" for value in row) for row in bunch.data]
    pl.DataFrame({"scan": cells, "noise": np.arange(len(cells)) % 7, "digit": bunch.target}).write_csv(path)
    return path


def weights(fitted):
    return fitted.network.model.state_dict()


def test_the_result_does_not_depend_on_how_many_read(photos, tmp_path, monkeypatch):
    """One decoding thread or eight, pixels in memory or in a file read ahead by a thread: the same bits."""
    made = []
    for name, readers, share in (("one", 1, 1.0), ("eight", 8, 1.0), ("file", 8, 0.0)):
        monkeypatch.setattr(image_files.os, "cpu_count", lambda readers=readers: readers)
        monkeypatch.setattr(image_files, "_AT_ONCE", 4)  # files per task: all threads get some
        monkeypatch.setattr(memory, "SHARE", share)
        made.append(fit(photos, out=tmp_path / name, seed=5, layout="contiguous", **SETTINGS))
    first, *others = (weights(fitted) for fitted in made)
    assert len({fitted.record.data["fingerprint"] for fitted in made}) == 1
    assert all(first[name].equal(other[name]) for other in others for name in first)
    assert "in a temporary file" in [choice["value"] for choice in made[2].record.choices]


def test_prediction_takes_the_image_size_of_the_fit(photos, tmp_path):
    fitted = fit(photos, out=tmp_path / "run", image_size=12, **SETTINGS)
    assert fitted.record.shape["height"] == 12
    assert {"name": "image-size", "value": "12×12"}.items() <= fitted.record.choices[0].items()
    network = gradwise.load(tmp_path / "run")
    assert network.encoder.transform(network.open(photos)).inputs["pixels"].shape[2:] == (12, 12)
    assert len(network.predict(photos)) == 90


def test_series_written_as_text_are_learnt_and_predicted(scans, tmp_path):
    fitted = fit(scans, "digit", out=tmp_path / "run", net="cnn1d", **SETTINGS | {"epochs": 6})
    assert fitted.record.data["options"]["series"] == ["scan"]
    assert fitted.verdict.learnt
    table = pl.read_csv(scans)
    # short lists beside another column would be no series by themselves: the record says that they are
    few = table.with_columns(scan=pl.col("scan").str.slice(0, 9)).head(5)
    few.drop("digit").write_csv(tmp_path / "new.csv")
    network = gradwise.load(tmp_path / "run")
    assert isinstance(network.open(tmp_path / "new.csv"), SeriesSource)
    assert len(network.predict(tmp_path / "new.csv")) == 5


def test_seconds_of_every_part_are_kept(iris, tmp_path):
    fitted = fit(iris, "y", out=tmp_path / "run", **SETTINGS)
    seconds = json.loads((tmp_path / "run" / "run.json").read_text())["seconds"]
    assert tuple(seconds) == PARTS and min(seconds.values()) >= 0 and seconds["train"] > 0
    again, differences = rerun(fitted.directory, out=tmp_path / "again", progress=Listener())
    assert differences == []
    assert "choose" not in again.record.seconds, "a rerun tries nothing again"
