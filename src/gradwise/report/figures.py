"""Plots of a run as plain Plotly dictionaries; colours are named here and chosen by the page.

A trace carries ``meta.tone`` (0..5) and a shade or mark carries the group of
its finding as ``name``; the page's script turns both into colours of the
current light or dark theme.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwise.report import points, words
from gradwise.trace.findings import Finding
from gradwise.trace.model import Floats, Ints, Series, Table, Trace
from gradwise.trace.signals import SIGNALS

Json = dict[str, Any]

MAX_LINES = 6  # lines of one plot; more are summed up as smallest, median and largest
FEW_SAMPLES = 40  # sampled steps up to which each is marked by a dot
SMOOTH_FROM = 60  # points from which a line gets a rolling median on top
SMOOTH_SHARE = 25  # the median's window is this fraction of the points

TITLES = {
    "loss": "Training loss",
    "rate": "Learning rate",
    "step_seconds": "Time of a step",
    "data_seconds": "Time spent waiting for data",
    "grad_norm": "Gradient norm",
    "weight_norm": "Weight norm",
    "update_norm": "Size of the update",
    "act_mean": "Mean of the output",
    "act_std": "Spread of the output",
    "act_absmax": "Largest output",
    "silent_share": "Share of silent units",
    "saturated_share": "Share of saturated outputs",
    "zero_share": "Share of zeros",
    "val_loss": "Validation loss",
    "val_accuracy": "Validation accuracy",
    "accuracy": "Training accuracy",
    "criterion": "Loss, as the loss function returned it",
    "trivial": "Loss of the best constant prediction",
    "weight_rows": "Difference between the rows of a weight",
    "grad_rows": "Difference between the rows of a gradient",
    "sample_std": "Spread over the samples, relative to the output",
    "nonpositive_share": "Share of outputs at or below zero",
    "act_nonfinite": "NaN or infinite outputs",
    "stale_grad_norm": "Norm of gradients left over from earlier steps",
    "row_sum_error": "Distance of the rows' sums from 1",
    "outside_share": "Share of targets out of reach",
    "label_top_share": "Share of the most frequent class in the batch",
    "label_kinds": "Classes in the batch",
    "label_kinds_expected": "Classes expected in a shuffled batch",
    "input_absmax": "Largest input",
    "input_rms": "Root mean square of the input",
    "input_column_ratio": "Spread of the widest over the narrowest input column",
    "input_nonfinite": "NaN or infinite inputs",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One plot: its name in the page, a title, words for those who cannot see it, and its content."""

    name: str
    title: str
    caption: str
    data: list[Json]
    layout: Json = field(default_factory=dict)

    def to_json(self) -> Json:
        """What Plotly needs."""
        return {"name": self.name, "data": self.data, "layout": self.layout}


def title_of(signal: str) -> str:
    """A signal as a heading: ``Gradient norm``."""
    return TITLES.get(signal, signal.replace("_", " ").capitalize())


def line(x: Ints, y: Floats, name: str, tone: int, **style: Any) -> Json:
    """One line; ``style`` overrides what Plotly is told (mode, opacity, hover, visibility)."""
    return {
        "type": "scatter",
        "mode": "lines" if len(x) > 1 else "markers",
        "x": points.whole(x),
        "y": points.numbers(y),
        "name": words.plot_text(name),
        "meta": {"tone": tone},
        "line": {"width": 2},
        **style,
    }


def series_lines(series: Series, name: str, tone: int) -> list[Json]:
    """A per-step signal: range of each bucket as a band, the value faint, its rolling median strong."""
    thin = points.fewer_buckets(series)
    if len(thin) < SMOOTH_FROM:
        return [line(thin.steps, thin.mean, name, tone)]
    bands: list[Json] = []
    if bool((thin.counts > 1).any()):
        band = {"line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
        bands = [
            line(thin.steps, thin.low, name, tone, **band),
            line(thin.steps, thin.high, name, tone, fill="tonexty", **band),
        ]
    smooth = points.rolling_median(thin.mean, max(len(thin) // SMOOTH_SHARE, 3))
    faint = line(thin.steps, thin.mean, f"{name}, each step", tone, opacity=0.35, showlegend=False)
    faint["line"] = {"width": 1}
    return [*bands, faint, line(thin.steps, smooth, name, tone)]


def table_lines(table: Table, *, mode: str = "") -> list[Json]:
    """A sampled signal: a line for each place, or smallest, median and largest when there are many."""
    thin = points.fewer_samples(table)
    style: Json = {"mode": mode or ("lines+markers" if len(thin) <= FEW_SAMPLES else "lines")}
    if len(thin.places) <= MAX_LINES:
        return [
            line(thin.steps[known], values[known], place, tone, **style)
            for tone, place in enumerate(thin.places)
            if (known := ~np.isnan(values := thin.column(place))).any()
        ]
    return spread_lines(thin)


def spread_lines(table: Table) -> list[Json]:
    """Largest, median and smallest over the places, as lines with a band between."""
    thin = points.fewer_samples(table)
    known = np.isfinite(thin.values).any(axis=1)
    if not known.any():
        return []
    steps, values = thin.steps[known], np.where(np.isfinite(thin.values[known]), thin.values[known], np.nan)
    quiet = {"width": 1}
    return [
        line(steps, np.nanmin(values, axis=1), "smallest", 0, line=quiet),
        line(steps, np.nanmax(values, axis=1), "largest", 0, line=quiet, fill="tonexty"),
        line(steps, np.nanmedian(values, axis=1), "median", 0),
    ]


def nonfinite_marks(series: Series) -> list[Json]:
    """Crosses at the bottom of the plot where a value was NaN or infinite."""
    bad = series.nonfinite > 0
    if not bad.any():
        return []
    steps = series.steps[bad][: points.MAX_BUCKETS]
    seen = series.low[np.isfinite(series.low)]
    floor = float(seen.min()) if seen.size else 0.0
    marks = line(steps, np.full(len(steps), floor), "NaN or infinite", 5, mode="markers")
    marks["marker"] = {"symbol": "x", "size": 9}
    marks["hovertemplate"] = "NaN or infinite<extra></extra>"
    return [marks]


def layout(data: Sequence[Json], unit: str, *, log: bool | None = None) -> Json:
    """Axes of a plot over steps; the value axis is logarithmic where that shows more."""
    values = [value for trace in data for value in trace["y"] if value is not None]
    use_log = points.wants_log(values) if log is None else log
    axis: Json = {"title": {"text": unit}, "type": "log" if use_log else "linear", "exponentformat": "power"}
    if use_log:  # a tick for each power of ten, or at 1, 2 and 5 where there are few of them
        wide = points.wants_log(values, spread=1000.0)
        axis |= {"dtick": 1} if wide else {"dtick": "D2", "tickformat": "~g"}
    elif values and min(values) >= 0:
        axis["rangemode"] = "tozero"
    if unit == "share":
        axis |= {"range": [-0.03, 1.03], "tickformat": ".0%", "title": {"text": ""}, "type": "linear"}
    return {"xaxis": {"title": {"text": "step"}}, "yaxis": axis, "shapes": [], "annotations": []}


def shade(figure: Figure, findings: Iterable[Finding], signals: Iterable[str], trace: Trace) -> Figure:
    """Mark the stretches of these signals that the findings name as their evidence."""
    wanted = set(signals)
    stop = max(trace.first_step + trace.steps, 1)
    marked: set[tuple[str, int, int]] = set()
    for finding in findings:
        for evidence in finding.evidence:
            first, last = max(evidence.first_step, trace.first_step), min(evidence.last_step, stop)
            key = (finding.code, first, last)
            if evidence.signal not in wanted or last < first or key in marked:
                continue
            marked.add(key)
            figure.layout["shapes"].append(
                {
                    "type": "rect",
                    "name": finding.group,
                    "x0": first - 0.5,
                    "x1": last + 0.5,
                    "yref": "paper",
                    "y0": 0,
                    "y1": 1,
                    "layer": "below",
                    "line": {"width": 0},
                }
            )
            figure.layout["annotations"].append(_tag(finding, first, len(marked) - 1))
    return figure


def limit_line(figure: Figure, value: float, text: str) -> Figure:
    """A dashed level across the plot, named at its right end."""
    figure.layout["shapes"].append(
        {"type": "line", "name": "limit", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value}
    )
    log = figure.layout["yaxis"]["type"] == "log"
    figure.layout["annotations"].append(
        {
            "name": "limit",
            "text": text,
            "xref": "paper",
            "x": 1,
            "xanchor": "right",
            "y": float(np.log10(value)) if log else value,
            "yanchor": "bottom",
            "showarrow": False,
        }
    )
    return figure


def unit_of(signal: str) -> str:
    """The unit of a signal for its axis; nothing for plain numbers."""
    known = SIGNALS.get(signal)
    return "" if known is None or known.unit == "1" else known.unit


def _tag(finding: Finding, step: int, row: int) -> Json:
    return {
        "name": finding.group,
        "text": words.plot_text(finding.code),
        "x": step,
        "xanchor": "left",
        "yref": "paper",
        "y": 1 - 0.09 * (row % 8),
        "yanchor": "top",
        "showarrow": False,
    }
