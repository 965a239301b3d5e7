"""Support vector machines by matrix products decide as libsvm does."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.utils.estimator_checks import check_estimator

from gradwise.baselines import kernels as room
from gradwise.baselines.kernels import FastSVC, FastSVR, Kernel

DIGITS = load_digits()
X, Y, NEW = DIGITS.data[:600] / 16, DIGITS.target[:600], DIGITS.data[600:] / 16
SETTINGS = {
    "rbf": {},
    "poly": {"degree": 3, "coef0": 1.0},
    "square": {"kernel": "poly", "degree": 2},
    "sigmoid": {"gamma": 0.01, "coef0": 0.1},
    "linear": {},
}


@pytest.fixture
def always(monkeypatch):
    """The fast way is taken however few rows there are."""
    monkeypatch.setattr(room, "WORTH_IT", 1)


def options(name):
    return {"kernel": name, **SETTINGS[name]} if name != "square" else SETTINGS[name]


@pytest.mark.parametrize("name", list(SETTINGS))
@pytest.mark.parametrize("shape", ["ovo", "ovr"])
def test_decisions_and_labels_of_many_classes_are_libsvms(always, name, shape):
    fast = FastSVC(**options(name), decision_function_shape=shape).fit(X, Y)
    slow = SVC(**options(name), decision_function_shape=shape).fit(X, Y)
    ours, theirs = fast.decision_function(NEW), slow.decision_function(NEW)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(fast.predict(NEW), slow.predict(NEW))


@pytest.mark.parametrize("name", list(SETTINGS))
def test_two_classes_have_the_sign_of_scikit_learn(always, name):
    data = load_breast_cancer()
    x = StandardScaler().fit_transform(data.data)
    words = np.array(["bad", "good"])[data.target]
    fast, slow = (
        FastSVC(**options(name)).fit(x[:300], words[:300]),
        SVC(**options(name)).fit(x[:300], words[:300]),
    )
    np.testing.assert_allclose(fast.decision_function(x), slow.decision_function(x), rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(fast.predict(x), slow.predict(x))
    assert (fast.predict(x) == words).mean() > 0.8


def test_breaking_ties_is_the_same(always):
    fast, slow = FastSVC(break_ties=True).fit(X, Y), SVC(break_ties=True).fit(X, Y)
    np.testing.assert_array_equal(fast.predict(NEW), slow.predict(NEW))
    with pytest.raises(ValueError, match="break_ties"):
        FastSVC(break_ties=True, decision_function_shape="ovo").fit(X, Y).predict(NEW)


@pytest.mark.parametrize("name", list(SETTINGS))
def test_regression_is_libsvms(always, name):
    fast, slow = FastSVR(**options(name)).fit(X, Y * 1.0), SVR(**options(name)).fit(X, Y * 1.0)
    np.testing.assert_allclose(fast.predict(NEW), slow.predict(NEW), rtol=1e-6, atol=1e-9)


def test_decisions_of_exactly_zero_are_asked_of_libsvm(always, monkeypatch):
    x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    y = np.array([0, 0, 1, 1])
    fast = FastSVC(kernel="linear").fit(x, y)
    asked = []
    slow = SVC.predict
    monkeypatch.setattr(SVC, "predict", lambda self, rows: asked.append(len(rows)) or 1 - slow(self, rows))
    rows = np.array([[0.0], [0.5], [-3.0]])
    truth = slow(fast, rows)
    assert fast.predict(rows).tolist() == [1 - truth[0], *truth[1:]], "libsvm's word is taken for that row"
    assert asked == [1], "0 lies on the border, and nothing else is near it"


def test_the_bound_of_rounding_holds_and_is_small(always):
    for name in SETTINGS:
        fast = FastSVC(**options(name), decision_function_shape="ovo").fit(X, Y)
        pairs, error = fast._pairs(NEW)
        slow = SVC(**options(name), decision_function_shape="ovo").fit(X, Y).decision_function(NEW)
        assert (np.abs(pairs - slow).max(axis=1) <= error).all()
        assert error.max() < 1e-6 * np.abs(slow).max()


@pytest.mark.parametrize("name", ["rbf", "poly", "sigmoid", "linear"])
def test_kernels_are_those_of_the_formulas(name):
    kernel = Kernel(name, X[:50], gamma=0.03, degree=5, coef0=0.2)
    more = {"linear": {}, "rbf": {"gamma": 0.03}}.get(name, {"gamma": 0.03, "coef0": 0.2})
    more |= {"degree": 5} if name == "poly" else {}
    np.testing.assert_allclose(
        kernel(NEW[:40]), pairwise_kernels(NEW[:40], X[:50], metric=name, **more), rtol=1e-10
    )


def test_far_offsets_lose_nothing_in_rbf(always):
    fast, slow = FastSVC().fit(X + 1e4, Y), SVC().fit(X + 1e4, Y)
    np.testing.assert_array_equal(fast.predict(NEW + 1e4), slow.predict(NEW + 1e4))


def test_other_kernels_and_few_rows_go_libsvms_way(monkeypatch):
    monkeypatch.setattr(room.Kernel, "__call__", lambda *_: pytest.fail("the fast way"))
    SVC_like = FastSVC().fit(X, Y)
    assert SVC_like.predict(NEW[:5]).shape == (5,)
    monkeypatch.setattr(room, "WORTH_IT", 1)
    own = FastSVC(kernel=lambda a, b: a @ b.T).fit(X, Y)
    np.testing.assert_array_equal(own.predict(NEW), SVC(kernel="linear").fit(X, Y).predict(NEW))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", [FastSVC, FastSVR])
def test_estimator_checks_pass_by_the_fast_way(always, form):
    weighed = "libsvm's answer depends on the order of its rows, as scikit-learn says of SVC and SVR"
    names = [f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")]
    check_estimator(form(), expected_failed_checks=dict.fromkeys(names, weighed))
