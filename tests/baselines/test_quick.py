"""The yardstick on data whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gradwise.baselines import quick


def halves(inputs: dict[str, np.ndarray], target: np.ndarray) -> quick.Yardstick:
    """Measured on the odd rows after learning from the even ones."""
    kind = "numbers" if target.dtype.kind == "f" else "classes"
    train, valid = ({name: array[part::2] for name, array in inputs.items()} for part in (0, 1))
    return quick.measure(kind, train, target[::2], valid, target[1::2])


def test_what_a_line_separates_is_solved() -> None:
    draw = np.random.default_rng(0)
    target = np.arange(400) // 2 % 2
    points = draw.normal(size=(400, 3)).astype(np.float32)
    points[:, 0] += 12 * target
    stick = halves({"numbers": points}, target)
    assert stick.linear == 1.0
    assert stick.trivial == pytest.approx(0.5)
    assert (stick.metric, stick.note, stick.worth) == ("accuracy", "all training rows", None)


def test_noise_is_not() -> None:
    draw = np.random.default_rng(0)
    stick = halves({"numbers": draw.normal(size=(2000, 3))}, draw.integers(0, 2, 2000))
    assert stick.linear == pytest.approx(0.5, abs=0.05)


def test_the_trivial_predictor_learns_from_the_training_rows() -> None:
    x = np.zeros((5, 1), np.float32)
    stick = quick.measure(
        "classes", {"numbers": x}, np.array([2, 2, 2, 0, 1]), {"numbers": x[:2]}, np.array([0, 2])
    )
    assert stick.trivial == 0.5
    truth = np.array([[0.0], [2.0]])
    stick = quick.measure("numbers", {"numbers": x[:2]}, truth + 3, {"numbers": x[:2]}, truth)
    assert stick.trivial == pytest.approx(r2_score(truth, [[4.0], [4.0]])) == -9


def test_iris_scores_what_scikit_learn_scores() -> None:
    data, target = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)).fit(data[::2], target[::2])
    assert halves({"numbers": data}, target).linear == pytest.approx(model.score(data[1::2], target[1::2]))


def test_diabetes_scores_what_scikit_learn_scores() -> None:
    data, target = load_diabetes(return_X_y=True)
    model = make_pipeline(StandardScaler(), Ridge()).fit(data[::2], target[::2])
    expected = model.score(data[1::2], target[1::2])
    stick = halves({"numbers": data}, target[:, None])
    assert stick.linear == pytest.approx(expected, abs=1e-3)
    assert stick.metric == "r2"


def test_categories_are_one_hot() -> None:
    ids = np.random.default_rng(0).integers(1, 7, (600, 1))
    target = np.array([9, 0, 1, 0, 1, 1, 0])[ids[:, 0]]  # no line through the ids parts these
    inputs = {"numbers": np.zeros((600, 0), np.float32), "categories": ids}
    assert halves(inputs, target).linear == 1.0


def test_images_series_and_texts_are_summed_up() -> None:
    digits = load_digits()
    pixels = (digits.images[:, None] * 15).astype(np.uint8)
    assert halves({"pixels": pixels}, digits.target).linear > 0.85
    large = pixels[:200].repeat(16, axis=2).repeat(16, axis=3)  # 128 x 128: averaged back to 32 x 32
    assert quick.pooled(large).shape == (200, 1024)
    assert quick.pooled(large)[:, 0] == pytest.approx(pixels[:200, 0, 0, 0])
    draw = np.random.default_rng(0)
    target = draw.integers(0, 2, 300)
    lengths = draw.integers(0, 12, 300)
    series = draw.normal(size=(300, 12, 2)).astype(np.float32) + 3 * target[:, None, None]
    assert halves({"series": series, "lengths": lengths}, target).linear > 0.95
    tokens = draw.integers(2, 40, (300, 9))
    tokens[:, 4] = 50 + target  # one word tells
    assert halves({"tokens": tokens, "lengths": np.full(300, 9)}, target).linear == 1.0


def test_labels_are_learnt_each_by_itself_and_one_that_never_changes_is_no_fault() -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(400, 2)).astype(np.float32)
    target = np.stack([x[:, 0] > 0, x[:, 1] > 0, np.zeros(400)], axis=1).astype(np.float32)
    stick = quick.measure("labels", {"numbers": x}, target, {"numbers": x}, target)
    assert stick.linear > 0.95
    assert stick.trivial == pytest.approx(np.mean(target == (target.mean(axis=0) > 0.5)))


def test_rare_classes_count_as_much_as_frequent_ones() -> None:
    draw = np.random.default_rng(0)
    target = (draw.random(4000) < 0.03).astype(np.int64)
    x = draw.normal(size=(4000, 2)).astype(np.float32) + 2 * target[:, None]
    stick = halves({"numbers": x}, target)
    assert stick.metric == "balanced_accuracy"
    assert stick.trivial == 0.5
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    guess = model.fit(x[::2], target[::2]).predict(x[1::2])
    assert stick.linear == pytest.approx(balanced_accuracy_score(target[1::2], guess))
    rare = target[1::2].sum()
    assert stick.worth == pytest.approx(4 / (1 / rare + 1 / (2000 - rare)))
    assert stick.worth < 4 * rare, "a few rare rows cannot be outvoted by many others"


def test_ten_to_one_is_not_rare_yet() -> None:
    target = np.repeat([0, 1], [100, 10])
    assert quick.unevenness("classes", target) == 10
    x = np.zeros((110, 1), np.float32)
    assert quick.measure("classes", {"numbers": x}, target, {"numbers": x}, target).metric == "accuracy"
    target = np.repeat([0, 1], [101, 10])
    x = np.zeros((111, 1), np.float32)
    stick = quick.measure("classes", {"numbers": x}, target, {"numbers": x}, target)
    assert stick.metric == "balanced_accuracy"


def test_what_cannot_be_fitted_is_told() -> None:
    x = np.full((6, 1), np.nan, np.float32)
    target = np.array([0, 1, 0, 1, 0, 0])
    stick = quick.measure("classes", {"numbers": x}, target, {"numbers": x}, target)
    assert stick.linear is None
    assert stick.note.startswith("not fitted: ")
    assert stick.trivial == pytest.approx(4 / 6)


def test_of_many_rows_a_sample_is_learnt_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "MOST_ROWS", 50)
    data, target = load_iris(return_X_y=True)
    stick = halves({"numbers": data}, target)
    assert stick.note == "50 training rows"
    assert stick.linear > 0.85, "validation rows are judged in blocks, all of them"
