"""Balanced orders, thresholds, corrected probabilities: known answers and what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score, log_loss
from sklearn.utils.class_weight import compute_class_weight

from gradwise.data.imbalance import balanced_order, balancing_weights, best_threshold, prior_corrected
from gradwise.data.imbalance.threshold import fixed, shown
from gradwise.errors import UsageError


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(any),
    seed=st.integers(0, 5),
    batch=st.integers(2, 16),
)
def test_classes_are_even_in_every_epoch_and_nearly_so_in_every_batch(counts, seed, batch):
    target = np.repeat(np.arange(len(counts)), counts)
    present = sum(count > 0 for count in counts)
    for epoch in range(3):
        order = balanced_order(target, seed=seed, epoch=epoch)
        assert len(order) == len(target)
        held = np.bincount(target[order], minlength=len(counts))[np.array(counts) > 0]
        assert held.max() - held.min() <= 1
        whole = len(target) // present * present  # rounds; the rest is the last incomplete one
        for start in range(0, whole - batch + 1, batch):
            part = np.bincount(target[order[start : start + batch]], minlength=len(counts))[
                np.array(counts) > 0
            ]
            assert part.max() - part.min() <= 2


@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.integers(1, 30), min_size=2, max_size=5), seed=st.integers(0, 5))
def test_a_class_takes_turns_over_the_epochs(counts, seed):
    """No row is met twice more than another of its class, however long it goes on."""
    target = np.repeat(np.arange(len(counts)), counts)
    met = np.zeros(len(target), np.int64)
    for epoch in range(7):
        np.add.at(met, balanced_order(target, seed=seed, epoch=epoch), 1)
        for place in range(len(counts)):
            own = met[target == place]
            assert own.max() - own.min() <= 1


def test_an_order_depends_on_seed_and_epoch_and_nothing_else():
    target = load_breast_cancer().target
    first = balanced_order(target, seed=1, epoch=2)
    np.random.seed(7)
    np.testing.assert_array_equal(first, balanced_order(target, seed=1, epoch=2))
    assert not np.array_equal(first, balanced_order(target, seed=1, epoch=3))
    assert not np.array_equal(first, balanced_order(target, seed=2, epoch=2))


def test_weights_are_those_of_scikit_learn():
    target = load_breast_cancer().target
    weights, ratio = balancing_weights("classes", np.bincount(target).tolist(), len(target))
    np.testing.assert_allclose(weights, compute_class_weight("balanced", classes=np.arange(2), y=target))
    assert ratio == pytest.approx(357 / 212)


def judged():
    """Probabilities of a plain model for few malignant rows, half of them learnt from."""
    data = load_breast_cancer()
    random = np.random.default_rng(0)
    rows = np.concatenate([np.flatnonzero(data.target == 0)[:60], np.flatnonzero(data.target == 1)])
    rows = random.permutation(rows)
    x, y = data.data[rows][:, :5] / data.data[:, :5].std(0), data.target[rows] == 0
    model = LogisticRegression(C=0.05).fit(x[::2], y[::2])
    return model.predict_proba(x[1::2])[:, 1], y[1::2]


SCORES = {
    "f1": f1_score,
    "balanced-accuracy": balanced_accuracy_score,
    "cost:miss=7,false-alarm=2": lambda truth, said: (
        -(7 * (truth & ~said).sum() + 2 * (~truth & said).sum()) / len(truth)
    ),
}


@pytest.mark.parametrize("rule", list(SCORES))
def test_no_threshold_scores_better_than_the_one_chosen(rule):
    shares, truth = judged()
    found, score = best_threshold(shares, truth, rule), SCORES[rule]
    assert score(truth, shares > found.at) == pytest.approx(found.score)
    assert score(truth, shares > 0.5) == pytest.approx(found.usual)
    others = [score(truth, shares > at) for at in np.linspace(-0.01, 1, 1001)]
    assert max(others) <= found.score + 1e-9 and found.score > found.usual


def test_of_equally_good_thresholds_the_nearest_to_a_half():
    truth = np.array([False, False, True, True])
    assert best_threshold(np.array([0.1, 0.2, 0.8, 0.9]), truth, "f1").at == 0.5
    assert best_threshold(np.array([0.1, 0.2, 0.3, 0.9]), truth, "f1").at == pytest.approx(0.25)
    assert best_threshold(np.array([0.6, 0.7, 0.8, 0.9]), truth, "balanced-accuracy").at == pytest.approx(
        0.75
    )


def test_of_two_best_places_far_apart_the_nearer_to_a_half():
    shares, truth = np.array([0.9, 0.7, 0.45, 0.2]), np.array([True, False, True, False])
    found = best_threshold(shares, truth, "balanced-accuracy")  # 0.75 above 0.7 and above 0.2
    assert (round(found.at, 3), found.score) == (0.325, 0.75)


def test_costs_move_it_where_probabilities_are_true():
    random = np.random.default_rng(0)
    shares = random.random(200_000)
    found = best_threshold(shares, random.random(200_000) < shares, "cost:miss=9,false-alarm=1")
    assert found.at == pytest.approx(0.1, abs=0.02)  # Elkan 2001: 1 / (1 + 9)


def test_neighbouring_floats_are_told_apart():
    low = np.float32(0.3)
    shares = np.array([low, np.nextafter(low, np.float32(1))], np.float32)
    found = best_threshold(shares, np.array([False, True]), "f1")
    assert (shares.astype(np.float64) > found.at).tolist() == [False, True]


@pytest.mark.parametrize(
    ("shares", "truth", "words"),
    [
        (np.array([0.2, 0.4]), np.array([True, True]), "rows of both kinds, and all 2 are of one"),
        (np.array([np.nan, 0.4]), np.array([True, False]), "some here are no numbers"),
    ],
)
def test_rows_that_tell_nothing(shares, truth, words):
    with pytest.raises(UsageError, match=words):
        best_threshold(shares, truth, "f1")


@pytest.mark.parametrize(
    "word", ["0", "1", "-0.2", "nan", "1e9", "f2", "", "cost:miss=0", "f1:miss=2", "cost:hit=2"]
)
def test_wrong_thresholds(word):
    with pytest.raises(UsageError):
        fixed(word)


def test_scores_are_told_in_their_own_words():
    assert shown("balanced-accuracy", 0.5) == "balanced accuracy 0.5" and shown("cost", 0.0) == "cost 0 a row"


def test_correction_undoes_what_even_weights_did():
    """A weighted model's log loss on rows with the true shares falls; its order of rows stays."""
    data = load_breast_cancer()
    rows = np.concatenate([np.flatnonzero(data.target == 0)[:30], np.flatnonzero(data.target == 1)])
    x, y = data.data[rows][:, :2] / data.data[:, :2].std(0), data.target[rows]
    model = LogisticRegression(class_weight="balanced").fit(x[::2], y[::2])
    shares = model.predict_proba(x[1::2])
    better = prior_corrected(shares, learnt=[1, 1], true=np.bincount(y[::2]).tolist())
    assert log_loss(y[1::2], better) < 0.8 * log_loss(y[1::2], shares)
    np.testing.assert_allclose(better.sum(1), 1)
    assert average_precision_score(y[1::2], better[:, 1]) == average_precision_score(y[1::2], shares[:, 1])
    np.testing.assert_allclose(
        prior_corrected(better, learnt=np.bincount(y[::2]).tolist(), true=[1, 1]), shares
    )


@pytest.mark.parametrize(
    ("learnt", "true"), [([1, 1, 1], [1, 1]), ([1, -1], [1, 1]), ([0, 0], [1, 1]), ([1, 0], [1, 1])]
)
def test_shares_that_cannot_be(learnt, true):
    with pytest.raises(UsageError):
        prior_corrected(np.full((3, 2), 0.5), learnt=learnt, true=true)
