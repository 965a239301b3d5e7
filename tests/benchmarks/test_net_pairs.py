"""The interval of a paired difference, and what is printed of it."""

from __future__ import annotations

import pytest
from scipy.stats import ttest_rel

from benchmarks.nets.pairs import Difference, by_seed, report

ONES, OTHERS = [0.91, 0.92, 0.90, 0.95], [0.90, 0.90, 0.89, 0.91]


def test_the_interval_is_that_of_a_paired_t_test():
    found = Difference.of(ONES, OTHERS)
    wanted = ttest_rel(ONES, OTHERS).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert found.mean == pytest.approx(0.02)


def test_ways_take_turns_and_are_compared_with_the_base(capsys):
    calls = []
    ways = {"old": lambda seed: calls.append(("old", seed)) or OTHERS[seed], "new": lambda seed: ONES[seed]}
    scores = by_seed(ways, range(4))
    assert calls == [("old", seed) for seed in range(4)] and scores == {"old": OTHERS, "new": ONES}
    assert "seed 3: old 0.9100, new 0.9500" in capsys.readouterr().err
    lines = report(scores, "old").splitlines()
    assert lines[0] == "old: 0.9000"
    assert lines[1].startswith("new: 0.9200, +0.0200 (95 % interval -0.0025 to +0.0425) over old")
