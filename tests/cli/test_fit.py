"""`gradwise fit`, `predict`, `evaluate`, `rerun`, `export` as a user types them."""

import json

import polars as pl
import pytest

from tests.cli.as_typed import gradwise, write_iris


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return write_iris(tmp_path_factory.mktemp("fit"))


@pytest.fixture(scope="module")
def fitted(place):
    return gradwise(
        "fit", "iris.csv", "--target", "kind", "--epochs", 40, "--out", "run", "--json", "out.json", cwd=place
    )


def test_it_says_what_it_chose_and_how_it_ended(fitted, place):
    assert fitted.returncode == 0, fitted.stderr
    assert fitted.stdout == ""
    for word in ("150 rows", "range test", "adamw", "learnt: accuracy", "gradwise predict run", "doctor"):
        assert word in fitted.stderr, word
    assert "\x1b[" not in fitted.stderr, "colour only on a terminal"
    document = json.loads((place / "out.json").read_text())
    assert document["schema"] == 1
    assert document["verdict"]["score"] > 0.8
    assert len(document["history"]) <= 40


def test_predictions_come_as_csv_in_the_order_of_the_rows(fitted, place):
    done = gradwise("predict", "run", "iris.csv", "--probabilities", cwd=place)
    assert done.returncode == 0, done.stderr
    (place / "p.csv").write_text(done.stdout)
    table = pl.read_csv(place / "p.csv")
    assert table.columns == ["kind", "p(setosa)", "p(versicolor)", "p(virginica)"]
    assert (table["kind"] == pl.read_csv(place / "iris.csv")["kind"]).mean() > 0.85


def test_scores_with_a_confusion_table(fitted, place):
    done = gradwise("evaluate", "run", "iris.csv", cwd=place)
    assert done.returncode == 0, done.stderr
    for word in ("accuracy", "calibration_error", "virginica", "precision", "truth \\ predicted"):
        assert word in done.stdout


def test_export_is_checked_against_the_original(fitted, place):
    done = gradwise("export", "run", "iris.pt2", "--check", "iris.csv", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "64 rows of the data" in done.stderr
    assert (place / "iris.pt2").stat().st_size > 1000


def test_a_rerun_gives_the_same_weights(fitted, place):
    done = gradwise("rerun", "run", "--out", "again", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "same to the last bit" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["fit"], "no data was given"),
        (["fit", "nothing.csv", "-t", "kind"], "nothing.csv"),
        (["fit", "iris.csv", "-t", "kin"], "did you mean 'kind'"),
        (["fit", "iris.csv", "-t", "kind", "--net", "mpl"], "did you mean 'mlp'"),
        (["fit", "iris.csv", "-t", "kind", "--rate", "-1"], "--rate"),
        (["fit", "iris.csv", "-t", "kind", "--config", "no.toml"], "no.toml"),
        (["fit", "iris.csv", "-t", "kind", "--out", "run"], "already holds a fit"),
        (["fit", "--resume", "run", "iris.csv"], "--resume"),
        (["fit", "--resume", "run"], "is finished"),
        (["predict", "iris.csv", "iris.csv"], "iris.csv"),
        (["predict", "run", "iris.csv", "--out", "x.txt"], ".parquet"),
        (["evaluate", "nowhere", "iris.csv"], "nowhere"),
        (["export", "run", "x.zip"], ".onnx"),
        (["rerun", "nowhere"], "nowhere"),
    ],
)
def test_wrong_use_is_one_clear_sentence(fitted, place, arguments, expected):
    done = gradwise(*arguments, cwd=place)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert expected in done.stderr.splitlines()[-1]


def test_settings_from_a_file_and_options_win(place):
    (place / "fit.toml").write_text('target = "kind"\nepochs = 3\nrate = 0.01\nnet = "mlp"\n')
    done = gradwise("fit", "iris.csv", "--config", "fit.toml", "--epochs", 2, "--out", "toml", cwd=place)
    assert done.returncode in (0, 1), done.stderr
    document = json.loads((place / "toml" / "run.json").read_text())
    assert document["config"] == {"epochs": 2, "rate": 0.01, "net": "mlp"}
    assert len(document["history"]) == 2
