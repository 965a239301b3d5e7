"""Learning from a stream: `partial_fit` on rows that come without end."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes, load_digits
from sklearn.preprocessing import StandardScaler

from gradwise.errors import UsageError
from gradwise.fitting.estimators import NetClassifier, NetRegressor
from gradwise.fitting.stream import Moments


def digits():
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    X, y = data.data[order], data.target[order]
    return (X[:1400], y[:1400]), (X[1400:], y[1400:])


def stream(X, y, rows, batches):
    """So many batches, round and round."""
    for number in range(batches):
        at = np.arange(number * rows, (number + 1) * rows) % len(X)
        yield X[at], y[at]


def test_digits_are_learnt_from_a_stream_whose_state_does_not_grow():
    (X, y), (held, truth) = digits()
    net = NetClassifier(optimizer="sgd", rate=0.1, width=32, random_state=0)
    sizes = []
    for rows, labels in stream(X, y, 32, 200):
        assert net.partial_fit(rows, labels, classes=np.arange(10)) is net
        if net.n_iter_ in (20, 200):
            sizes.append(len(pickle.dumps(net)))
    assert net.score(held, truth) > 0.9
    assert net.n_iter_ == 200 and len(net.loss_curve_) == 1
    assert sizes[1] - sizes[0] < 64, "a longer number here and there, and nothing else"


def test_one_row_at_a_time_learns_too():
    (X, y), (held, truth) = digits()
    net = NetClassifier(optimizer="sgd", rate=0.02, width=16, batch_size=1, random_state=0)
    for rows, labels in stream(X, y, 70, 20):
        net.partial_fit(rows, labels, classes=np.arange(10))
    assert net.n_iter_ == 1400
    assert net.score(held, truth) > 0.85


def test_columns_are_standardised_by_all_rows_seen():
    (X, y), _ = digits()
    net = NetClassifier(rate=0.01, width=4, random_state=0)
    net.partial_fit(X[:1], y[:1], classes=np.arange(10))  # one row: nothing to divide by
    assert np.isfinite(net.predict_proba(X[:5])).all()
    for rows, labels in ((X[1:40], y[1:40]), (X[40:300], y[40:300])):
        net.partial_fit(rows, labels)
    wanted = StandardScaler().fit(X[:300])
    np.testing.assert_allclose(net.mean_, wanted.mean_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(net.scale_, wanted.scale_, rtol=1e-9)


def test_far_from_zero_the_moments_keep_their_digits():
    rows = 1e9 + np.random.default_rng(0).normal(size=(1000, 2))
    moments = Moments()
    for part in np.array_split(rows, 37):
        moments.add(part)
    np.testing.assert_allclose(moments.scale(), rows.std(axis=0), rtol=1e-5)


def test_numbers_are_learnt_from_a_stream_in_their_own_units():
    X, y = load_diabetes(return_X_y=True)
    net = NetRegressor(rate=0.005, width=16, random_state=0)
    for rows, numbers in stream(X, y, 32, 150):
        net.partial_fit(rows, numbers)
    assert net.score(X, y) > 0.4
    assert net.predict(X).shape == y.shape
    with pytest.raises(ValueError, match=r"y has shape \(3, 2\); the first call had 1 targets"):
        net.partial_fit(X[:3], np.ones((3, 2)))


def test_the_same_stream_gives_the_same_net_whatever_others_draw():
    (X, y), _ = digits()
    ends = []
    for draws in (False, True):
        net = NetClassifier(rate=0.01, width=8, dropout=0.3, random_state=3)
        for rows, labels in stream(X, y, 50, 6):
            before = torch.get_rng_state()
            net.partial_fit(rows, labels, classes=np.arange(10))
            assert torch.get_rng_state().equal(before)
            if draws:
                torch.rand(3)
        ends.append(net.predict_proba(X[:20]))
    np.testing.assert_array_equal(*ends)


def test_a_fitted_net_goes_on_and_so_does_one_that_was_saved(tmp_path):
    (X, y), (held, truth) = digits()
    net = NetClassifier(epochs=5, rate=0.01, width=16, random_state=0).fit(X[:500], y[:500])
    fitted = net.score(held, truth)
    net.save(tmp_path)
    again = NetClassifier.load(tmp_path)
    for rows, labels in stream(X[500:], y[500:], 50, 40):
        net.partial_fit(rows, labels)
        again.partial_fit(rows, labels)
    assert net.score(held, truth) >= fitted - 0.02
    np.testing.assert_array_equal(net.predict(held), again.predict(held))
    np.testing.assert_allclose(again.mean_, net.mean_)
    assert net.fit(X[:500], y[:500]).score(held, truth) == fitted, "fit begins anew"


def test_what_a_stream_refuses():
    (X, y), _ = digits()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        NetClassifier().partial_fit(X[:5], y[:5])
    with pytest.raises(ValueError, match="2 classes at least"):
        NetClassifier().partial_fit(X[:5], y[:5], classes=[3])
    with pytest.raises(ValueError, match="y holds .*none of the classes"):
        NetClassifier().partial_fit(X[:50], y[:50], classes=[0, 1])
    net = NetClassifier(width=4).partial_fit(X[:50], y[:50], classes=np.arange(10))
    with pytest.raises(ValueError, match="not those of the first call"):
        net.partial_fit(X[:50], y[:50], classes=[0, 1])
    with pytest.raises(ValueError, match="features"):
        net.partial_fit(X[:50, 1:], y[:50])
    for name in ("l-bfgs", "bgd", "trust-ncg"):
        with pytest.raises(UsageError, match=f"optimizer '{name}' needs all rows at once"):
            NetClassifier(optimizer=name).partial_fit(X[:50], y[:50], classes=np.arange(10))
