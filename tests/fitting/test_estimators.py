"""NetClassifier and NetRegressor as scikit-learn estimators."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.utils.estimator_checks import parametrize_with_checks

from gradwise.errors import UsageError
from gradwise.fitting.estimators import NetClassifier, NetRegressor

QUICK = {"epochs": 40, "rate": 0.02, "width": 16, "random_state": 0}


@parametrize_with_checks([NetClassifier(**QUICK), NetRegressor(**QUICK)])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_cross_validation_pipeline_and_search():
    X, y = load_iris(return_X_y=True)
    assert cross_val_score(NetClassifier(**QUICK), X, y, cv=3).mean() > 0.85
    pipe = make_pipeline(PolynomialFeatures(2), NetClassifier(**QUICK))
    search = GridSearchCV(pipe, {"netclassifier__width": [8, 16]}, cv=2).fit(X, y)
    assert search.best_score_ > 0.9


def test_the_rate_is_found_when_it_is_not_given():
    X, y = load_iris(return_X_y=True)
    net = NetClassifier(epochs=40, random_state=0).fit(X, y)
    assert 1e-5 < net.rate_ < 1
    assert net.score(X, y) > 0.9


@pytest.mark.parametrize("kind", [NetClassifier, NetRegressor])
def test_saved_without_pickle_and_loaded_the_same(kind, tmp_path):
    X, y = load_iris(return_X_y=True)
    net = kind(**QUICK).fit(X, y)
    net.save(tmp_path)
    again = kind.load(tmp_path)
    np.testing.assert_array_equal(again.predict(X), net.predict(X))
    assert again.get_params() == net.get_params()
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}


def test_the_other_kind_is_not_loaded(tmp_path):
    X, y = load_iris(return_X_y=True)
    NetClassifier(**QUICK).fit(X, y).save(tmp_path)
    with pytest.raises(UsageError, match="NetClassifier"):
        NetRegressor.load(tmp_path)


def test_the_global_random_state_is_left_alone():
    X, y = load_iris(return_X_y=True)
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    NetClassifier(**QUICK).fit(X, y)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_numbers_are_predicted_in_their_own_units():
    X, y = load_diabetes(return_X_y=True)
    net = clone(NetRegressor(epochs=60, rate=0.01, width=16, random_state=0)).fit(X, y)
    assert net.score(X, y) > 0.45
    assert net.predict(X).shape == y.shape
    both = NetRegressor(**QUICK).fit(X, np.column_stack([y, -y]))
    assert both.predict(X).shape == (len(y), 2)
