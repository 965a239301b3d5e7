"""Numbers of a trace as a page takes them: few enough, rounded, and safe in JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradwise.trace.model import Floats, Ints, Series, Table

MAX_BUCKETS = 600  # points of a line; a report column is about 700 pixels wide
MAX_SAMPLES = 240  # columns of a heat map and points of a sampled line
CURVE_DIGITS = 6  # significant digits of a line, which may be zoomed into
MAP_DIGITS = 4  # significant digits of a heat map's cell: beyond what its colour can show


def numbers(values: Any, digits: int = CURVE_DIGITS) -> list[float | None]:
    """Floats rounded to significant digits; NaN and infinities become null.

    >>> import numpy as np
    >>> numbers(np.array([1 / 3, np.nan, np.inf, 2e-7]))
    [0.333333, None, None, 2e-07]
    """
    return [
        float(f"{value:.{digits}g}") if np.isfinite(value) else None
        for value in np.asarray(values, np.float64).tolist()
    ]


def whole(values: Ints) -> list[int]:
    """Step numbers as plain integers."""
    return [int(value) for value in values]


def fewer_buckets(series: Series, limit: int = MAX_BUCKETS) -> Series:
    """At most ``limit`` buckets: neighbours merged, extremes and non-finite counts kept."""
    size = len(series)
    if size <= limit:
        return series
    edges = np.linspace(0, size, limit + 1).astype(np.int64)[:-1]
    weight = np.where(np.isfinite(series.mean), series.counts, 0).astype(np.float64)
    total = np.add.reduceat(weight, edges)
    summed = np.add.reduceat(np.nan_to_num(series.mean) * weight, edges)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(total > 0, summed / total, np.nan)
    return Series(
        series.steps[edges],
        np.add.reduceat(series.counts, edges),
        mean,
        np.fmin.reduceat(series.low, edges),
        np.fmax.reduceat(series.high, edges),
        np.add.reduceat(series.nonfinite, edges),
    )


def fewer_samples(table: Table, limit: int = MAX_SAMPLES) -> Table:
    """At most ``limit`` rows: evenly chosen along the samples, the first and last always kept."""
    size = len(table)
    if size <= limit:
        return table
    keep = np.unique(np.linspace(0, size - 1, limit).round().astype(np.int64))
    return Table(table.steps[keep], table.places, table.values[keep])


def only_places(table: Table, places: Iterable[str]) -> Table:
    """The columns of these places, in this order, those that exist."""
    known = {name: column for column, name in enumerate(table.places)}
    kept = tuple(name for name in dict.fromkeys(places) if name in known)
    return Table(table.steps, kept, table.values[:, [known[name] for name in kept]])


def ratio(above: Table, below: Table) -> Table:
    """Column-wise ``above / below`` at the steps and places that both hold; NaN where undefined."""
    steps, rows_a, rows_b = np.intersect1d(above.steps, below.steps, return_indices=True)
    places = tuple(name for name in above.places if name in set(below.places))
    top = only_places(above, places).values[rows_a]
    bottom = only_places(below, places).values[rows_b]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(bottom > 0, top / bottom, np.nan)
    return Table(steps.astype(np.int64), places, values)


def rolling_median(values: Floats, width: int) -> Floats:
    """Median of the finite values within a centred window; NaN where there is none."""
    half = width // 2
    padded: NDArray[np.float64] = np.pad(values, half, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    median = np.full(len(values), np.nan)
    some = np.isfinite(windows).any(axis=1)
    median[some] = np.nanmedian(np.where(np.isfinite(windows[some]), windows[some], np.nan), axis=1)
    return median


def wants_log(values: Any, spread: float = 50.0) -> bool:
    """Whether a logarithmic axis shows these values better: all positive, over ``spread``-fold apart."""
    array = np.asarray(values, np.float64)
    finite = array[np.isfinite(array)]
    return bool(finite.size and finite.min() > 0 and finite.max() > spread * finite.min())
