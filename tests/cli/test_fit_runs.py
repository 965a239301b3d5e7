"""`gradwise fit --runs`, as a user types it."""

import json

import polars as pl
import pytest

from tests.cli.as_typed import gradwise, write_iris


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return write_iris(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def fitted(place):
    return gradwise(
        "fit", "iris.csv", "--target", "kind", "--epochs", 20, "--rate", 0.02, "--runs", 3, "--out", "run",
        "--json", "out.json", cwd=place,
    )  # fmt: skip


def test_mean_and_interval_are_shown_with_what_they_do_not_cover(fitted, place):
    assert fitted.returncode == 0, fitted.stderr
    document = json.loads((place / "out.json").read_text())
    spread = document["verdict"]["runs"]["valid"]["accuracy"]
    assert f"accuracy {spread['mean']:.4g} ± {spread['half']:.2g} over 3 seeds" in fitted.stderr
    for word in (
        "95 % interval of the mean",
        "the interval tells of seeds alone",
        "together",
        "3 steps of one",
    ):
        assert word in fitted.stderr, word
    assert len(document["members"]) == 3
    assert document["verdict"]["score"] >= 0.8


def test_the_ensemble_predicts(fitted, place):
    done = gradwise("predict", "run", "iris.csv", "-p", cwd=place)
    assert done.returncode == 0, done.stderr
    (place / "p.csv").write_text(done.stdout)
    table = pl.read_csv(place / "p.csv")
    assert (table["kind"] == pl.read_csv(place / "iris.csv")["kind"]).mean() > 0.8


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["--runs", 0], "--runs takes a number from 1 to 1000, not 0"),
        (["--runs", 2, "--together", "yes", "--schedule", "plateau"], "--together yes cannot be: plateau"),
    ],
)
def test_what_cannot_be_is_one_sentence(given, why, place):
    done = gradwise(
        "fit", "iris.csv", "-t", "kind", "--rate", 0.01, "--epochs", 2, *given, "--out", "no", cwd=place
    )
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert not (place / "no").exists()
