"""Scores agree with scikit-learn's, and say what is undefined."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from gradwise.data.examples import Task
from gradwise.fitting.calibration import calibration_error, reliability
from gradwise.fitting.scores import score


def classes_of(count: int) -> Task:
    return Task("classes", ("kind",), tuple("abcdefgh"[:count]))


def drawn(classes: int, rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that know a little, and the truth."""
    draw = np.random.default_rng(classes)
    target = draw.integers(0, classes, rows)
    logits = draw.normal(size=(rows, classes)) + 1.2 * np.eye(classes)[target]
    shares = np.exp(logits)
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32), target


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_scores_of_classes_are_scikit_learns(classes: int) -> None:
    outputs, target = drawn(classes)
    guess = outputs.argmax(axis=1)
    scores = score(classes_of(classes), outputs, target)
    wide = outputs.astype(np.float64)
    wide /= wide.sum(axis=1, keepdims=True)
    expected = {
        "accuracy": sk.accuracy_score(target, guess),
        "balanced_accuracy": sk.balanced_accuracy_score(target, guess),
        "f1_macro": sk.f1_score(target, guess, average="macro"),
        "log_loss": sk.log_loss(target, wide),
        "brier": sk.brier_score_loss(target, wide[:, 1] if classes == 2 else wide),
    }
    if classes == 2:
        expected["roc_auc"] = sk.roc_auc_score(target, outputs[:, 1])
        expected["average_precision"] = sk.average_precision_score(target, outputs[:, 1])
    assert set(scores.metrics) == {*expected, "calibration_error"}
    for name, value in expected.items():
        assert scores.metrics[name] == pytest.approx(value, rel=1e-5), name
    assert scores.confusion == sk.confusion_matrix(target, guess).tolist()
    assert scores.notes == []
    columns = sk.precision_recall_fscore_support(target, guess)
    for at, row in enumerate(scores.per_class):
        found = [row[name] for name in ("precision", "recall", "f1", "rows")]
        assert found == pytest.approx([column[at] for column in columns])


def test_scores_of_labels_are_scikit_learns() -> None:
    draw = np.random.default_rng(0)
    target = (draw.random((300, 4)) < (0.1, 0.3, 0.5, 0.7)).astype(np.float32)
    outputs = np.clip(0.5 * target + 0.6 * draw.random((300, 4)) - 0.05, 0, 1)
    guess = outputs > 0.5
    scores = score(Task("labels", tuple("wxyz")), outputs, target)
    recalls = [sk.balanced_accuracy_score(target[:, at], guess[:, at]) for at in range(4)]
    expected = {
        "accuracy": 1 - sk.hamming_loss(target, guess),
        "balanced_accuracy": np.mean(recalls),
        "exact_match": sk.accuracy_score(target, guess),
        "f1_micro": sk.f1_score(target, guess, average="micro"),
        "f1_macro": sk.f1_score(target, guess, average="macro"),
        "brier": np.mean([sk.brier_score_loss(target[:, at], outputs[:, at]) for at in range(4)]),
        "log_loss": np.mean([sk.log_loss(target[:, at], outputs[:, at]) for at in range(4)]),
        "roc_auc": sk.roc_auc_score(target, outputs, average="macro"),
        "average_precision": sk.average_precision_score(target, outputs, average="macro"),
    }
    for name, value in expected.items():
        assert scores.metrics[name] == pytest.approx(value), name
    columns = sk.precision_recall_fscore_support(target, guess)
    assert [row["f1"] for row in scores.per_class] == pytest.approx(columns[2])
    assert [row["rows"] for row in scores.per_class] == columns[3].tolist()


def test_a_single_label_is_scored_for_being_there() -> None:
    target, outputs = np.array([[1.0], [0.0], [0.0]]), np.array([[0.9], [0.8], [0.1]])
    row = score(Task("labels", ("ill",)), outputs, target).per_class[0]
    assert (row["precision"], row["recall"], row["rows"]) == (0.5, 1.0, 1)


def test_scores_of_numbers_are_scikit_learns_for_every_target() -> None:
    draw = np.random.default_rng(0)
    target = draw.normal(size=(200, 2)) * (1, 50) + (0, 1000)
    outputs = target + draw.normal(size=(200, 2)) * (0.3, 20) + (0.1, 5)
    scores = score(Task("numbers", ("price", "weight")), outputs, target)
    assert scores.metrics["r2"] == pytest.approx(sk.r2_score(target, outputs))
    assert scores.metrics["explained_variance"] == pytest.approx(sk.explained_variance_score(target, outputs))
    assert scores.metrics["mae"] == pytest.approx(sk.mean_absolute_error(target, outputs))
    assert scores.metrics["rmse"] == pytest.approx(sk.mean_squared_error(target, outputs) ** 0.5)
    for at, row in enumerate(scores.per_target):
        columns = target[:, at], outputs[:, at]
        assert row["target"] == ("price", "weight")[at]
        assert row["r2"] == pytest.approx(sk.r2_score(*columns))
        assert row["explained_variance"] == pytest.approx(sk.explained_variance_score(*columns))
        assert row["rmse"] == pytest.approx(sk.root_mean_squared_error(*columns))
        assert row["mae"] == pytest.approx(sk.mean_absolute_error(*columns))
    assert scores.per_target[1]["explained_variance"] > scores.per_target[1]["r2"], "a shift costs R² only"


def test_reliability_is_scikit_learns_calibration_curve() -> None:
    outputs, target = drawn(2, rows=2000)
    table = reliability(outputs[:, 1], target == 1)
    shares, means = calibration_curve(target, outputs[:, 1], n_bins=15, strategy="uniform")
    filled = [row for row in table if row["rows"]]
    assert [row["accuracy"] for row in filled] == pytest.approx(shares)
    assert [row["confidence"] for row in filled] == pytest.approx(means)
    assert sum(row["rows"] for row in table) == 2000
    assert (table[0]["low"], table[-1]["high"]) == (0.0, 1.0)


def test_a_bin_holds_its_upper_end() -> None:
    table = reliability(np.array([0.0, 0.5, 0.5000001, 1.0]), np.ones(4), bins=2)
    assert [row["rows"] for row in table] == [2, 2]
    assert table[0]["confidence"] == 0.25


def test_calibration_error_is_that_of_the_paper_written_out() -> None:
    outputs, target = drawn(5, rows=3000)
    confidence, right = outputs.max(axis=1).astype(np.float64), outputs.argmax(axis=1) == target
    expected = 0.0
    for m in range(1, 16):
        inside = (confidence > (m - 1) / 15) & (confidence <= m / 15)
        if inside.any():
            expected += inside.sum() / 3000 * abs(right[inside].mean() - confidence[inside].mean())
    assert score(classes_of(5), outputs, target).metrics["calibration_error"] == pytest.approx(expected)
    assert expected > 0.01


def test_honest_probabilities_have_a_small_error_and_boasting_ones_a_large_one() -> None:
    draw = np.random.default_rng(0)
    honest = draw.random(20_000)
    right = draw.random(20_000) < honest
    assert calibration_error(reliability(honest, right)) < 0.02
    assert calibration_error(reliability(np.full(20_000, 0.99), right)) == pytest.approx(0.49, abs=0.02)


def test_an_absent_class_is_told_and_left_out_of_the_means() -> None:
    outputs, target = drawn(3)
    kept = target != 1
    scores = score(classes_of(3), outputs[kept], target[kept])
    assert np.isnan(scores.per_class[1]["recall"])
    assert scores.per_class[1]["rows"] == 0
    assert any("no row is 'b'" in note for note in scores.notes)
    with pytest.warns(UserWarning, match="y_pred contains classes not in y_true"):
        expected = sk.balanced_accuracy_score(target[kept], outputs[kept].argmax(axis=1))
    assert scores.metrics["balanced_accuracy"] == pytest.approx(expected)


def test_a_class_that_is_never_predicted_is_told() -> None:
    outputs = np.array([[0.6, 0.4], [0.7, 0.3]])
    scores = score(classes_of(2), outputs, np.array([0, 1]))
    assert np.isnan(scores.per_class[1]["precision"])
    assert scores.per_class[1]["f1"] == 0
    assert any("predicted to be 'b'" in note for note in scores.notes)


def test_one_class_alone_has_no_ranking_and_that_is_told() -> None:
    scores = score(classes_of(2), np.array([[0.6, 0.4], [0.7, 0.3]]), np.array([0, 0]))
    assert np.isnan(scores.metrics["roc_auc"])
    assert scores.metrics["accuracy"] == 1
    assert any("ROC AUC" in note for note in scores.notes)


def test_a_constant_target_has_no_r2_and_that_is_told() -> None:
    target = np.array([[1.0, 3.0], [2.0, 3.0], [3.0, 3.0]])
    scores = score(Task("numbers", ("x", "y")), target + 0.1, target)
    assert np.isnan(scores.per_target[1]["r2"])
    assert any("'y' is the same in every row" in note for note in scores.notes)
    assert scores.metrics["r2"] == pytest.approx(sk.r2_score(target[:, 0], target[:, 0] + 0.1))


@pytest.mark.parametrize("kind", ["classes", "labels", "numbers"])
def test_outputs_that_are_no_numbers_are_told(kind: str) -> None:
    task = classes_of(2) if kind == "classes" else Task(kind, ("x", "y"))
    outputs = np.array([[0.5, 0.5], [np.nan, np.nan], [0.2, 0.8]])
    target = np.array([0, 1, 1]) if kind == "classes" else np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    scores = score(task, outputs, target)
    assert any("no finite numbers in 1 of 3 rows" in note for note in scores.notes)
