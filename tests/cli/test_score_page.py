"""The page of scores fits on a screen, however many classes there are."""

from __future__ import annotations

import numpy as np

from gradwise.cli.score_page import render
from gradwise.data.examples import Task
from gradwise.fitting.scores import score


def page(names: list[str], rows: int = 2000) -> str:
    draw = np.random.default_rng(0)
    target = draw.integers(0, len(names), rows)
    outputs = draw.random((rows, len(names))) + 0.9 * np.eye(len(names))[target]
    task = Task("classes", ("kind",), tuple(names))
    return render(score(task, outputs / outputs.sum(axis=1, keepdims=True), target), names)


def test_few_classes_get_their_matrix_in_straight_columns() -> None:
    lines = page(["cat", "dog", "a class with a very long name indeed"]).splitlines()
    at = lines.index("truth \\ predicted")
    assert len({len(line) for line in lines[at + 1 : at + 5]}) == 1
    assert lines[at + 4].startswith("a class with a very lon… ")
    assert max(map(len, lines)) <= 80
    table = lines.index(next(line for line in lines if line.startswith("class")))
    assert len({len(line) for line in lines[table : table + 4]}) == 1


def test_many_classes_get_the_worst_ones_and_the_most_frequent_confusions() -> None:
    text = page([f"k{at}" for at in range(60)], rows=20_000)
    lines = text.splitlines()
    assert "truth \\ predicted" not in text
    assert "class (worst 30)" in text
    assert "... and 30 more; --json lists all" in lines
    first = lines.index("most frequent confusions (truth -> predicted)") + 1
    counts = [int(line.split(": ")[1].split()[0]) for line in lines[first : first + 10]]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] >= 2
    assert "other pairs; --json holds the matrix" in lines[first + 10]
    assert len(lines) < 70


def test_the_worst_class_comes_first() -> None:
    names = [f"k{at:02}" for at in range(40)]
    target = np.repeat(np.arange(40), 10)
    outputs = np.eye(40)[np.where(target == 17, 3, target)]
    lines = render(score(Task("classes", ("kind",), tuple(names)), outputs, target), names).splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("class (worst"))
    assert lines[at + 1].split() == ["k17", "-", "0.000", "0.000", "10"]
    assert "k17 -> k03: 10 rows, 100 % of k17" in lines


def test_one_target_is_not_told_twice_and_large_numbers_stay_short() -> None:
    target = np.array([[1e9], [3e9]])
    text = render(score(Task("numbers", ("price",)), target * 1.1, target), ())
    assert "price" not in text
    assert "rmse               2.23607e+08" in text.splitlines()
