"""Parts for cross-validation keep classes, groups and time as they should."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from gradwise.baselines.folds import Order, sample, split_folds
from gradwise.errors import UsageError


def test_every_row_is_predicted_once_and_classes_keep_their_shares() -> None:
    strata = np.array([0] * 60 + [1] * 30 + [2] * 10)
    folds, choice = split_folds(Order(100, strata), 5)
    assert np.sort(np.concatenate([fold.test for fold in folds])).tolist() == list(range(100))
    for fold in folds:
        assert np.intersect1d(fold.train, fold.test).size == 0
        assert np.bincount(strata[fold.test]).tolist() == [12, 6, 2]
    assert choice.value == "5, stratified by class"


def test_another_seed_parts_otherwise_and_the_same_alike() -> None:
    first, second, again = (split_folds(Order(40), 4, seed)[0][0].test.tolist() for seed in (0, 1, 0))
    assert first == again != second


def test_classes_of_one_row_each_part_by_chance() -> None:
    folds, choice = split_folds(Order(20, np.arange(20)), 5)
    assert len(folds) == 5 and choice.value == "5, by chance"


@pytest.mark.parametrize("strata", [None, np.arange(60) % 2])
def test_groups_stay_on_one_side(strata) -> None:
    groups = np.arange(60) // 5
    folds, choice = split_folds(Order(60, strata, groups), 4)
    assert "by group" in choice.value
    for fold in folds:
        assert np.intersect1d(groups[fold.train], groups[fold.test]).size == 0
    assert np.sort(np.concatenate([fold.test for fold in folds])).tolist() == list(range(60))


def test_time_is_predicted_from_the_past_alone_and_moments_stay_whole() -> None:
    moments = np.random.default_rng(0).permutation(np.arange(60) // 7)
    folds, _ = split_folds(Order(60, np.arange(60) % 2, moments=moments), 3)
    for earlier, later in pairwise(folds):
        assert moments[earlier.test].max() < moments[later.test].min()
    for fold in folds:
        assert moments[fold.train].max() < moments[fold.test].min()
    assert np.concatenate([folds[0].train, *(fold.test for fold in folds)]).size == 60


def test_groups_of_time_are_whole_and_the_latest_come_last() -> None:
    moments = np.arange(60)
    groups = (np.arange(60) * 7 % 60) // 5
    folds, _ = split_folds(Order(60, groups=groups, moments=moments), 3)
    ends = np.array([moments[groups == group].max() for group in range(12)])
    for fold in folds:
        assert np.intersect1d(groups[fold.train], groups[fold.test]).size == 0
        assert ends[groups[fold.train]].max() < ends[groups[fold.test]].min()


def test_uneven_moments_leave_no_fold_empty() -> None:
    folds, _ = split_folds(Order(100, moments=np.array([0] * 90 + list(range(1, 11)))), 5)
    assert [len(fold.test) > 0 and len(fold.train) > 0 for fold in folds] == [True] * 5


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order(9), "5 folds need 10 rows at least, 2 rows for each, and there are 9 rows"),
        (Order(1), "there is 1 row;"),
        (
            Order(40, groups=np.arange(40) % 3),
            "5 folds need 5 groups at least, and there are 3; give fewer --folds.",
        ),
        (Order(40, moments=np.arange(40) % 5), "6 different moments at least, and there are 5"),
    ],
)
def test_too_little_is_told(order, words) -> None:
    with pytest.raises(UsageError) as raised:
        split_folds(order, 5)
    assert words in str(raised.value)


def test_a_sample_keeps_rare_classes() -> None:
    strata = np.array([0] * 996 + [1] * 4)
    kept = sample(1000, 50, strata, seed=0)
    assert np.bincount(strata[kept]).tolist() == [50, 1]
    assert (np.diff(kept) > 0).all()
    assert not np.array_equal(kept, sample(1000, 50, strata, seed=1))
