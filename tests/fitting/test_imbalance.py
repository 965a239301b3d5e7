"""Rare classes from the settings to the decisions: nothing leaks, all is told, kept and used again."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import f1_score
from typer.testing import CliRunner

from gradwise.cli.app import app
from gradwise.data.examples import Task
from gradwise.errors import UsageError
from gradwise.fitting.deciding import Decision, check_threshold, choose_threshold, class_ids, true_labels
from gradwise.fitting.fit import fit, rerun, resume_fit
from gradwise.fitting.listener import Listener
from gradwise.fitting.network import load
from gradwise.fitting.predictions import Predictions
from gradwise.fitting.preparing import prepare
from gradwise.fitting.record import Record
from gradwise.fitting.scores import score
from gradwise.train.config import FitConfig

QUICK = {"epochs": 4, "rate": 0.01, "threads": 1, "precision": "float32", "fused": "no", "doctor": False}
READING = {"target": ["kind"], "task": "auto"}


@pytest.fixture(scope="module")
def cancer(tmp_path_factory):
    """Breast cancer with 24 malignant among 357 benign."""
    path = tmp_path_factory.mktemp("data") / "cancer.csv"
    data = load_breast_cancer()
    rows = np.concatenate([np.flatnonzero(data.target == 0)[:24], np.flatnonzero(data.target == 1)])
    rows = np.random.default_rng(0).permutation(rows)
    columns = {str(name): data.data[rows, at] for at, name in enumerate(data.feature_names[:8])}
    kind = np.where(data.target[rows] == 0, "malignant", "benign")
    pl.DataFrame({**columns, "kind": kind}).write_csv(path)
    return path


def prepared(path, **settings):
    record = Record(data={"paths": [str(path)], "options": dict(READING)}, config={})
    return prepare(record, [str(path)], FitConfig.make({"test": 0.2, **settings}), Listener())


def rows_of(examples):
    return {tuple(row) for row in examples.inputs["numbers"].tolist()}


@pytest.mark.parametrize("name", ["over", "under", "smote", "borderline-smote", "adasyn"])
def test_neither_copies_nor_new_rows_reach_validation_or_test(cancer, name):
    plain, made = prepared(cancer).sets, prepared(cancer, resample=name).sets
    assert made.before is not None and len(made.train) != len(plain.train)
    for part in ("valid", "test", "original"):
        first, second = getattr(plain, part), getattr(made, part)
        assert np.array_equal(first.target, second.target)
        assert all(np.array_equal(first.inputs[key], second.inputs[key]) for key in first.inputs)
    assert len(made.valid) and len(made.test)
    assert not rows_of(made.train) & (rows_of(made.valid) | rows_of(made.test))


def test_what_is_made_depends_on_training_rows_alone(cancer, tmp_path):
    """Other values in the rows of validation and test change no row that is learnt from."""
    frame = pl.read_csv(cancer)
    plain = prepared(cancer, resample="smote")
    numbers = frame.drop("kind").to_numpy().copy()
    train = rows_of(plain.sets.original)
    source_rows = [
        at for at in range(frame.height) if tuple(_encoded(plain, cancer)[at].tolist()) not in train
    ]
    numbers[source_rows] *= 1.5
    other = tmp_path / "other.csv"
    columns = {name: numbers[:, at] for at, name in enumerate(frame.columns[:-1])}
    pl.DataFrame({**columns, "kind": frame["kind"]}).write_csv(other)
    changed = prepared(other, resample="smote")
    np.testing.assert_array_equal(changed.sets.train.inputs["numbers"], plain.sets.train.inputs["numbers"])
    assert not np.array_equal(changed.sets.valid.inputs["numbers"], plain.sets.valid.inputs["numbers"])


def _encoded(plain, path):
    from gradwise.data.opening import open_source

    return plain.encoder.transform(open_source(str(path), **READING)).inputs["numbers"]


@pytest.fixture(scope="module")
def resampled(cancer, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "smote"
    return fit(cancer, "kind", out=out, resample="smote", threshold="f1", valid=0.4, **QUICK)


def told(record, name):
    return next(choice for choice in record.choices if choice["name"] == name)


def test_it_is_told_and_kept(resampled):
    document = json.loads((resampled.directory / "run.json").read_text())
    assert document["config"]["resample"] == "smote" and document["split"]["train"] == 2 * 214
    assert document["imbalance"]["rows"] == [214, 14] and document["imbalance"]["learnt"] == [214, 214]
    assert "'malignant' 14 to 214" in told(resampled.record, "resample")["reason"]
    assert told(resampled.record, "class-weights")["value"] == "no"
    assert resampled.verdict.metric == "balanced_accuracy", "it is judged by the classes as they came"


def test_the_threshold_decides_wherever_the_network_does(resampled, cancer):
    network = load(resampled.directory)
    decision = network.decision
    assert decision == Decision.of(resampled.record.imbalance["threshold"]) and decision.positive == 1
    assert network.task.classes[1] == "malignant" and 0 < decision.at[0] < 1
    source = network.open(str(cancer), with_target=True)
    outputs, truth = network.outputs(source), pl.read_csv(cancer)["kind"].to_numpy()
    said = np.where(outputs[:, 1].astype(np.float64) > decision.at[0], "malignant", "benign")
    assert (network.predict(str(cancer)) == said).all()
    (frame,) = Predictions(network, network.open(str(cancer))).blocks()
    assert (frame["kind"].to_numpy() == said).all()
    scores = network.evaluate(source)
    assert scores.per_class[1]["f1"] == pytest.approx(f1_score(truth == "malignant", said == "malignant"))
    assert scores.metrics["accuracy"] == pytest.approx(np.mean(truth == said))
    assert scores.metrics["log_loss"] == score(network.task, outputs, _ids(truth)).metrics["log_loss"]


def _ids(truth):
    return (truth == "malignant").astype(np.int64)


def test_corrected_probabilities_are_truer(resampled, cancer):
    network = load(resampled.directory)
    outputs = network.outputs(network.open(str(cancer)))
    better = network.corrected(outputs)
    truth = pl.read_csv(cancer)["kind"].to_numpy() == "malignant"
    assert abs(better[:, 1].mean() - truth.mean()) < abs(outputs[:, 1].mean() - truth.mean())
    assert (np.argsort(better[:, 1]) == np.argsort(outputs[:, 1].astype(np.float64))).all()


def test_a_rerun_comes_to_the_same_bits_and_the_same_threshold(resampled, tmp_path):
    again, differences = rerun(resampled.directory, out=tmp_path / "again", progress=Listener())
    assert not differences and again.record.imbalance == resampled.record.imbalance
    assert [each["name"] for each in again.record.choices].count("threshold") == 1


class Impatient(Listener):
    """Interrupts within the second epoch."""

    def finished_epoch(self, news):
        if news.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("settings", [{"balanced_batches": True}, {"resample": "smote"}], ids=str)
def test_an_interrupted_fit_goes_on_to_the_same_bits(cancer, tmp_path, settings):
    settings = {**QUICK, **settings, "threshold": "balanced-accuracy"}
    whole = fit(cancer, "kind", out=tmp_path / "whole", **settings)
    cut = fit(cancer, "kind", out=tmp_path / "cut", listener=Impatient(), **settings)
    assert cut.record.status == "interrupted"
    resumed = resume_fit(tmp_path / "cut", progress=Listener())
    one, other = whole.network.model.state_dict(), resumed.network.model.state_dict()
    assert all(one[name].equal(other[name]) for name in one)
    assert resumed.record.imbalance == whole.record.imbalance
    assert [each["name"] for each in resumed.record.choices].count("threshold") == 1


def test_several_nets_together_learn_from_balanced_batches_too(cancer, tmp_path):
    apart, together = (
        fit(cancer, "kind", out=tmp_path / way, balanced_batches=True, runs=2, together=way, **QUICK)
        for way in ("no", "yes")
    )
    assert together.record.recipe["balanced"] and "learnt" in together.record.imbalance
    for one, other in zip(apart.network.members, together.network.members, strict=True):
        first, second = one.model.state_dict(), other.model.state_dict()
        assert all(first[name].allclose(second[name], atol=1e-3) for name in first)


def test_images_may_be_repeated_and_balanced_but_not_made(tmp_path):
    data = load_digits()
    rows = np.concatenate([np.flatnonzero(data.target == 1)[:60], np.flatnonzero(data.target == 8)[:9]])
    path = tmp_path / "digits.npz"
    np.savez(path, x=(data.images[rows] * 15).astype(np.uint8), y=data.target[rows])
    settings = {**QUICK, "epochs": 1, "layout": "contiguous"}
    assert fit(path, out=tmp_path / "over", resample="over", **settings).record.split["train"] == 96
    with pytest.raises(UsageError, match="makes rows between rows of a table, and this data is images"):
        fit(path, out=tmp_path / "smote", resample="smote", **settings)


# --- thresholds alone

TWO = Task("classes", ("y",), ("often", "seldom"))
THREE = Task("classes", ("y",), ("a", "b", "c"))
LABELS = Task("labels", ("x", "y"))
NUMBERS = Task("numbers", ("x",), shift=(0.0,), scale=(1.0,))


@pytest.mark.parametrize(
    ("asked", "task", "valid", "words"),
    [
        ("f1", THREE, 10, "for two classes or labels, and this target has 3 classes; take --class-weights"),
        ("0.3", NUMBERS, 10, "this target holds numbers"),
        ("f1", TWO, 0, "chosen on validation rows, and there are none; give --valid 0.2, or a number"),
    ],
)
def test_thresholds_that_cannot_be_are_refused_before_training(asked, task, valid, words):
    with pytest.raises(UsageError, match=words):
        check_threshold(asked, task, valid)


@pytest.mark.parametrize("asked", ["0.5", "auto"])
@pytest.mark.parametrize("task", [TWO, THREE, LABELS, NUMBERS], ids=str)
def test_the_usual_threshold_and_auto_always_can(asked, task):
    check_threshold(asked, task, 0)


OUTPUTS = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]], np.float32)
TRUTH = np.array([0, 0, 1, 1])


def test_auto_looks_at_the_classes_as_they_came():
    uneven, even = np.repeat([0, 1], [110, 10]), np.repeat([0, 1], [100, 10])
    decision, choice = choose_threshold("auto", TWO, uneven, OUTPUTS, TRUTH)
    assert decision.rule == "balanced-accuracy" and decision.at[0] == pytest.approx(0.25)
    assert "balanced accuracy 1 on 4 validation rows, balanced accuracy 0.5 at 0.5" in choice.reason
    assert "2 rows of it are few (limit 30)" in choice.reason
    assert choose_threshold("auto", TWO, even, OUTPUTS, TRUTH)[0] is None
    assert "10 to 1" in choose_threshold("auto", TWO, even, OUTPUTS, TRUTH)[1].reason
    assert "no validation rows" in choose_threshold("auto", TWO, uneven, None, None)[1].reason
    assert "of 3 classes" in choose_threshold("auto", THREE, uneven, OUTPUTS, TRUTH)[1].reason


def test_the_usual_threshold_changes_and_tells_nothing():
    assert choose_threshold("0.5", TWO, TRUTH, OUTPUTS, TRUTH) == (None, None)


def test_a_number_is_of_the_rarer_class():
    decision, choice = choose_threshold("0.7", TWO, np.array([0, 1, 1]), None, None)
    assert choice is None and decision == Decision("0.7", (0.7,), 0)
    assert class_ids(OUTPUTS, decision).tolist() == [0, 0, 1, 1]
    assert class_ids(OUTPUTS, None).tolist() == [0, 0, 0, 0]


def test_rows_of_one_class_leave_it_as_it_is():
    decision, choice = choose_threshold("f1", TWO, np.array([0, 0, 1]), OUTPUTS, np.zeros(4, np.int64))
    assert decision is None and choice.value == "0.5" and "all 4 are of one" in choice.reason


def test_labels_have_one_each():
    truth = np.array([[1, 0], [1, 0], [0, 0], [0, 0]], np.float32)
    decision, choice = choose_threshold("f1", LABELS, truth, OUTPUTS, truth)
    assert decision.at == (pytest.approx(0.75), 0.5) and decision.positive is None
    assert "0.5 stays for 1 without both answers" in choice.reason
    assert true_labels(OUTPUTS, decision).tolist() == [
        [True, False],
        [True, False],
        [False, False],
        [False, False],
    ]
    assert score(LABELS, OUTPUTS, truth, decision).metrics["exact_match"] == 1.0
    fixed, _ = choose_threshold("0.3", LABELS, truth, None, None)
    assert fixed.at == (0.3, 0.3) and true_labels(OUTPUTS, fixed)[:, 1].tolist() == [False, False, True, True]


def test_reliability_is_of_probabilities_whatever_the_threshold():
    decision = Decision("0.15", (0.15,), 1)
    plain, moved = score(TWO, OUTPUTS, TRUTH), score(TWO, OUTPUTS, TRUTH, decision)
    for name in ("calibration_error", "brier", "log_loss"):
        assert plain.metrics[name] == moved.metrics[name]
    assert (plain.metrics["accuracy"], moved.metrics["accuracy"]) == (0.5, 0.75)


# --- settings


def test_settings_from_a_file_and_the_command_line(cancer, tmp_path):
    file = tmp_path / "fit.toml"
    file.write_text('resample = "under"\nbalanced-batches = true\nthreshold = 0.3\nepochs = 1\nrate = 0.01\n')
    run = tmp_path / "run"
    options = [
        "--target",
        "kind",
        "--config",
        file,
        "--resample",
        "over:ratio=0.5",
        "--no-doctor",
        "--out",
        run,
    ]
    done = CliRunner().invoke(app, ["fit", str(cancer), *map(str, options)])
    assert done.exit_code in (0, 1), done.output
    config = json.loads((run / "run.json").read_text())["config"]
    assert config["resample"] == "over:ratio=0.5" and config["balanced_batches"] is True
    assert config["threshold"] == "0.3" and load(run).decision.at == (0.3,)


def test_nothing_of_it_stands_in_a_run_that_did_not_ask():
    assert FitConfig().given() == {}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"resample": "smote:k=3"}, "has no option k"),
        ({"threshold": "f2"}, "--threshold takes a number above 0 and below 1, or one of auto, f1"),
        ({"threshold": True}, "threshold takes a word"),
        ({"balanced_batches": "yes"}, "balanced-batches takes true or false"),
    ],
)
def test_wrong_settings(settings, words):
    with pytest.raises(UsageError, match=words):
        FitConfig.make(settings)
