"""NetClassifier and NetRegressor as scikit-learn estimators."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.utils.estimator_checks import parametrize_with_checks

from gradwise.errors import GradwiseError, UsageError
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


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"activation": "tanh"}, "Tanh"),
        ({"norm": "layer-norm"}, "LayerNorm"),
        ({"depth": 3, "dropout": 0.1}, "Dropout"),
    ],
)
def test_parts_of_the_net_go_by_name(settings, shown):
    X, y = load_iris(return_X_y=True)
    net = NetClassifier(**QUICK, **settings).fit(X, y)
    assert shown in {type(module).__name__ for module in net.model_.modules()}
    assert net.score(X, y) > 0.85


def test_regularisers_act_and_leave_a_plain_net(tmp_path):
    X, y = load_iris(return_X_y=True)
    sparse = NetClassifier(**QUICK, regularize="l1:strength=0.02").fit(X, y)
    weight = sparse.model_.state_dict()["layers.0.weight"]
    assert (weight == 0).double().mean() > 0.2
    gated = NetClassifier(**QUICK, regularize="l0:strength=1e-3").fit(X, y)
    gated.save(tmp_path)
    np.testing.assert_allclose(
        NetClassifier.load(tmp_path).predict_proba(X), gated.predict_proba(X), atol=1e-6
    )
    assert gated.score(X, y) > 0.85


@pytest.mark.parametrize(
    "settings",
    [{"augment": "swap-noise:p=0.2"}, {"resample": "over"}, {"balanced_batches": True, "batch_size": 16}],
)
def test_rows_are_changed_chosen_or_balanced_for_training_alone(settings):
    X, y = load_iris(return_X_y=True)
    X, y = X[:115], y[:115]  # 15 of the last class
    plain, other = (NetClassifier(**QUICK, **each).fit(X, y) for each in ({}, settings))
    assert other.loss_curve_ != plain.loss_curve_
    assert other.score(X, y) > 0.85


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (NetClassifier, {"activation": "rellu"}, "did you mean 'relu'"),
        (NetClassifier, {"norm": "batchnorm2"}, "batchnorm2"),
        (NetClassifier, {"regularize": "l7"}, "there is no regulariser 'l7'"),
        (NetClassifier, {"augment": "flip"}, "flip"),
        (NetRegressor, {"resample": "over"}, "is for classes"),
        (NetClassifier, {"balanced_batches": 3}, "true or false"),
    ],
)
def test_wrong_settings_are_told_in_one_sentence(kind, settings, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(GradwiseError, match=message) as caught:
        kind(**QUICK, **settings).fit(X, y)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings", [{"augment": "swap-noise"}, {"resample": "over"}, {"balanced_batches": True}]
)
def test_a_stream_takes_rows_as_they_come(settings):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(UsageError, match="takes rows as they come"):
        NetClassifier(optimizer="sgd", **settings).partial_fit(X, y, classes=[0, 1, 2])
