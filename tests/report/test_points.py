import numpy as np
import pytest

from gradwise.report import points
from gradwise.trace.model import Series, Table


def test_fewer_buckets_keeps_mean_extremes_and_counts():
    values = np.sin(np.arange(5000.0))
    values[1234], values[4321], values[77] = 50.0, -50.0, np.nan
    whole = Series.of(values)
    thin = points.fewer_buckets(whole, 100)
    assert len(thin) == 100
    assert thin.steps[0] == 0
    assert thin.counts.sum() == 5000
    assert thin.nonfinite.sum() == 1
    assert (np.nanmax(thin.high), np.nanmin(thin.low)) == (50.0, -50.0)
    weights = thin.counts - thin.nonfinite
    assert np.average(thin.mean, weights=weights) == pytest.approx(np.nanmean(values))


def test_fewer_buckets_survives_stretches_of_nan():
    thin = points.fewer_buckets(Series.of([np.nan] * 1000), 10)
    assert np.isnan(thin.mean).all()
    assert thin.nonfinite.sum() == 1000


def test_short_series_and_tables_are_left_alone():
    series = Series.of([1.0, 2.0])
    assert points.fewer_buckets(series) is series
    table = Table(np.arange(3), ("a",), np.zeros((3, 1)))
    assert points.fewer_samples(table) is table


def test_fewer_samples_keeps_both_ends():
    table = Table(np.arange(0, 5000, 5), ("a", "b"), np.random.default_rng(0).normal(size=(1000, 2)))
    thin = points.fewer_samples(table, 50)
    assert len(thin) == 50
    assert (thin.steps[0], thin.steps[-1]) == (0, 4995)
    assert (thin.values[-1] == table.values[-1]).all()


def test_ratio_meets_on_common_steps_and_places():
    above = Table(np.array([1, 2, 3]), ("a", "b"), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    below = Table(np.array([2, 3, 4]), ("b", "c"), np.array([[2.0, 9.0], [0.0, 9.0], [1.0, 9.0]]))
    ratio = points.ratio(above, below)
    assert ratio.steps.tolist() == [2, 3]
    assert ratio.places == ("b",)
    assert ratio.values[0, 0] == 2.0
    assert np.isnan(ratio.values[1, 0])


def test_rolling_median_ignores_spikes_and_gaps():
    values = np.array([1.0, 1.0, 100.0, 1.0, np.nan, 1.0, 1.0])
    assert points.rolling_median(values, 3)[1:-1].tolist() == [1.0, 1.0, 50.5, 1.0, 1.0]
    assert np.isnan(points.rolling_median(np.full(4, np.nan), 3)).all()


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([1, 51], True),
        ([1, 49], False),
        ([0, 100], False),
        ([-1, 100], False),
        ([np.nan, 1, 99], True),
        ([], False),
    ],
)
def test_when_an_axis_is_logarithmic(values, log):
    assert points.wants_log(np.array(values, float)) is log
