"""Splits: sizes, classes, time, groups, chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwise.data.examples import Array, Split
from gradwise.data.opening import open_source
from gradwise.data.splitting import split
from gradwise.errors import UsageError
from tests.data.tabular import real_frame


@dataclass
class Rows:
    """As much of a source as a split looks at."""

    classes: Array | None = None
    groups: Array | None = None
    moments: Array | None = None
    rows: int = 0
    kind: str = "table"

    def __len__(self) -> int:
        given = [part for part in (self.classes, self.groups, self.moments) if part is not None]
        return len(given[0]) if given else self.rows

    def strata(self) -> Array | None:
        return self.classes


def parts(made: Split) -> list[list[int]]:
    return [part.tolist() for part in (made.train, made.valid, made.test)]


def check_whole(made: Split, rows: int) -> None:
    together = np.concatenate([made.train, made.valid, made.test])
    assert sorted(together.tolist()) == list(range(rows))
    assert all((np.diff(part) > 0).all() for part in (made.train, made.valid, made.test))


def test_real_classes_keep_their_shares(tmp_path) -> None:
    real_frame("wine").write_csv(tmp_path / "wine.csv")
    source = open_source(tmp_path / "wine.csv", target="target")
    made = split(source, valid=0.2, test=0.1, seed=3)
    check_whole(made, 178)
    classes = source.strata()
    for part, share in ((made.train, 0.7), (made.valid, 0.2), (made.test, 0.1)):
        np.testing.assert_allclose(np.bincount(classes[part]), np.bincount(classes) * share, atol=1.01)
    (choice,) = made.choices
    assert choice.value == "stratified by class"
    assert (
        f"{len(made.train)} rows to train, {len(made.valid)} to validate, {len(made.test)} to test"
        in choice.reason
    )


def test_the_seed_decides() -> None:
    rows = Rows(rows=100)
    assert parts(split(rows, seed=1)) == parts(split(rows, seed=1))
    assert parts(split(rows, seed=1)) != parts(split(rows, seed=2))


def test_a_class_of_two_is_in_both_and_of_one_in_training() -> None:
    classes = np.array([0] * 50 + [1] * 2 + [2])
    made = split(Rows(classes=classes), valid=0.2, seed=0)
    assert sorted(set(classes[made.valid])) == [0, 1]
    assert 52 in made.train
    assert "1 class has one row, which is trained on" in made.choices[0].reason


def test_classes_of_one_row_each_are_split_by_chance() -> None:
    made = split(Rows(classes=np.arange(10)), valid=0.2)
    assert len(made.valid) == 2 and made.choices[0].value == "by chance"


def test_the_latest_rows_are_kept_apart_though_the_file_is_unsorted() -> None:
    moments = np.random.default_rng(0).permutation(100)
    made = split(Rows(moments=moments), valid=0.2, test=0.1)
    assert moments[made.train].max() < moments[made.valid].min()
    assert moments[made.valid].max() < moments[made.test].min()
    assert [len(made.train), len(made.valid), len(made.test)] == [70, 20, 10]
    assert "not in order of time" in made.choices[0].reason


def test_rows_of_one_moment_stay_together() -> None:
    moments = np.repeat(np.arange(10), 10)
    made = split(Rows(moments=moments), valid=0.25)
    assert not set(moments[made.train]) & set(moments[made.valid])
    assert len(made.valid) in (20, 30)


def test_rows_that_are_all_of_one_moment_are_still_split() -> None:
    made = split(Rows(moments=np.zeros(10)), valid=0.2)
    assert [len(made.train), len(made.valid)] == [8, 2]


def test_groups_stay_on_one_side_near_the_share() -> None:
    groups = np.random.default_rng(0).integers(0, 40, 1000)
    made = split(Rows(groups=groups), valid=0.2, test=0.1, seed=5)
    check_whole(made, 1000)
    sides = [set(groups[part]) for part in (made.train, made.valid, made.test)]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert len(made.valid) == pytest.approx(200, abs=30) and len(made.test) == pytest.approx(100, abs=30)


def test_groups_with_moments_are_taken_latest_first() -> None:
    groups = np.repeat(np.arange(10), 5)
    made = split(Rows(groups=groups, moments=groups * 1.0), valid=0.2)
    assert sorted(set(groups[made.valid])) == [8, 9]


def test_no_validation_leaves_all_rows_to_training() -> None:
    made = split(Rows(rows=5), valid=0)
    assert parts(made) == [[0, 1, 2, 3, 4], [], []]


def test_a_test_part_without_validation() -> None:
    made = split(Rows(rows=10), valid=0, test=0.3)
    assert [len(made.train), len(made.valid), len(made.test)] == [7, 0, 3]


@pytest.mark.parametrize(
    ("rows", "valid", "test", "words"),
    [
        (0, 0.2, 0, "need 2 rows at least, and there are 0"),
        (1, 0.2, 0, "need 2 rows at least, and there is 1"),
        (2, 0.2, 0.2, "training, validation and test need 3 rows"),
        (9, 0.5, 0.5, "leave no rows to train on"),
        (9, -0.1, 0, "--valid takes a share"),
        (9, 0.2, 1.5, "--test takes a share"),
    ],
)
def test_impossible_splits_are_told(rows, valid, test, words) -> None:
    with pytest.raises(UsageError, match=words):
        split(Rows(rows=rows), valid=valid, test=test)


@given(
    classes=st.lists(st.integers(0, 4), min_size=3, max_size=60),
    valid=st.floats(0.01, 0.5),
    test=st.floats(0.0, 0.4),
    by=st.sampled_from(["classes", "groups", "moments"]),
)
def test_every_row_is_in_one_part_and_none_is_empty(classes, valid, test, by) -> None:
    values = np.unique(classes, return_inverse=True)[1].astype(np.int64)
    try:
        made = split(Rows(**{by: values}), valid=valid, test=test)
    except UsageError:
        assert by == "groups" and len(set(classes)) < 3
        return
    check_whole(made, len(values))
    assert len(made.train) and len(made.valid) and (len(made.test) > 0) == (test > 0)
    if made.choices[0].value == "stratified by class":
        counts = np.bincount(values)
        assert set(values[made.train]) == set(values)
        if (counts >= 2 + (test > 0)).all():
            assert set(values[made.valid]) == set(values)
