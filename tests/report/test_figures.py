import json
import math
from dataclasses import replace

import numpy as np
import pytest

from gradwise.report.curves import evidence_figures, run_figures
from gradwise.report.figures import series_lines, table_lines
from gradwise.report.heatmap import MAX_ROWS, heat_maps
from gradwise.trace.findings import Evidence
from gradwise.trace.model import Series, Table, Trace
from tests.report.runs import finding, sick_trace

TRACE = sick_trace()


def by_name(figures):
    return {figure.name: figure for figure in figures}


def test_the_signals_that_matter_are_drawn():
    assert set(by_name(run_figures(TRACE, []))) == {
        "loss",
        "accuracy",
        "rate",
        "update-ratio",
        "gradients",
        "time",
    }
    curves = {curve["name"] for curve in by_name(run_figures(TRACE, []))["loss"].data}
    assert {"training", "validation", "best constant prediction"} <= curves


def test_a_trivial_loss_on_another_scale_is_left_out():
    table = TRACE.tables["criterion"]
    scaled = Table(table.steps, table.places, table.values * 3)
    trace = replace(TRACE, tables={**TRACE.tables, "criterion": scaled})
    names = {curve["name"] for curve in by_name(run_figures(trace, []))["loss"].data}
    assert "best constant prediction" not in names


def test_evidence_is_shaded_where_it_lies_also_that_of_symptoms():
    figures = by_name(run_figures(TRACE, [finding()]))
    (shade,) = figures["loss"].layout["shapes"]
    assert (shade["x0"], shade["x1"], shade["name"]) == (399.5, 840.5, "sick")
    assert [note["text"] for note in figures["gradients"].layout["annotations"]] == ["G01"]
    assert figures["rate"].layout["shapes"] == []


def test_shades_stay_inside_the_run():
    wide = finding(evidence=(Evidence("loss", (), -5, 10**9),), symptoms=())
    (shade,) = by_name(run_figures(TRACE, [wide]))["loss"].layout["shapes"]
    assert (shade["x0"], shade["x1"]) == (-0.5, 840.5)


def test_evidence_plot_shows_only_its_places_and_the_limit():
    silent, loss = evidence_figures(finding(), TRACE, "e0")
    assert [curve["name"] for curve in silent.data] == ["features.3"]
    assert "limit 60%" in [note["text"] for note in silent.layout["annotations"]]
    assert loss.title == "Training loss"


def test_evidence_on_a_signal_that_was_not_recorded_draws_nothing():
    lost = finding(evidence=(Evidence("input_std", ("x",), 0, 9), Evidence("rate", (), 0, 9)))
    assert evidence_figures(lost, Trace(), "e0") == []


def test_many_places_become_a_spread():
    values = np.arange(40.0).reshape(4, 10)
    lines = table_lines(Table(np.arange(4), tuple("abcdefghij"), values))
    assert [line["name"] for line in lines] == ["smallest", "largest", "median"]
    assert lines[0]["y"] == [0.0, 10.0, 20.0, 30.0]
    assert lines[2]["y"] == [4.5, 14.5, 24.5, 34.5]


def test_single_samples_are_seen():
    (line,) = table_lines(Table(np.array([7]), ("a",), np.ones((1, 1))))
    assert "markers" in line["mode"]


def test_long_series_show_their_range():
    lines = series_lines(Series.of(np.random.default_rng(0).normal(size=50_000)), "loss", 0)
    assert len(lines) == 4
    assert lines[1]["fill"] == "tonexty"
    assert max(len(line["x"]) for line in lines) <= 600


def test_nan_steps_are_marked():
    trace = Trace(series={"loss": Series.of([1.0, 2.0, math.nan, math.inf])}, steps=4)
    marks = [
        curve for curve in by_name(run_figures(trace, []))["loss"].data if curve["name"] == "NaN or infinite"
    ]
    assert marks[0]["x"] == [2, 3]


@pytest.mark.parametrize("layers", [1, 4, 1000])
def test_heat_map_rows_follow_the_forward_pass_and_are_capped(layers):
    trace = sick_trace(layers)
    maps = heat_maps(trace, [finding()])
    assert [m.name for m in maps] == [
        "grad_norm",
        "update_norm",
        "act_std",
        "silent_share",
        "saturated_share",
    ]
    for one in maps:
        cells = one.data[0]
        assert len(cells["z"]) == len(cells["y"]) <= MAX_ROWS + 4
        assert {len(row) for row in cells["z"]} == {len(cells["x"])}
    labels = maps[0].layout["yaxis"]["ticktext"]
    assert labels[0] == ("▸ features.0.weight")


def test_merged_rows_hold_every_layer_once():
    trace = sick_trace(1000)
    values = trace.tables["act_std"].values
    trace = replace(trace, tables={"act_std": replace_values(trace.tables["act_std"], np.ones_like(values))})
    (one,) = heat_maps(trace, [finding()])
    more = [
        int(label.split(" and ")[1].split(" ")[0]) if " and " in label else 0 for label in one.data[0]["text"]
    ]
    assert len(more) + sum(more) == 1000


def test_heat_map_frames_the_evidence():
    maps = {m.name: m for m in heat_maps(TRACE, [finding()])}
    (frame,) = maps["silent_share"].layout["shapes"]
    steps = maps["silent_share"].data[0]["customdata"]
    assert (frame["y0"], frame["y1"]) == (2.5, 3.5)
    assert steps[int(frame["x0"] + 0.5)] >= 400 > steps[int(frame["x0"] - 0.5)]
    assert frame["name"] == "frame-sick"


def test_zero_and_missing_gradients_leave_gaps():
    table = Table(np.arange(2), ("a", "b"), np.array([[0.0, 10.0], [math.nan, math.inf]]))
    (one,) = heat_maps(Trace(tables={"grad_norm": table}, steps=2), [])
    assert one.data[0]["z"] == [[1.0, None]]


@pytest.mark.parametrize(
    "trace",
    [
        Trace(),
        Trace(series={"loss": Series.of([1.0])}, steps=1),
        Trace(series={"loss": Series.of([math.nan] * 5), "rate": Series.of([0.0] * 5)}, steps=5),
        Trace(tables={"grad_norm": Table(np.arange(2), ("a",), np.full((2, 1), math.nan))}, steps=2),
        Trace(tables={"grad_norm": Table(np.zeros(0, np.int64), ("a",), np.zeros((0, 1)))}, steps=2),
        Trace(tables={"val_loss": Table(np.array([5]), ("a",), np.array([[math.inf]]))}, steps=2),
    ],
)
def test_poor_traces_give_valid_json(trace):
    drawn = [f.to_json() for f in run_figures(trace, [finding()])] + [
        m.to_json() for m in heat_maps(trace, [finding()])
    ]
    drawn += [f.to_json() for f in evidence_figures(finding(), trace, "e")]
    json.dumps(drawn, allow_nan=False)


def replace_values(table, values):
    return Table(table.steps, table.places, values)
