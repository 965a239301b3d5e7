from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradwise.trace.rows import SampleRows
from gradwise.trace.thin import StepBuckets, rows_to_drop, spikes

numbers = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([float("nan"), float("inf"), float("-inf")]))


@given(
    start=st.integers(0, 1000),
    blocks=st.lists(st.tuples(st.integers(0, 3), st.lists(numbers, max_size=40)), max_size=12),
    limit=st.sampled_from([2, 5, 16, 1000]),
)
def test_buckets_say_of_the_values_what_is_so(start, blocks, limit):
    buckets = StepBuckets(limit)
    steps, values, step = [], [], start
    for gap, block in blocks:
        step += gap
        mine = np.arange(step, step + len(block))
        buckets.add(mine, np.array(block))
        steps += mine.tolist()
        values += block
        step += len(block)
    kept = buckets.view()
    assert len(kept) <= limit
    assert kept["count"].sum() == len(values)
    position = 0
    for bucket in kept:
        part = np.array(values[position : position + bucket["count"]])
        assert bucket["step"] == steps[position]
        assert steps[position + bucket["count"] - 1] - bucket["step"] < buckets.width
        finite = part[np.isfinite(part)]
        assert bucket["nonfinite"] == len(part) - len(finite)
        if len(finite):
            np.testing.assert_allclose(bucket["mean"], finite.mean(), rtol=1e-9, atol=1e-6)
            assert (bucket["low"], bucket["high"]) == (finite.min(), finite.max())
        else:
            assert np.isnan([bucket["mean"], bucket["low"], bucket["high"]]).all()
        position += bucket["count"]


def test_short_runs_have_buckets_of_one():
    buckets = StepBuckets()
    buckets.add(np.arange(8192), np.zeros(8192))
    assert (len(buckets), buckets.width) == (8192, 1)
    buckets.add(np.array([8192]), np.zeros(1))
    assert (len(buckets), buckets.width) == (4097, 2)


def test_buckets_that_did_not_change_are_not_written_again():
    buckets = StepBuckets(100)
    buckets.add(np.arange(90), np.zeros(90))
    buckets.changed_from = len(buckets)
    buckets.add(np.arange(90, 95), np.zeros(5))
    assert buckets.changed_from == 90
    buckets.changed_from = len(buckets)
    buckets.add(np.arange(95, 105), np.zeros(10))  # now pairs
    assert buckets.changed_from == 0
    buckets.changed_from = len(buckets)
    buckets.add(np.arange(105, 106), np.zeros(1))
    assert buckets.changed_from == 52, "the last pair was half full"


def test_spikes_are_the_largest_and_what_stands_out():
    scores = np.concatenate((np.full(50, 1000.0), np.full(50, 1.0)))
    scores[80] = 30.0
    scores[10] = 1100.0
    scores[20] = np.nan
    assert spikes(scores, 8) == {10, 80}
    assert spikes(np.full(9, np.nan), 8) == set()


def _drop(steps, keep=frozenset(), excess=1):
    steps = np.asarray(steps)
    return [int(steps[i]) for i in rows_to_drop(steps, np.ones(len(steps), np.int64), set(keep), excess)]


def test_rows_go_where_they_stand_densest():
    assert _drop([0, 10, 20, 24, 28, 38, 48]) == [24]


def test_pairs_go_together_and_the_last_stays():
    assert _drop([0, 1, 10, 11, 12, 13, 30, 31, 50, 51], excess=1) == [10, 11]
    assert 51 not in _drop([0, 1, 10, 11, 30, 31, 50, 51], excess=100)


def test_kept_rows_go_only_when_nothing_else_is_left():
    steps = np.arange(0, 200, 10)
    assert 50 not in _drop(steps, keep={5}, excess=17)
    assert 50 in _drop(steps, keep={5}, excess=18)


def _feed(rows: SampleRows, steps, gradients, extra=None):
    layout = rows.layout([("grad_norm", "w"), ("act_nonfinite", "m")])
    for step in steps:
        rows.add(step, layout, np.array([gradients.get(step, 1.0), (extra or {}).get(step, 0)], np.float32))


def _steps(rows: SampleRows):
    return sorted(row.step for row in rows._rows.values())


def test_first_rows_spikes_and_nonfinite_rows_outlive_thinning():
    rows = SampleRows(row_limit=200)
    _feed(rows, range(0, 100_000, 10), {50_000: 80.0, 70_000: 7.0, 33_330: float("inf")}, {61_230: 3})
    kept = _steps(rows)
    assert len(kept) <= 200
    assert kept[:20] == list(range(0, 200, 10))
    assert {50_000, 70_000, 33_330, 61_230} <= set(kept)
    assert kept[-1] == 99_990


def test_rows_stay_even_over_the_run():
    rows = SampleRows(row_limit=400)
    _feed(rows, (step for pair in range(0, 400_000, 50) for step in (pair, pair + 1)), {})
    kept = np.array(_steps(rows))
    per_tenth = np.histogram(kept, 10, (0, 400_000))[0]
    assert per_tenth.min() > 0.4 * per_tenth[1:].max(), "gaps are halves and doubles of each other"
    alone = [s for s in kept if s % 2 == 0 and s + 1 not in kept]
    assert not alone, "pairs stay pairs"


def test_a_run_full_of_nonfinite_rows_is_bounded_too():
    rows = SampleRows(row_limit=100)
    _feed(rows, range(0, 50_000, 10), dict.fromkeys(range(0, 50_000, 10), float("inf")))
    assert len(rows) <= 100


def test_large_rows_are_bounded_by_bytes():
    rows = SampleRows(byte_limit=1_000_000)
    layout = rows.layout([("grad_norm", str(i)) for i in range(5000)])
    for step in range(0, 3000, 10):
        rows.add(step, layout, np.full(5000, step, np.float32))
    assert 30 <= len(rows) <= 50
    assert rows._bytes <= 1_000_000
