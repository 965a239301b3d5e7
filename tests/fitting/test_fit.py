"""From a file to a network: the whole way, on real tables."""

import json

import numpy as np
import polars as pl
import pytest
import torch

import gradwise
from gradwise.errors import TraceError, UsageError
from gradwise.fitting.fit import fit, fit_data, rerun, resume_fit
from gradwise.fitting.listener import Listener
from gradwise.fitting.network import load
from gradwise.fitting.record import Record
from gradwise.train.config import FitConfig


class Heard(Listener):
    def __init__(self):
        self.choices, self.epochs, self.lines, self.findings = {}, [], [], []

    def read(self, lines):
        self.lines += lines

    def chose(self, choice):
        assert choice.reason, choice
        self.choices[choice.name] = choice.value

    def finished_epoch(self, news):
        self.epochs.append(news)

    def found(self, names):
        self.findings += names


@pytest.fixture(scope="module")
def fitted(iris, tmp_path_factory):
    heard = Heard()
    out = tmp_path_factory.mktemp("runs") / "iris"
    result = fit(iris, "y", out=out, epochs=60, rate=0.01, listener=heard)
    return result, heard


def test_it_learns_and_says_so(fitted):
    result, heard = fitted
    assert result.verdict.learnt
    assert result.verdict.score >= 0.9
    assert result.verdict.trivial == pytest.approx(1 / 3, abs=0.04)
    assert result.verdict.linear >= 0.85
    assert len(heard.epochs) == len(result.record.history)
    assert {"net", "width", "batch-size", "optimizer", "schedule", "split"} <= set(heard.choices)
    assert "rate" not in heard.choices, "a setting that was given is no choice"


def test_the_run_directory_holds_everything(fitted):
    directory = fitted[0].directory
    document = json.loads((directory / "run.json").read_text())
    assert document["schema"] == 1
    assert document["status"] == "finished"
    assert document["data"]["rows"] == 150
    assert document["recipe"]["rate"] == 0.01
    assert document["config"] == {"epochs": 60, "rate": 0.01}
    assert document["versions"]["torch"] == torch.__version__.split("+")[0] or document["versions"]["torch"]
    assert (directory / "model.safetensors").stat().st_size > 100
    assert (directory / "trace.sqlite").exists()


def test_predictions_are_those_of_the_trained_model(fitted, iris):
    network = gradwise.load(fitted[0].directory)
    table = pl.read_csv(iris)
    guessed = network.predict(iris)
    assert set(guessed) <= set(table["y"])
    accuracy = float(np.mean(guessed == table["y"].to_numpy()))
    assert accuracy >= 0.93
    assert network.evaluate(iris).metrics["accuracy"] == pytest.approx(accuracy)
    probabilities = network.outputs(network.open(iris))
    assert probabilities.shape == (150, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_prediction_needs_no_target_and_ignores_other_columns(fitted, iris, tmp_path):
    network = load(fitted[0].directory)
    changed = tmp_path / "new.csv"
    pl.read_csv(iris).drop("y").with_columns(pl.lit("x").alias("note")).write_csv(changed)
    assert list(network.predict(changed)) == list(network.predict(iris))


def test_prediction_names_a_missing_column(fitted, iris, tmp_path):
    network = load(fitted[0].directory)
    changed = tmp_path / "short.csv"
    pl.read_csv(iris).drop("petal width (cm)").write_csv(changed)
    with pytest.raises(UsageError, match="petal width"):
        network.predict(changed)


def test_a_second_run_gives_the_same_weights(fitted, tmp_path):
    again, differences = rerun(fitted[0].directory, out=tmp_path / "again", progress=Listener())
    assert differences == []
    assert again.verdict == fitted[0].verdict


def test_another_seed_gives_other_weights(iris, tmp_path):
    runs = [fit(iris, "y", out=tmp_path / str(seed), epochs=2, rate=0.01, seed=seed) for seed in (1, 2)]
    first, second = (run.network.model.state_dict() for run in runs)
    assert any(not first[name].equal(second[name]) for name in first)


def test_watching_changes_nothing(iris, tmp_path):
    runs = [fit(iris, "y", out=tmp_path / str(on), epochs=5, rate=0.01, doctor=on) for on in (True, False)]
    first, second = (run.network.model.state_dict() for run in runs)
    assert all(first[name].equal(second[name]) for name in first)
    assert runs[0].watched
    assert not runs[1].watched


def test_numbers_come_out_in_their_own_units(diabetes, tmp_path):
    result = fit(diabetes, "y", out=tmp_path / "run", epochs=40, rate=0.01, width=32)
    assert result.verdict.metric == "r2"
    assert result.verdict.score > 0.3
    truth = pl.read_csv(diabetes)["y"].to_numpy()
    guess = result.network.predict(diabetes)[:, 0]
    assert abs(guess.mean() - truth.mean()) < 0.1 * truth.mean()
    assert np.corrcoef(guess, truth)[0, 1] > 0.6


def test_a_fit_that_cannot_learn_is_told(iris, tmp_path):
    table = pl.read_csv(iris)
    shuffled = table.with_columns(table["y"].shuffle(seed=1))
    shuffled.write_csv(tmp_path / "noise.csv")
    result = fit(tmp_path / "noise.csv", "y", out=tmp_path / "run", epochs=10, rate=0.001)
    assert not result.verdict.learnt


def test_rows_for_a_test_are_scored_apart(cancer, tmp_path):
    result = fit(cancer, "y", out=tmp_path / "run", epochs=10, rate=0.01, test=0.2)
    assert result.record.split == {"train": 343, "valid": 113, "test": 113}
    assert result.record.verdict["test"]["accuracy"] > 0.85


def test_an_interrupted_fit_goes_on_to_the_same_weights(iris, tmp_path):
    settings = {"epochs": 12, "rate": 0.01}
    whole = fit(iris, "y", out=tmp_path / "whole", **settings)

    class Impatient(Listener):
        def finished_epoch(self, news):
            if news.epoch == 5:
                import os
                import signal

                os.kill(os.getpid(), signal.SIGINT)

    cut = fit(iris, "y", out=tmp_path / "cut", listener=Impatient(), **settings)
    assert cut.record.status == "interrupted"
    assert len(cut.record.history) in (5, 6)
    assert cut.network is not None, "what was learnt is kept"
    resumed = resume_fit(tmp_path / "cut", progress=Listener())
    assert resumed.record.status == "finished"
    one, other = whole.network.model.state_dict(), resumed.network.model.state_dict()
    assert all(one[name].equal(other[name]) for name in one)
    assert [row["valid_loss"] for row in resumed.record.history] == [
        row["valid_loss"] for row in whole.record.history
    ]


def test_findings_before_an_interruption_count_after_a_resume(iris, tmp_path):
    class Impatient(Listener):
        def finished_epoch(self, news):
            if news.epoch == 38:
                import os
                import signal

                os.kill(os.getpid(), signal.SIGINT)

    settings = {"epochs": 40, "rate": 30.0, "optimizer": "sgd", "schedule": "constant", "patience": 0}
    cut = fit(iris, "y", out=tmp_path / "cut", listener=Impatient(), **settings)
    before = {item["rule"] for item in cut.record.verdict["findings"]}
    assert before, "a rate of 30 is seen"
    resumed = resume_fit(tmp_path / "cut", progress=Listener())
    assert (tmp_path / "cut" / "part-2" / "trace.sqlite").is_file()
    assert before <= {item["rule"] for item in resumed.record.verdict["findings"]}


def test_changed_data_is_not_resumed(iris, tmp_path):
    data = tmp_path / "data.csv"
    data.write_bytes(iris.read_bytes())
    result = fit(data, "y", out=tmp_path / "run", epochs=2, rate=0.01)
    result.record.status = "interrupted"
    result.record.write(result.directory)
    pl.read_csv(data).head(100).write_csv(data)
    with pytest.raises(UsageError, match="has changed"):
        resume_fit(result.directory, progress=Listener())


def test_a_used_directory_is_refused_before_anything_is_read(fitted):
    with pytest.raises(UsageError, match="already holds a fit"):
        fit("no-such-file.csv", "y", out=fitted[0].directory)


def test_a_failed_choice_leaves_no_directory(iris, tmp_path):
    with pytest.raises(UsageError, match="lstm"):
        fit(iris, "y", out=tmp_path / "run", net="lstm")
    assert not (tmp_path / "run").exists()


def test_a_finished_fit_is_not_resumed(fitted):
    with pytest.raises(UsageError, match="is finished"):
        resume_fit(fitted[0].directory, progress=Listener())


def test_a_table_needs_a_target(iris, tmp_path):
    with pytest.raises(UsageError, match="target"):
        fit_data(
            [str(iris)], target=None, reading={}, config=FitConfig(), out=tmp_path / "x", progress=Listener()
        )


def test_an_unfinished_network_is_not_loaded(tmp_path):
    with pytest.raises(TraceError, match="no fitted network"):
        load(tmp_path)
    Record(data={}, config={}).write(tmp_path)
    with pytest.raises(TraceError, match="--resume"):
        load(tmp_path)


def test_labels_in_the_cells_of_one_column_are_evaluated_from_python(tmp_path):
    draw = np.random.default_rng(0).random((120, 2))
    lines = [
        f"{a},{b},{';'.join(word for word, true in (('red', a > 0.5), ('blue', b > 0.5)) if true)}"
        for a, b in draw
    ]
    (tmp_path / "tags.csv").write_text("a,b,tags\n" + "\n".join(lines) + "\n")
    fitted = gradwise.fit(
        tmp_path / "tags.csv", "tags", task="labels", epochs=15, rate=0.02, doctor=False, out=tmp_path / "run"
    )
    network = gradwise.load(fitted.directory)
    scores = network.evaluate(tmp_path / "tags.csv")
    assert network.predict(tmp_path / "tags.csv").shape == (120, 2)
    assert scores.metrics["accuracy"] > 0.8
