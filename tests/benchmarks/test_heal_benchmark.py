"""What counts as healed, and whether the bars can be missed."""

import json
import math

import pytest

from benchmarks.detection.corpus import Pair
from benchmarks.heal import __main__ as command
from benchmarks.heal.measuring import Healing, reaches
from benchmarks.heal.results import holds, render, summary

RISING = Pair("a", "dead-relu", "", "max", (0.1, 0.3), (0.9, 0.8))
FALLING = Pair("a", "dead-relu", "", "min", (9.0, math.nan), (1.0, 2.0))


@pytest.mark.parametrize(
    ("pair", "values", "expected"),
    [
        (RISING, [0.76, 0.76], True),  # 0.8 less a tenth of the way from 0.3
        (RISING, [0.74, 0.74], False),
        (FALLING, [2.6, 2.6], True),
        (FALLING, [2.8, 2.8], False),
        (RISING, [0.9, None], False),
        (RISING, [0.9, math.nan], False),
        (RISING, [], False),
    ],
)
def test_a_tenth_of_the_way_may_be_missing(pair, values, expected):
    assert reaches(pair, values) is expected


def healed(**more):
    fields = {"verdict": "helped", "reached": True, "lot": False, "steps": 7.0, "edited": "same"}
    return Healing("a", "dead-relu", **{**fields, **more})


def test_every_bar_can_be_missed():
    good = [healed() for _ in range(9)]
    assert holds(good)
    assert not holds([*good[:5], *(healed(reached=False) for _ in range(2))])
    assert not holds([healed(lot=True) for _ in range(9)])
    assert not holds([healed(steps=9.0) for _ in range(9)])
    assert not holds([*good[:5], healed(edited="other")])
    assert not holds([healed(verdict="nothing to try")])
    assert not holds([*good, Healing("b", "", verdict="helped", worse=True)])


def test_scripts_that_no_cure_can_reach_are_counted_apart():
    text = summary([healed(), healed(verdict="nothing to try", reached=False)])
    assert "2 sick scripts, 1 with a cure to try" in text
    assert "and shown: 1 of 1 (100%)" in text


def test_healthy_scripts_are_counted_apart():
    done = [Healing("h", "", verdict="healthy"), Healing("g", "", verdict="helped", worse=True)]
    assert "2 healthy scripts: 1 left alone, 1 said to be helped, 1 made worse" in summary(done)
    assert "sick" not in summary(done)


def test_what_the_lot_did_is_counted_where_something_was_drawn():
    text = summary([healed(lot=True), healed(lot=None), healed()])
    assert "by lot: 1 of 2 (50%)" in text


def test_what_was_missed_stands_in_the_results_with_its_numbers():
    missed = healed(
        reached=False, verdict="not shown", words="not shown: no", arms=[[0.1, None], [0.2, 0.3], []]
    )
    text = render([healed(), missed], 3)
    assert "## Not reached" in text
    assert "| not shown: no | 0.1, none | 0.2, 0.3 |" in text
    assert "## Not reached" not in render([healed()], 3)


def test_outcomes_are_read_back(tmp_path):
    file = tmp_path / "done.jsonl"
    file.write_text(json.dumps({"label": "a", **healed().document()}) + "\n")
    assert holds(list(command._known(file).values()))


def test_a_sample_has_as_many_scripts_of_each_ailment_as_asked_for():
    options = command._options(["--per-rule", "1", "--limit", "7"])
    drawn = command._pairs(options)
    assert len({pair.expected for pair in drawn}) == len(drawn) == 7
    assert {pair.expected for pair in drawn} <= command.curable()
