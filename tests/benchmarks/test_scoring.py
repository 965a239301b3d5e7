"""Scoring of the detection corpus: what counts as found, first, and a false alarm."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detection import results
from benchmarks.detection.admission import ADMISSION_SEEDS, admitted, judge
from benchmarks.detection.admit import with_values
from benchmarks.detection.corpus import (
    FIXED,
    HEALTHY,
    SCORED,
    SICK,
    SPLITS,
    ManifestError,
    Script,
    load_healthy,
    load_pairs,
    load_split,
)
from benchmarks.detection.onset import cut
from benchmarks.detection.scoring import Outcome, barred, per_rule, read_findings, total
from gradwise.trace.model import Fact, Series, Table, Trace


def script(kind="sick", expected="dead-relu", accepted=(), **more):
    return Script("some_script", kind, Path("some_script.py"), expected, accepted, **more)


def entry(rule, *, group="sick", since=0, symptoms=()):
    return {
        "rule": rule,
        "code": "A01",
        "group": group,
        "where": [],
        "since_step": since,
        "value": 1.0,
        "threshold": 0.5,
        "unit": "share",
        "message": "m",
        "why": "w",
        "cures": [],
        "symptoms": list(symptoms),
    }


def outcome(*entries, of=None, **more):
    report = json.loads(json.dumps({"schema": 1, "run": {}, "findings": list(entries)}))
    return Outcome(of or script(), 0, read_findings(report), **more)


# ------------------------------------------------------------------ one outcome


def test_a_cause_on_the_first_line_is_found_and_first():
    said = outcome(entry("dead-relu", since=7), entry("lr-too-high"))
    assert said.found and said.found_on_top and said.cause_first
    assert said.since == 7


def test_a_cause_on_the_second_line_is_found_but_not_first():
    said = outcome(entry("lr-too-high"), entry("dead-relu"))
    assert said.found and said.found_on_top and not said.cause_first


def test_a_cause_hung_under_another_is_found_but_neither_on_top_nor_first():
    said = outcome(entry("lr-too-high", symptoms=[entry("dead-relu", since=3)]))
    assert said.found and not said.found_on_top and not said.cause_first
    assert said.since == 3


def test_a_symptom_of_a_symptom_counts_as_found():
    deep = entry("vanishing-gradient", symptoms=[entry("dead-relu")])
    assert outcome(entry("lr-too-high", symptoms=[deep])).found


def test_a_symptom_never_counts_as_first_line_even_when_read_before_the_next_cause():
    said = outcome(entry("loss-diverges", symptoms=[entry("dead-relu")]), entry("overfitting"))
    assert said.first == "loss-diverges" and not said.cause_first


def test_another_name_is_a_fair_first_line_only_when_the_manifest_says_so():
    strict = outcome(entry("lr-too-high"))
    lenient = outcome(entry("lr-too-high"), of=script(accepted=("lr-too-high",)))
    assert not strict.cause_first
    assert lenient.cause_first and not lenient.found


def test_nothing_said_is_neither_found_nor_first():
    said = outcome()
    assert not said.found and not said.cause_first and said.first == "" and said.since is None


def test_a_report_of_another_schema_is_refused():
    with pytest.raises(ValueError, match="schema 1"):
        read_findings({"schema": 2, "findings": []})


@pytest.mark.parametrize(
    ("group", "alarms"), [("broken", 1), ("sick", 1), ("slow", 0), ("habit", 0), ("trial", 0)]
)
def test_only_broken_and_sick_findings_are_false_alarms(group, alarms):
    assert len(outcome(entry("dead-relu", group=group), of=script("healthy", "")).alarms) == alarms


def test_a_nested_finding_on_a_healthy_run_is_a_false_alarm_too():
    said = outcome(entry("s01", group="slow", symptoms=[entry("dead-relu")]), of=script("healthy", ""))
    assert len(said.alarms) == 1


# ----------------------------------------------------------------------- totals


def test_totals_count_runs_and_not_findings():
    healthy, fixed = script("healthy", ""), script("fixed")
    counted = total(
        [
            outcome(entry("dead-relu", since=4)),
            outcome(entry("lr-too-high"), entry("dead-relu", since=8)),
            outcome(entry("lr-too-high", symptoms=[entry("dead-relu", since=12)])),
            outcome(),
            outcome(entry("dead-relu"), entry("overfitting"), of=healthy),
            outcome(of=healthy),
            outcome(of=fixed),
        ]
    )
    assert counted.sick_runs == 4
    assert (counted.recall, counted.recall_on_top, counted.cause_first) == (0.75, 0.5, 0.25)
    assert (counted.healthy_alarms, counted.healthy_runs) == (1, 2)
    assert (counted.fixed_alarms, counted.fixed_runs) == (0, 1)
    assert counted.median_since == 8


def test_a_sick_run_without_a_report_is_a_miss_and_an_error():
    counted = total([outcome(entry("dead-relu")), Outcome(script(), 0, error="exit 2: no")])
    assert counted.recall == 0.5 and counted.errors == 1
    assert "1 runs gave no report" in counted.missed_bars()


def test_bars_hold_at_their_very_value():
    first = [outcome(entry("dead-relu"))] * 92
    late = [outcome(entry("lr-too-high"), entry("dead-relu"))] * 6
    elsewhere = [outcome(entry("lr-too-high"))] * 2
    assert total(first + late + elsewhere).missed_bars() == []  # first 92 %, among the first three 98 %
    one_worse = total(first + late[1:] + elsewhere * 2).missed_bars()
    assert [clause.split(" (")[0] for clause in one_worse] == [
        "cause first 91.1%",
        "among the first 3 causes 96.0%",
    ]


def test_each_bar_is_missed_by_itself():
    fair = script(accepted=("lr-too-high",))
    named_otherwise = total([outcome(entry("lr-too-high"), of=fair)] * 6 + [outcome(entry("dead-relu"))] * 94)
    assert named_otherwise.missed_bars() == ["recall 94.0% (bar 95%)"]
    nested = total([outcome(entry("lr-too-high", symptoms=[entry("dead-relu")]))])
    assert [clause.split(" 0")[0] for clause in nested.missed_bars()] == [
        "cause first",
        "among the first 3 causes",
    ]


@pytest.mark.parametrize(("place", "among"), [(0, True), (2, True), (3, False)])
def test_the_first_three_causes_are_three(place, among):
    others = [entry(f"other-{n}", symptoms=[entry("nested")]) for n in range(4)]
    assert outcome(*others[:place], entry("dead-relu"), *others[place:]).among_few is among


def test_a_name_that_is_as_fair_counts_among_the_first_three():
    lenient = script(accepted=("lr-too-high",))
    assert outcome(entry("overfitting"), entry("lr-too-high"), of=lenient).among_few
    assert not outcome(entry("overfitting"), entry("lr-too-high")).among_few


def test_one_false_alarm_in_a_hundred_is_borne_but_no_broken_one():
    fixed, healthy = script("fixed"), script("healthy", "")
    quiet = [outcome(of=healthy)] * 60 + [outcome(of=fixed)] * 39
    sick = outcome(entry("dead-relu"), of=fixed)
    broken = outcome(entry("loss-nan", group="broken"), of=fixed)
    assert total([*quiet, sick]).missed_bars() == []
    assert total([*quiet, broken]).missed_bars() == ['"broken" on 1 healthy or fixed runs (bar 0)']
    assert total([*quiet, sick, sick]).missed_bars() == [
        "false alarms on 2.0% of healthy and fixed runs (bar 1%)"
    ]


def test_the_bars_are_those_of_the_scored_split_wherever_it_ran():
    known, unseen = outcome(entry("dead-relu")), outcome(of=script(split="scored"))
    assert barred([known, unseen]) == ("scored", total([unseen]))
    assert barred([known]) == ("calibration", total([known]))


def test_shares_are_unknown_without_sick_runs_and_no_bar_is_missed_for_it():
    counted = total([outcome(of=script("healthy", ""))])
    assert counted.recall is None and counted.median_since is None
    assert counted.missed_bars() == []


def test_rules_are_scored_apart():
    other = script(expected="overfitting")
    scored = per_rule([outcome(entry("dead-relu")), outcome(of=other), outcome(of=script("healthy", ""))])
    assert list(scored) == ["dead-relu", "overfitting"]
    assert scored["dead-relu"].recall == 1 and scored["overfitting"].recall == 0


def test_the_written_results_list_every_miss_and_every_alarm():
    page = results.markdown(
        [outcome(entry("lr-too-high")), outcome(entry("overfitting"), of=script("healthy", ""))], seeds=1
    )
    assert "planted dead-relu: lr-too-high" in page
    assert "`healthy/some_script` seed 0: overfitting, sick (m)" in page
    assert "| recall | 0.0% | at least 95% |" in page
    assert "no manifest declares any" in page


def test_the_written_results_show_both_splits_beside_each_other_and_count_what_was_published():
    unseen = script(split="scored", published="A study of faults, table 3")
    page = results.markdown(
        [
            outcome(entry("dead-relu")),
            outcome(of=unseen),
            Outcome(unseen, 1, read_findings({"schema": 1, "findings": [entry("dead-relu")]})),
            outcome(entry("overfitting"), of=script("healthy", "", split="scored", looks_like="over-fits")),
        ],
        seeds=2,
        onset=False,
        states=2,
        waiting=["late_one"],
    )
    assert "| measure | scored | calibration | bar |" in page
    assert "| recall | 50.0% | 100.0% | at least 95% |" in page
    assert "| false alarms, healthy and fixed | 1 of 1 (100.0%) | 0 of 0 (–) | at most 1% |" in page
    assert "1 of the 1 sick scripts of the scored split; recall 50.0%" in page
    assert "`healthy/some_script` (looks like over-fits) seed 0: overfitting, sick (m)" in page
    assert "Left out, not admitted: late_one." in page and "2 states of the sources" in page
    assert "--seeds 2 --no-onset" in page
    assert len({line.count("|") for line in page.splitlines() if line.startswith("| planted")}) == 1


# ------------------------------------------------------------------------ onset


def test_a_cut_trace_holds_nothing_of_later_steps():
    trace = Trace(
        series={"loss": Series.of([3.0, 2.0, 1.0, 0.5])},
        tables={"accuracy": Table(np.array([0, 2, 3]), ("loss",), np.array([[0.1], [0.2], [0.3]]))},
        facts=(Fact(0, "sampler"), Fact(3, "broadcast")),
        steps=4,
    )
    early = cut(trace, 3)
    assert list(early.step_signal("loss").mean) == [3.0, 2.0, 1.0]
    assert list(early.sampled("accuracy").steps) == [0, 2]
    assert [fact.kind for fact in early.facts] == ["sampler"]
    assert early.steps == 3 and trace.steps == 4


# -------------------------------------------------------------------- admission


def test_overlapping_runs_are_not_admitted():
    assert not judge([0.5, 0.91], [0.9, 0.95], "max").admitted
    assert not judge([1.0, 0.2], [0.3, 0.1], "min").admitted


def test_a_hair_of_difference_is_not_admitted():
    verdict = judge([0.899], [0.9], "max")
    assert not verdict.admitted and "gap" in verdict.reason


def test_nan_is_the_worst_there_is_for_the_sick_and_never_forgiven_in_the_fixed():
    assert judge([math.nan, math.inf], [0.1, 0.2], "min").admitted
    assert judge([math.nan], [0.9], "max").gap == math.inf
    assert not judge([9.0], [0.1, math.nan], "min").admitted


# --------------------------------------------------------------- the corpus itself


def test_every_admitted_pair_still_meets_the_conditions_by_its_recorded_values():
    measured = [pair for pair in load_pairs() if pair.sick]
    assert len(measured) >= 52
    for pair in measured:
        assert len(pair.sick) >= ADMISSION_SEEDS and len(pair.fixed) >= ADMISSION_SEEDS, pair.name
        assert judge(pair.sick, pair.fixed, pair.better).admitted, pair.name


def test_manifest_and_files_agree():
    names = sorted(pair.name for pair in load_pairs())
    assert names == sorted(path.stem for path in SICK.glob("*.py"))
    assert names == sorted(path.stem for path in FIXED.glob("*.py"))
    assert len(names) == len(set(names))


def test_the_first_ailments_come_in_two_guises_at_least():
    expected = [pair.expected for pair in load_pairs() if pair.sick]
    twice = {rule for rule in expected if expected.count(rule) >= 2}
    assert len(twice) >= 16, "more are being collected"


@pytest.mark.parametrize("split", SPLITS)
def test_twins_differ_and_only_a_little(split):
    for pair in load_split(split)[0]:
        if split == "scored" and not admitted(pair):
            continue
        sick, fixed = (s.path.read_text("utf-8").splitlines() for s in pair.scripts())
        gone, new = set(sick) - set(fixed), set(fixed) - set(sick)
        moved = sick != fixed and sorted(sick) == sorted(fixed)
        assert gone or new or moved or len(sick) != len(fixed), pair.name
        assert len(gone) <= 5 and len(new) <= 8, (
            pair.name
        )  # early stopping that keeps the best weights takes 8


def test_no_script_of_the_corpus_knows_gradwise():
    for folder in (SICK, FIXED, HEALTHY, *(SCORED / kind for kind in ("sick", "fixed", "healthy"))):
        for path in folder.glob("*.py"):
            assert "gradwise" not in path.read_text("utf-8").lower(), path.name


def test_healthy_scripts_exist():
    scripts = load_healthy()
    assert scripts and all(s.path.exists() and not s.expected for s in scripts)


TWO_TABLES = """# by hand

[[script]]
script = "b"
expected = "overfitting"
accepted = []
metric = 'acc ([0-9]+)'
better = "max"
published = "somewhere"
sick = []
fixed = []

[[healthy]]
script = "a"
looks_like = "overfitting"

[[script]]
script = 'a'
expected = "dead-relu"
accepted = []
metric = 'loss = ([0-9]+)'
better = "min"
sick = [
    1.0,
    2.0,
]
fixed = [0.5]
"""


def test_only_the_values_of_one_pair_are_replaced(tmp_path):
    file = tmp_path / "manifest.toml"
    file.write_text(TWO_TABLES)
    b, a = load_pairs(file, "scored")
    fresh = replace(a, sick=(math.nan, 3.000001), fixed=(0.25,))
    assert with_values(TWO_TABLES, fresh) == TWO_TABLES.replace(
        "sick = [\n    1.0,\n    2.0,\n]\nfixed = [0.5]", "sick = [nan, 3.0]\nfixed = [0.25]"
    )
    file.write_text(with_values(TWO_TABLES, replace(b, sick=(1.0,), fixed=(2.0,))))
    again = load_pairs(file, "scored")
    assert (again[0].sick, again[0].fixed, again[0].published) == ((1.0,), (2.0,), "somewhere")
    assert (again[1].sick, again[1].fixed) == (a.sick, a.fixed)
    with pytest.raises(RuntimeError, match=r"no \[\[script\]\] table is called c"):
        with_values(TWO_TABLES, replace(a, name="c"))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('expected = "dead-relu"', "'script'"),
        ('script = "a"\nexpected = "dead-relu"\nbetter = "up"', 'better = "max" or "min"'),
        (
            'script = "a"\nexpected = "dead-relu"\nbetter = "max"\naccepted = ["lr-too-high"]',
            "why_accepted",
        ),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_field_named(tmp_path, body, complaint):
    file = tmp_path / "manifest.toml"
    file.write_text("[[script]]\n" + body + "\n", "utf-8")
    with pytest.raises(ManifestError, match=complaint):
        load_pairs(file)
