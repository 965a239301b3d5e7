"""One signal over layers and steps as a heat map: rows along the forward pass, columns the sampled steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gradwise.report import points, words
from gradwise.report.figures import Json
from gradwise.trace.findings import Finding
from gradwise.trace.model import Floats, Table, Trace

MAX_ROWS = 100  # rows of one map; more are merged with their neighbours
ROW_PIXELS = 16
X_TICKS = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its label and the columns of the table that it sums up (by their median)."""

    label: str
    columns: tuple[int, ...]
    marked: bool = False


@dataclass(frozen=True, slots=True)
class HeatMap:
    """One choice of the heat map: name and label for the menu, and what Plotly draws."""

    name: str
    label: str
    data: list[Json]
    layout: Json

    def to_json(self) -> Json:
        """What the page's script needs."""
        return {"name": self.name, "label": self.label, "data": self.data, "layout": self.layout}


def heat_maps(trace: Trace, findings: Sequence[Finding]) -> list[HeatMap]:
    """The maps that this run has numbers for."""
    everything = list(words.flat(findings))
    choices: tuple[tuple[str, str, Table, bool], ...] = (
        ("grad_norm", "gradient norm (log10)", trace.sampled("grad_norm"), True),
        ("update_norm", "update / weight (log10)", _update_ratio(trace), True),
        ("act_std", "spread of the output (log10)", trace.sampled("act_std"), True),
        ("silent_share", "share of silent units", trace.sampled("silent_share"), False),
        ("saturated_share", "share of saturated outputs", trace.sampled("saturated_share"), False),
    )
    drawn = (_heat_map(*choice, trace=trace, findings=everything) for choice in choices)
    return [found for found in drawn if found is not None]


def _update_ratio(trace: Trace) -> Table:
    return points.ratio(trace.sampled("update_norm"), trace.sampled("weight_norm"))


def _heat_map(
    signal: str, label: str, table: Table, log: bool, *, trace: Trace, findings: Sequence[Finding]
) -> HeatMap | None:
    thin = points.fewer_samples(table)
    values: Floats = _log10(thin.values) if log else np.where(np.isfinite(thin.values), thin.values, np.nan)
    if not np.isfinite(values).any():
        return None
    marked = {place for f in findings for place in (*f.where, *_places(f, signal))}
    rows = _rows(thin, values, trace, marked)
    z = [points.numbers(_median(values[:, row.columns]), points.MAP_DIGITS) for row in rows]
    data: Json = {
        "type": "heatmap",
        "z": z,
        "customdata": points.whole(thin.steps),
        "x": list(range(len(thin))),
        "y": list(range(len(rows))),
        "text": [words.plot_text(row.label) for row in rows],
        "colorscale": "Viridis",
        "colorbar": {"thickness": 12, "title": {"text": ""}, "len": 1},
        "hoverongaps": False,
    }
    if not log:
        data |= {"zmin": 0, "zmax": 1}
    return HeatMap(signal, label, [data], _layout(thin, rows, findings, signal))


def _rows(table: Table, values: Floats, trace: Trace, marked: set[str]) -> list[Row]:
    """Rows along the forward pass; places of findings alone, others merged when there are too many."""
    order = _order(trace)
    columns: list[int] = np.flatnonzero(np.isfinite(values).any(axis=0)).tolist()
    if len(columns) > MAX_ROWS:  # biases follow their weights: leave them out first
        small = {p.name for p in trace.parameters if not p.is_matrix} - marked
        columns = [column for column in columns if table.places[column] not in small] or columns
    columns.sort(key=lambda column: (order(table.places[column]), column))
    size = -(-len(columns) // MAX_ROWS)
    return list(_grouped(columns, size, table.places, marked))


def _grouped(columns: list[int], size: int, places: Sequence[str], marked: set[str]) -> Iterator[Row]:
    held: list[int] = []

    def flush() -> Iterator[Row]:
        if held:
            more = f" and {len(held) - 1} more" if len(held) > 1 else ""
            yield Row(places[held[0]] + more, tuple(held))
            held.clear()

    budget = MAX_ROWS  # rows that stand alone because a finding names them
    for column in columns:
        if places[column] in marked and budget > 0:
            budget -= 1
            yield from flush()
            yield Row(places[column], (column,), marked=True)
            continue
        held.append(column)
        if len(held) == size:
            yield from flush()
    yield from flush()


def _order(trace: Trace) -> Callable[[str], int]:
    known = {p.name: p.order for p in trace.parameters} | {m.name: m.order for m in trace.modules}
    last = 1 + max(known.values(), default=0)
    return lambda place: known.get(place, last)


def _places(finding: Finding, signal: str) -> Iterator[str]:
    for evidence in finding.evidence:
        if evidence.signal == signal:
            yield from evidence.places


def _median(values: Floats) -> Floats:
    median: Floats = np.full(len(values), np.nan)
    some = np.isfinite(values).any(axis=1)
    median[some] = np.nanmedian(values[some], axis=1)
    return median


def _log10(values: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.isfinite(values) & (values > 0), np.log10(values), np.nan)


def _layout(table: Table, rows: Sequence[Row], findings: Sequence[Finding], signal: str) -> Json:
    ticks = np.unique(np.linspace(0, len(table) - 1, min(X_TICKS, len(table))).round().astype(int)).tolist()
    return {
        "xaxis": {
            "title": {"text": "sampled step"},
            "tickmode": "array",
            "tickvals": ticks,
            "ticktext": [f"{table.steps[i]:,}" for i in ticks],
        },
        "yaxis": {
            "autorange": "reversed",
            "tickmode": "array",
            "tickvals": list(range(len(rows))),
            "ticktext": [f"▸ {_short(row.label)}" if row.marked else _short(row.label) for row in rows],
        },
        "height": 110 + ROW_PIXELS * max(len(rows), 4),
        "shapes": list(_frames(table, rows, findings, signal)),
    }


def _frames(table: Table, rows: Sequence[Row], findings: Sequence[Finding], signal: str) -> Iterator[Json]:
    """A frame round the stretch of each row that is evidence for a finding."""
    at = {table.places[row.columns[0]]: y for y, row in enumerate(rows) if row.marked}
    for finding in findings:
        for evidence in finding.evidence:
            if evidence.signal != signal:
                continue
            late = table.steps >= evidence.first_step
            inside = np.flatnonzero(late & (table.steps <= evidence.last_step))
            if not len(inside):
                continue
            for place in evidence.places:
                if place in at:
                    yield {
                        "type": "rect",
                        "name": f"frame-{finding.group}",
                        "x0": int(inside[0]) - 0.5,
                        "x1": int(inside[-1]) + 0.5,
                        "y0": at[place] - 0.5,
                        "y1": at[place] + 0.5,
                    }


def _short(label: str, room: int = 34) -> str:
    return words.plot_text(label if len(label) <= room else "…" + label[-(room - 1) :])
