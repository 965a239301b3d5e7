"""Which plots a run gets: the signals that matter, and the evidence of each finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from gradwise.report import figures, points, words
from gradwise.report.figures import Figure, Json
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Series, Trace
from gradwise.trace.signals import STEP_SIGNALS

HEALTHY_RATIO = 1e-3  # update over weight norm; rule of thumb from the Stanford CS231n notes
SAME_LOSS = (0.8, 1.25)  # optimised over recognised loss, between which the two are the same quantity
MAX_EVIDENCE = 3  # plots of one finding


def run_figures(trace: Trace, findings: Sequence[Finding]) -> list[Figure]:
    """The plots of the whole run, with the evidence of every finding shaded."""
    everything = list(words.flat(findings))
    drawn = (
        (_loss(trace), ("loss", "val_loss", "criterion")),
        (_accuracy(trace), ("accuracy", "val_accuracy")),
        (_rate(trace), ("rate",)),
        (_update_ratio(trace), ("update_norm",)),
        (_gradients(trace), ("grad_norm",)),
        (_time(trace), ("step_seconds", "data_seconds")),
    )
    return [
        figures.shade(figure, everything, signals, trace) for figure, signals in drawn if figure is not None
    ]


def evidence_figures(finding: Finding, trace: Trace, prefix: str) -> list[Figure]:
    """The plots that show one finding; ``prefix`` makes their names unique in the page."""
    drawn = (
        _evidence(finding, evidence, trace, f"{prefix}-{number}")
        for number, evidence in enumerate(_merged(finding.evidence))
    )
    return [figure for figure in drawn if figure is not None][:MAX_EVIDENCE]


def _merged(evidence: Sequence[Evidence]) -> Iterator[Evidence]:
    """One piece of evidence for each signal, holding the places of all."""
    for signal in dict.fromkeys(piece.signal for piece in evidence):
        pieces = [piece for piece in evidence if piece.signal == signal]
        places = tuple(dict.fromkeys(place for piece in pieces for place in piece.places))
        yield replace(pieces[0], places=places)


def _evidence(finding: Finding, evidence: Evidence, trace: Trace, name: str) -> Figure | None:
    signal = evidence.signal
    if signal in STEP_SIGNALS:
        series = trace.step_signal(signal)
        data = _step_lines(series, figures.title_of(signal).lower(), 0)
    else:
        table = trace.sampled(signal)
        chosen = points.only_places(table, evidence.places)
        data = figures.table_lines(chosen if chosen.places else table)
    if not data:
        return None
    title = figures.title_of(signal)
    figure = Figure(
        name,
        title,
        f"{title} over the training steps; the shaded stretch shows {finding.rule}.",
        data,
        figures.layout(data, figures.unit_of(signal)),
    )
    figures.shade(figure, [finding], [signal], trace)
    if figures.unit_of(signal) == "share" and finding.unit.startswith("share"):
        figures.limit_line(figure, finding.threshold, f"limit {finding.threshold:.0%}")
    return figure


def _step_lines(series: Series, name: str, tone: int) -> list[Json]:
    if not len(series):
        return []
    return [*figures.series_lines(series, name, tone), *figures.nonfinite_marks(series)]


def _loss(trace: Trace) -> Figure | None:
    data = _step_lines(trace.step_signal("loss"), "training", 0)
    validation = figures.table_lines(trace.sampled("val_loss"), mode="lines+markers")
    for tone, curve in enumerate(validation):
        curve["meta"] = {"tone": 1 + tone}
        curve["name"] = "validation" if len(validation) == 1 else f"validation: {curve['name']}"
    data += validation + _trivial(trace)
    if not data:
        return None
    return Figure(
        "loss",
        "Loss",
        "Training and validation loss over the steps, beside the loss of the best constant prediction.",
        data,
        figures.layout(data, ""),
    )


def _trivial(trace: Trace) -> list[Json]:
    """The loss of the best constant prediction: a run that stays near it has learnt nothing.

    Left out when the optimised loss is not the one that was recognised (a sum of
    several, a rescaled one), because the two would not compare.
    """
    table, criterion, loss = trace.sampled("trivial"), trace.sampled("criterion"), trace.step_signal("loss")
    if len(table.places) != 1 or len(criterion.places) != 1 or not len(loss):
        return []
    called = criterion.values[:, 0]
    optimised = np.interp(criterion.steps, loss.steps, loss.mean)
    known = np.isfinite(called) & np.isfinite(optimised) & (called != 0)
    if not known.any() or not SAME_LOSS[0] < np.median(optimised[known] / called[known]) < SAME_LOSS[1]:
        return []
    lines = figures.table_lines(table, mode="lines")
    for curve in lines:
        curve["name"] = "best constant prediction"
        curve["meta"] = {"tone": 4}
        curve["line"] = {"width": 1.5, "dash": "dash"}
    return lines


def _accuracy(trace: Trace) -> Figure | None:
    training = figures.table_lines(trace.sampled("accuracy"))
    validation = figures.table_lines(trace.sampled("val_accuracy"), mode="lines+markers")
    for label, tone, curves in (("training", 0, training), ("validation", 1, validation)):
        for number, curve in enumerate(curves):
            curve["name"] = label if len(curves) == 1 else f"{label}: {curve['name']}"
            curve["meta"] = {"tone": tone + 2 * number}
    data = training + validation
    if not data:
        return None
    layout = figures.layout(data, "share")
    return Figure("accuracy", "Accuracy", "Share of right predictions over the steps.", data, layout)


def _rate(trace: Trace) -> Figure | None:
    series = trace.step_signal("rate")
    if not len(series):
        return None
    thin = points.fewer_buckets(series)
    data = [figures.line(thin.steps, thin.mean, "learning rate", 0)]
    return Figure(
        "rate", "Learning rate", "Largest learning rate of the optimizer.", data, figures.layout(data, "")
    )


def _update_ratio(trace: Trace) -> Figure | None:
    table = points.ratio(trace.sampled("update_norm"), trace.sampled("weight_norm"))
    matrices = [parameter.name for parameter in trace.parameters if parameter.is_matrix]
    chosen = points.only_places(table, matrices)
    data = figures.spread_lines(chosen if chosen.places else table)
    if not data:
        return None
    figure = Figure(
        "update-ratio",
        "Size of the update relative to the weight",
        "Norm of each weight's change over the norm of the weight: smallest, median and largest over the "
        "weights. About one thousandth is usual.",
        data,
        figures.layout(data, "", log=_positive(data)),
    )
    return figures.limit_line(figure, HEALTHY_RATIO, "usual: 0.001") if _positive(data) else figure


def _gradients(trace: Trace) -> Figure | None:
    data = figures.spread_lines(trace.sampled("grad_norm"))
    if not data:
        return None
    return Figure(
        "gradients",
        "Gradient norm",
        "Norm of the gradient just before the optimizer step: the smallest, median and largest parameter's.",
        data,
        figures.layout(data, "", log=_positive(data)),
    )


def _time(trace: Trace) -> Figure | None:
    data: list[Json] = []
    parts = (("step_seconds", "whole step"), ("data_seconds", "waiting for data"))
    for tone, (signal, name) in enumerate(parts):
        series = trace.step_signal(signal)
        if len(series):
            data += figures.series_lines(_scaled(series, 1000.0), name, tone)
    if not data:
        return None
    layout = figures.layout(data, "ms")
    return Figure("time", "Time of a step", "Time of each step and its wait for data.", data, layout)


def _scaled(series: Series, factor: float) -> Series:
    return replace(series, mean=series.mean * factor, low=series.low * factor, high=series.high * factor)


def _positive(data: Sequence[Json]) -> bool:
    values = [value for curve in data for value in curve["y"] if value is not None]
    return bool(values) and min(values) > 0
