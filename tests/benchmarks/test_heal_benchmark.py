"""What counts as healed, and whether the bars can be missed."""

import math

import pytest

from benchmarks.detection.corpus import Pair
from benchmarks.heal import __main__ as command
from benchmarks.heal.measuring import Healing, reaches

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
    fields = {"verdict": "helped", "reached": True, "cost": 7.0, "edited": "same"}
    return Healing("a", "dead-relu", **{**fields, **more})


def test_every_bar_can_be_missed():
    good = [healed() for _ in range(9)]
    assert command.holds(good)
    assert not command.holds([*good[:5], *(healed(reached=False) for _ in range(2))])
    assert not command.holds([healed(lot=True) for _ in range(9)])
    assert not command.holds([healed(cost=9.0) for _ in range(9)])
    assert not command.holds([*good[:5], healed(edited="other")])
    assert not command.holds([healed(verdict="nothing to try")])


def test_scripts_that_no_cure_can_reach_are_counted_apart():
    text = command.summary([healed(), healed(verdict="nothing to try", reached=False)])
    assert "2 scripts, 1 with a cure" in text and "fixed twin: 100%" in text
