"""Neighbours by matrix products are scikit-learn's, ties and hard numbers included."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.utils.estimator_checks import check_estimator

from gradwise.baselines import nearest as room
from gradwise.baselines.nearest import FastKNeighborsClassifier, FastKNeighborsRegressor, nearest

DIGITS = load_digits()


@pytest.fixture
def always(monkeypatch):
    """The search is taken however small it is."""
    monkeypatch.setattr(room, "WORTH_IT", 1)


@pytest.fixture
def fallen_back(monkeypatch):
    """How many rows were handed to scikit-learn."""
    counted = []
    found = nearest

    def counting(queries, rows, k, **more):
        told = found(queries, rows, k, **more)
        counted.append(int(told.unsure.sum()))
        return told

    monkeypatch.setattr(room, "nearest", counting)
    return counted


def noisy(seed=0):
    """Digits with noise, so that no two distances are the same."""
    random = np.random.default_rng(seed)
    x = DIGITS.data + random.normal(scale=0.1, size=DIGITS.data.shape)
    return x[:1200], DIGITS.target[:1200], x[1200:]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 5, 40])
def test_neighbours_and_distances_are_those_of_scikit_learn(always, fallen_back, dtype, k):
    x, y, new = noisy()
    x, new = x.astype(dtype), new.astype(dtype)
    fast = FastKNeighborsClassifier(k, algorithm="brute").fit(x, y)
    slow = KNeighborsClassifier(k, algorithm="brute").fit(x, y)
    ours, theirs = fast.kneighbors(new), slow.kneighbors(new)
    np.testing.assert_array_equal(ours[1], theirs[1])
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
    np.testing.assert_array_equal(fast.predict(new), slow.predict(new))
    np.testing.assert_allclose(fast.predict_proba(new), slow.predict_proba(new))
    assert sum(fallen_back) == 0, "nothing is tied here, so all rows take the fast way"


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_labels_are_the_same_where_many_distances_tie(always, fallen_back, weights):
    x, y, new = np.round(DIGITS.data[:1200] / 8), DIGITS.target[:1200], np.round(DIGITS.data[1200:] / 8)
    fast = FastKNeighborsClassifier(4, weights=weights, algorithm="brute").fit(x, y)
    slow = KNeighborsClassifier(4, weights=weights, algorithm="brute").fit(x, y)
    agree = fast.predict(new) == slow.predict(new)
    assert sum(fallen_back) > 20, "coarse digits tie"
    # scikit-learn itself settles ties by how many rows it is asked about at once
    assert agree.mean() > 0.99


@pytest.mark.parametrize(("scale", "shift"), [(1e-30, 0.0), (1e15, 0.0), (1.0, 1e4), (1e-3, -50.0)], ids=str)
def test_units_and_offsets_do_not_change_the_neighbours(scale, shift):
    x, _, new = noisy()
    found = nearest(new * scale + shift, x * scale + shift, 5)
    truth = np.linalg.norm(new[:, None] - x[None], axis=2)
    sure = ~found.unsure
    assert sure.mean() > 0.99
    np.testing.assert_array_equal(found.indices[sure], np.argsort(truth, axis=1)[sure, :5])


def test_blocks_of_training_rows_come_to_the_same(monkeypatch):
    x, _, new = noisy()
    whole = nearest(new, x, 7)
    monkeypatch.setattr(room, "MOST_ROWS", 100)
    parts = nearest(new, x, 7, budget=200_000)
    np.testing.assert_array_equal(whole.indices, parts.indices)
    np.testing.assert_array_equal(whole.distances, parts.distances)


def test_equal_rows_and_a_far_outlier_are_told_apart_or_handed_on():
    x, _, new = noisy()
    x = np.concatenate([x, 1e7 * np.ones((1, x.shape[1]))])
    found = nearest(new[:50], x, 3)
    truth = np.argsort(np.linalg.norm(new[:50, None] - x[None], axis=2), axis=1)[:, :3]
    sure = ~found.unsure
    np.testing.assert_array_equal(found.indices[sure], truth[sure])
    copies = nearest(np.zeros((4, 3)), np.ones((30, 3)), 5)
    assert copies.unsure.all()


def test_the_regressor_agrees(always):
    x, y, new = noisy()
    for weights in ("uniform", "distance"):
        fast = FastKNeighborsRegressor(5, weights=weights, algorithm="brute").fit(x, y.astype(float))
        slow = KNeighborsRegressor(5, weights=weights, algorithm="brute").fit(x, y.astype(float))
        np.testing.assert_allclose(fast.predict(new), slow.predict(new), rtol=1e-9)


def test_two_targets_other_metrics_and_no_rows_go_scikit_learns_way(always):
    x, y, new = noisy()
    both = np.stack([y, y % 2], axis=1)
    fast = FastKNeighborsClassifier(3, algorithm="brute").fit(x, both)
    slow = KNeighborsClassifier(3, algorithm="brute").fit(x, both)
    np.testing.assert_array_equal(fast.predict(new), slow.predict(new))
    city = FastKNeighborsClassifier(3, algorithm="brute", metric="manhattan").fit(x, y)
    slow = KNeighborsClassifier(3, algorithm="brute", metric="manhattan").fit(x, y)
    np.testing.assert_array_equal(city.predict(new), slow.predict(new))
    np.testing.assert_array_equal(
        FastKNeighborsClassifier(3).fit(x, y).kneighbors()[1],
        KNeighborsClassifier(3).fit(x, y).kneighbors()[1],
    )


def test_small_searches_are_left_to_scikit_learn(fallen_back):
    iris = load_iris()
    model = FastKNeighborsClassifier(5, algorithm="brute").fit(iris.data, iris.target)
    model.predict(iris.data)
    assert fallen_back == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", [FastKNeighborsClassifier, FastKNeighborsRegressor])
def test_estimator_checks_pass_by_the_fast_way(always, form):
    check_estimator(form(algorithm="brute"))
