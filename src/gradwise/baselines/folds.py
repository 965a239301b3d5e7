"""Parts for cross-validation: by class, by group or by time, the same for the same seed."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from gradwise.data.examples import Array, Choice, Source
from gradwise.errors import UsageError

USUAL = 5  # folds; Kohavi, IJCAI 1995, and scikit-learn's default
INNER = 3  # folds of the search for settings; two thirds are learnt from
LEAST_ROWS = 2  # of a fold
MOST = 50  # folds; more would each be a row or two, and cost as much


@dataclass(frozen=True, slots=True)
class Fold:
    """Row numbers, rising."""

    train: Array
    test: Array


@dataclass(frozen=True, slots=True)
class Order:
    """What decides which rows may part.

    Args:
        rows: how many.
        strata: (N,) classes, or None.
        groups: (N,) rows of one group stay on one side; or None.
        moments: (N,) later rows are predicted from earlier ones; or None.
    """

    rows: int
    strata: Array | None = None
    groups: Array | None = None
    moments: Array | None = None

    @classmethod
    def of(cls, source: Source) -> Order:
        """That of a source."""
        return cls(len(source), source.strata(), source.groups, source.moments)

    def take(self, rows: Array) -> Order:
        """That of some rows."""
        parts = (self.strata, self.groups, self.moments)
        return Order(len(rows), *(None if part is None else part[rows] for part in parts))


def split_folds(order: Order, count: int, seed: int = 0) -> tuple[list[Fold], Choice]:
    """Parts of which each is predicted once from the others; by time only from those before it.

    Rows with classes part by scikit-learn's StratifiedKFold with shuffling, others by its KFold; with groups
    by StratifiedGroupKFold or GroupKFold.

    Args:
        order: of the rows.
        count: folds.
        seed: of the shuffling.

    Raises:
        UsageError: too few rows, groups or moments.

    >>> parts, choice = split_folds(Order(6, moments=np.arange(6)), 2)
    >>> [(part.train.tolist(), part.test.tolist()) for part in parts]
    [([0, 1], [2, 3]), ([0, 1, 2, 3], [4, 5])]
    """
    needed = LEAST_ROWS * count
    if order.rows < needed:
        what = f"row{'s' * (order.rows != 1)}"
        raise UsageError(
            f"{count} folds need {needed} rows at least, {LEAST_ROWS} rows for each, and there "
            f"{'is' if order.rows == 1 else 'are'} {order.rows} {what}; give more data or fewer --folds."
        )
    if order.moments is not None:
        return _by_time(order, count)
    return _by_chance(order, count, seed)


def _by_chance(order: Order, count: int, seed: int) -> tuple[list[Fold], Choice]:
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    strata, groups = order.strata, order.groups
    how, why = "by chance", f"rows are taken as independent, seed {seed}"
    if strata is not None and np.bincount(strata).max() < count:
        strata = None  # no class could be shared out
    if strata is not None:
        how, why = "stratified by class", f"each class in the same shares, seed {seed}"
    form: Any = KFold if strata is None else StratifiedKFold
    if groups is not None:
        held = len(np.unique(groups))
        if held < count:
            there = "is 1" if held == 1 else f"are {held}"
            raise UsageError(
                f"{count} folds need {count} groups at least, and there {there}; "
                + ("give fewer --folds." if held > 1 else "give data of more groups, or leave --group out.")
            )
        form = GroupKFold if strata is None else StratifiedGroupKFold
        how, why = "by group", f"each of {held:,} groups on one side, seed {seed}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a class has fewer rows than folds
        parts = form(count, shuffle=True, random_state=seed).split(
            np.zeros((order.rows, 1)), np.zeros(order.rows) if strata is None else strata, groups
        )
        folds = [Fold(train, test) for train, test in parts if len(train) and len(test)]
    return folds, Choice("folds", f"{len(folds)}, {how}", why)


def _by_time(order: Order, count: int) -> tuple[list[Fold], Choice]:
    """Blocks of time; each but the first is predicted from all before it."""
    assert order.moments is not None
    last = order.moments if order.groups is None else _last_moments(order.groups, order.moments)
    key = np.zeros(order.rows, np.int64) if order.groups is None else order.groups
    sequence = np.lexsort((key, last))
    moments, groups = last[sequence], key[sequence]
    cuts = (
        np.flatnonzero((moments[1:] != moments[:-1]) & _differs(groups, whole=order.groups is not None)) + 1
    )
    if len(cuts) < count:
        raise UsageError(
            f"{count} folds by time need {count + 1} different moments at least, and there are "
            f"{len(cuts) + 1}; give fewer --folds, or leave --time out."
        )
    edges = [0]
    for part in range(1, count + 1):
        free = cuts[cuts > edges[-1]][: -(count - part) or None]
        edges.append(int(free[np.abs(free - round(part * order.rows / (count + 1))).argmin()]))
    edges.append(order.rows)
    folds = [
        Fold(np.sort(sequence[:start]), np.sort(sequence[start:end])) for start, end in pairwise(edges[1:])
    ]
    kept = "" if order.groups is None else "; each group on one side"
    why = f"each block of time is predicted from all before it{kept}"
    return folds, Choice("folds", f"{count}, by time", why)


def _differs(groups: Array, *, whole: bool) -> Array:
    return groups[1:] != groups[:-1] if whole else np.ones(len(groups) - 1, bool)


def _last_moments(groups: Array, moments: Array) -> Array:
    """(N,) the last moment of the group of every row."""
    ids, inverse = np.unique(groups, return_inverse=True)
    last = np.full(len(ids), moments.min(), moments.dtype)
    np.maximum.at(last, inverse, moments)
    return np.asarray(last[inverse])


def sample(rows: int, count: int, strata: Array | None, seed: int) -> Array:
    """Some of the rows, rising; of every class in its share, and one at least.

    >>> sample(3, 5, None, 0)
    array([0, 1, 2])
    >>> np.bincount(np.array([0] * 90 + [1] * 10)[sample(100, 20, np.array([0] * 90 + [1] * 10), 0)])
    array([18,  2])
    """
    if count >= rows:
        return np.arange(rows)
    shuffled = np.random.default_rng(seed).permutation(rows)
    if strata is None:
        return np.sort(shuffled[:count])
    kept = []
    for name in np.unique(strata):
        members = shuffled[strata[shuffled] == name]
        kept.append(members[: max(1, round(len(members) * count / rows))])
    return np.sort(np.concatenate(kept))
