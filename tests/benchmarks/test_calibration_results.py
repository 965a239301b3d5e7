"""Calibration: counts, rows of the sweep, pages, pictures, and the command, on judged runs made by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.calibration import __main__ as command
from benchmarks.calibration.counting import blamed, counts, measured, sweep
from benchmarks.calibration.judging import RAISED, Judged
from benchmarks.calibration.plots import rule_picture
from benchmarks.calibration.recording import ORIGIN, Kept, digest
from benchmarks.calibration.sweeps import sweep_page
from benchmarks.calibration.tables import Results, results_page
from benchmarks.detection.corpus import Script
from gradwise.handbook.measured import Counts, Measurement, read
from gradwise.rules.collection import find_rule, own_rules
from gradwise.settings.thresholds import thresholds_of

DEAD, HABIT = find_rule("dead-relu"), find_rule("bias-before-norm")
LIMIT = ("dead-relu", "SILENT_LIMIT")


def said(kind="sick", spoke=(), first="", expected="dead-relu", name="script", split="calibration", **more):
    script = Script(name, kind, Path(f"{kind}-{name}.py"), expected if kind != "healthy" else "", (), split)
    groups = {rule: find_rule(rule).declaration.group for rule in spoke}
    return Judged(script, 0, groups, first, **{"first_of_all": first, **more})


JUDGED = [
    said(spoke=["dead-relu", "lr-too-high"], first="dead-relu", moved={(*LIMIT, 1.25): ""}, name="a"),
    said(spoke=["dead-relu", "lr-too-high"], first="lr-too-high", name="b"),
    said(name="c", moved={(*LIMIT, 0.5): "sick"}),
    said("fixed", name="a", moved={(*LIMIT, 0.5): "sick"}),
    said("healthy", name="d", moved={(*LIMIT, 0.8): "sick", (*LIMIT, 0.5): "sick"}),
    said("healthy", spoke=["dead-relu"], first="dead-relu", name="e", moved={(*LIMIT, 2.0): ""}),
]


# ------------------------------------------------------------------------- counts


def test_a_rule_is_counted_where_its_ailment_is_planted_and_where_nothing_is():
    assert counts(JUDGED, DEAD) == Counts(planted=3, found=2, first=1, quiet=3, alarms=1)
    assert counts(JUDGED, find_rule("lr-too-high")) == Counts(planted=0, found=0, first=0, quiet=3, alarms=0)


def test_a_run_that_could_not_be_judged_counts_nowhere():
    torn = [replace(one, problem="damaged") for one in JUDGED]
    assert counts(torn, DEAD) == Counts()


def test_a_milder_finding_is_a_remark_unless_the_rule_makes_no_others():
    remark = said("healthy", name="f")
    remark.spoke.update({"constant-features": "habit", "bias-before-norm": "habit"})
    assert counts([remark], find_rule("constant-features")).alarms == 0
    assert counts([remark], HABIT).alarms == 1


def test_a_habit_is_first_among_all_rules_and_others_among_those_judged_by_default():
    one = said(spoke=["bias-before-norm"], expected="bias-before-norm", first_of_all="bias-before-norm")
    assert counts([one], HABIT).first == 1
    other = said(spoke=["dead-relu"], first_of_all="dead-relu")
    assert counts([other], DEAD).first == 0


def test_what_is_only_scored_is_counted_apart_too():
    assert measured(JUDGED, DEAD).scored is None
    more = [*JUDGED, said(spoke=["dead-relu"], first="dead-relu", split="scored")]
    both = measured(more, DEAD)
    assert both.whole.planted == 4
    assert both.scored == Counts(planted=1, found=1, first=1)


def test_a_first_line_for_another_ailment_is_counted_unless_it_is_a_fair_name():
    assert [one.script.name for one in blamed(JUDGED, "lr-too-high")] == ["b"]
    assert counts(JUDGED, DEAD).fair == 0
    fair = replace(JUDGED[1], script=replace(JUDGED[1].script, accepted=("lr-too-high",)))
    assert blamed([fair], "lr-too-high") == [] == blamed(JUDGED, "dead-relu")
    assert counts([fair], DEAD) == Counts(planted=1, found=1, first=0, fair=1)
    assert "| dead-relu | sick | 1 | 1 | 0 + 1 |" in results_page(results([fair]))


# -------------------------------------------------------------------------- sweep


def test_a_row_has_hits_and_alarms_at_every_value_and_the_nearest_of_each():
    row = next(row for row in sweep(JUDGED, "dead-relu") if row.constant == "SILENT_LIMIT")
    table = [(cell.factor, cell.hits, cell.alarms) for cell in row.cells]
    assert table == [(0.5, 3, 3), (0.8, 2, 2), (1.0, 2, 1), (1.25, 1, 1), (2.0, 2, 0)]
    assert (row.planted, row.quiet, row.first_miss, row.first_alarm) == (3, 3, 1.25, 0.8)
    assert {row.constant for row in sweep(JUDGED, "dead-relu")} == set(thresholds_of(DEAD))


def test_thresholds_are_not_judged_by_scripts_that_are_only_scored():
    apart = [replace(one, script=replace(one.script, split="scored")) for one in JUDGED]
    row = next(iter(sweep(apart, "dead-relu")))
    assert (row.planted, row.quiet) == (0, 0)


def test_a_rule_that_fails_with_a_number_has_neither_hit_nor_alarm_there():
    broken = [replace(one, moved={(*LIMIT, 2.0): RAISED}) for one in JUDGED]
    row = next(row for row in sweep(broken, "dead-relu") if row.constant == "SILENT_LIMIT")
    assert (row.cells[-1].hits, row.cells[-1].alarms, row.cells[-1].raised) == (0, 0, len(JUDGED))


# -------------------------------------------------------------------------- pages


def results(judged=JUDGED, missing=None) -> Results:
    told = {name: measured(judged, rule) for name, rule in own_rules().items()}
    told = Measurement("0.1.0", "2026-11-21", 6, 288, told)
    return Results(told, judged, list(sweep(judged, "dead-relu")), "python -m it", missing or {})


def test_the_page_has_counts_near_thresholds_alarms_and_misses():
    page = results_page(results(missing={"sick/gone seed 0": "exit 3: no"}))
    assert "| dead-relu | sick | 3 | 2 | 1 | 21–94 % | 3 | 1 | 6.1–79 % | – |" in page
    assert "| lr-too-high | sick | 0 | – | – | – | 3 | 0 | ≤ 56 % | 1 |" in page
    assert "| dead-relu | `SILENT_LIMIT` | 0.6 | 2 of 3 | 1 of 3 | ×1.25 | 1 | ×0.8 | 2 |" in page
    assert "`healthy/e` seed 0: dead-relu (sick)" in page
    assert "`sick/c` seed 0, planted dead-relu: nothing in the first line" in page
    assert "`sick/gone seed 0`: exit 3: no" in page
    assert "6 runs of 6 scripts; the corpus has 288" in page


def test_tables_have_as_many_cells_in_every_row():
    for page in (results_page(results()), sweep_page(results().rows)):
        lines = page.splitlines()
        for above, line in pairwise(lines):
            if above.startswith("|") and line.startswith("|"):
                assert above.count("|") == line.count("|")


def test_the_scored_split_has_a_table_of_its_own():
    assert "only scored" not in results_page(results())
    page = results_page(results([*JUDGED, said(spoke=["dead-relu"], first="dead-relu", split="scored")]))
    assert page.count("| dead-relu | sick |") == 2


def test_the_sweep_page_has_every_constant():
    page = sweep_page(results().rows)
    assert all(f"### {name}\n" in page for name in thresholds_of(DEAD))
    assert "| 3 / 3 | 2 / 2 | 2 / 1 | 1 / 1 | 2 / 0 |" in page


def test_a_picture_is_well_formed_and_has_a_panel_for_each_constant():
    rows = results().rows
    root = ElementTree.fromstring(rule_picture("dead-relu", rows))
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}g")) == len(rows)
    words = {element.text for element in root.iter(f"{space}text")}
    assert {f"{name} = {value:g}" for name, value in thresholds_of(DEAD).items()} <= words
    width = float(root.attrib["width"])
    height = float(root.attrib["height"])
    panel = root.findall(f"{space}g")[0]
    for dot in panel.iter(f"{space}circle"):
        assert 0 <= float(dot.attrib["cx"]) <= width and 0 <= float(dot.attrib["cy"]) <= height


# ------------------------------------------------------------------------ command


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A corpus of two scripts with kept runs, whose judging is known; results go to ``tmp_path``."""
    pair = tuple(Script("a", kind, tmp_path / f"{kind}.py", "dead-relu") for kind in ("sick", "fixed"))
    answers = {"sick": JUDGED[0], "fixed": JUDGED[3]}

    def judge_all(kept: list[Kept], rules, *, jobs, tell):
        return [replace(answers[one.script.kind], script=one.script) for one in kept]

    monkeypatch.setattr(command, "HERE", tmp_path)
    monkeypatch.setattr(command, "MEASURED", tmp_path / "measured.toml")
    monkeypatch.setattr(command, "scripts_of", lambda: [pair])
    monkeypatch.setattr(command, "judge_all", judge_all)
    for script in pair:
        folder = tmp_path / "runs" / script.split / script.kind / "a" / "seed-0"
        folder.mkdir(parents=True)
        script.path.write_text(script.kind)
        (folder / ORIGIN).write_text(json.dumps({"digest": digest(script.path)}))
    return tmp_path


def call(room, *more):
    return command.main(["--runs", str(room / "runs"), "--out", str(room / "out"), *more])


def test_a_whole_corpus_writes_its_results(room):
    assert call(room) == 0
    told = read((room / "measured.toml").read_text("utf-8"))
    assert (told.scripts, told.corpus) == (2, 2)
    assert told.rules["dead-relu"].whole == Counts(planted=1, found=1, first=1, quiet=1)
    assert set(told.rules) == set(own_rules())
    assert (room / "RESULTS.md").read_text("utf-8") == (room / "out/results.md").read_text("utf-8")
    assert (room / "out/plots/dead-relu.svg").is_file() and (room / "out/sweep.md").is_file()


@pytest.mark.parametrize("option", [["--rule", "A01"], ["--no-sweep"]])
def test_a_part_writes_results_only_when_asked(room, option):
    assert call(room, *option) == 0
    assert not (room / "measured.toml").exists()
    assert call(room, *option, "--write") == 0
    assert (room / "measured.toml").exists() and (room / "RESULTS.md").exists()


def test_a_run_of_another_script_is_left_out_and_told(room, capsys):
    (room / "sick.py").write_text("changed")
    assert call(room) == 1
    assert "1 runs judged, 1 left out" in capsys.readouterr().out
    assert not (room / "measured.toml").exists()


def test_wrong_use_is_told(room, capsys):
    assert call(room, "--rule", "dead-rely") == 2
    assert "dead-relu" in capsys.readouterr().err
    assert call(room, "--only", "nothing") == 2
    assert "no run is kept" in capsys.readouterr().err
    assert call(room, "--split", "scored") == 2
    with pytest.raises(SystemExit):
        call(room, "--limit", "0")
