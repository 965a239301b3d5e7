"""What a target column is taken for, and its cells as arrays."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from gradwise.data.target import take_target
from gradwise.data.target_coder import TargetCoder
from gradwise.errors import UsageError

KINDS = [
    (["a", "b", "a"], "classes"),
    ([True, False, True], "classes"),
    ([0, 1, 1, 0], "classes"),
    ([3, 1, 2] * 5, "classes"),
    ([0.0, 1.0, 1.0], "classes"),
    (["1", "0", "?", "1"], "classes"),
    (list(range(21)) * 5, "numbers"),
    ([1, 2, 3, 4], "numbers"),
    ([0.5, 1.0, 2.0], "numbers"),
    (["1,5", "2,5", "7,25"], "numbers"),
    ([f"kind {i % 40}" for i in range(60)], "classes"),
]


@pytest.mark.parametrize(("values", "kind"), KINDS)
def test_kinds(values: list[object], kind: str) -> None:
    rest, target, choices = take_target(pl.DataFrame({"x": range(len(values)), "y": values}), "y")
    assert target.kind == kind and rest.columns == ["x"]
    assert choices[0].name == "task" and choices[0].value == kind and "'y'" in choices[0].reason


def test_asking_decides() -> None:
    frame = pl.DataFrame({"y": [1, 2, 1, 2]})
    assert take_target(frame, "y", "numbers")[1].kind == "numbers"
    frame = pl.DataFrame({"y": [1.5, 2.5, 1.5]})
    assert take_target(frame, "y", "classes")[1].kind == "classes"


def test_classes_are_ordered_as_numbers_or_by_the_alphabet() -> None:
    for values, classes in (([10, 9, 10, 9], ("9", "10")), (["b", "a", "b"], ("a", "b"))):
        _, target, _ = take_target(pl.DataFrame({"y": values}), "y")
        coder = TargetCoder.fit(target, np.arange(len(values)))
        assert coder.task.classes == classes
        assert coder.encode(target).tolist() == [classes.index(str(value)) for value in values]
        assert coder.encode(target).dtype == np.int64


def test_rows_without_a_target_are_left_out_and_told() -> None:
    frame = pl.DataFrame({"x": range(6), "y": [1.5, None, 2.5, float("nan"), 3.5, 4.0]})
    rest, target, choices = take_target(frame, "y")
    assert rest["x"].to_list() == [0, 2, 4, 5] and target.rows.tolist() == [1, 3, 5, 6]
    assert choices[1].value == "2" and "(33 % of 6 rows: 2, 4)" in choices[1].reason


def test_strata_number_the_classes() -> None:
    _, target, _ = take_target(pl.DataFrame({"y": ["b", "a", "b", "c"]}), "y")
    assert target.strata().tolist() == [1, 0, 1, 2]
    _, target, _ = take_target(pl.DataFrame({"y": [0.5, 1.5, 9.5]}), "y")
    assert target.strata() is None


def test_numbers_are_standardised_by_the_training_rows() -> None:
    _, target, _ = take_target(pl.DataFrame({"y": [1.0, 3.0, 100.5]}), "y")
    coder = TargetCoder.fit(target, np.array([0, 1]))
    assert (coder.task.shift, coder.task.scale) == ((2.0,), (1.0,))
    np.testing.assert_array_equal(coder.encode(target), [[-1], [1], [98.5]])
    assert coder.encode(target).dtype == np.float32


def test_a_target_constant_in_training_only_is_told() -> None:
    _, target, _ = take_target(pl.DataFrame({"y": [1.5, 1.5, 100.5]}), "y")
    with pytest.raises(UsageError, match=r"'y' is 1\.5 in every row"):
        TargetCoder.fit(target, np.array([0, 1]))
    with pytest.raises(UsageError, match="in the only training row"):
        TargetCoder.fit(target, np.array([2]))
    with pytest.raises(UsageError, match="no training rows"):
        TargetCoder.fit(target, np.array([], np.int64))


def test_numbers_near_the_limit_of_float64_do_not_overflow() -> None:
    _, target, _ = take_target(pl.DataFrame({"y": [1e308, -1e308, 0.5, 1.5]}), "y")
    coder = TargetCoder.fit(target, np.arange(4))
    assert np.isfinite(coder.task.scale).all() and np.isfinite(coder.encode(target)).all()


def test_the_state_brings_the_coder_back() -> None:
    for values in (["a", "b", "a"], [0.1, 0.2, 0.7]):
        _, target, _ = take_target(pl.DataFrame({"y": values}), "y")
        coder = TargetCoder.fit(target, np.arange(3))
        assert TargetCoder.from_state(coder.state()) == coder


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1], [2]], "holds lists"),
        (pl.Series(["2020-01-01", "2020-01-02"]).str.to_date(), "holds dates"),
    ],
)
def test_cells_that_are_no_target(values: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        take_target(pl.DataFrame({"y": values}), "y")
