"""How often a rule was right: the file, the intervals, the sentences, and where they are shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradwise.handbook import measured
from gradwise.handbook.measured import (
    UNMEASURED,
    Counts,
    Measured,
    Measurement,
    interval,
    measured_lines,
    measurement,
    read,
    wilson,
    written,
)
from gradwise.rules.collection import find_rule, own_rules
from tools import docs

DEAD, SLOW = find_rule("dead-relu"), find_rule("dataloader-bound")
TOLD = Measurement(
    "0.1.0",
    "2026-11-21",
    scripts=288,
    corpus=288,
    rules={
        "dead-relu": Measured(Counts(6, 6, 4, 1, 184, 0), Counts(2, 1, 1, 0, 40, 1)),
        "lr-too-high": Measured(Counts(quiet=184, alarms=3)),
        "dataloader-bound": Measured(Counts(2, 2, 2, 0, 184, 3)),
    },
)


def test_what_is_written_is_read_back():
    assert read(written(TOLD)) == TOLD
    assert written(read(written(TOLD))) == written(TOLD)


def test_the_file_tells_of_rules_that_exist_and_of_counts_that_can_be():
    told = measurement()
    assert set(told.rules) <= set(own_rules())
    for one in told.rules.values():
        for part in filter(None, (one.whole, one.scored)):
            assert 0 <= part.first <= part.found <= part.planted
            assert 0 <= part.fair <= part.planted - part.first
            assert 0 <= part.alarms <= part.quiet
    assert told.scripts <= told.corpus
    assert bool(told.rules) == bool(told.version) == bool(told.date)


@pytest.mark.parametrize(
    ("hits", "runs", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 100, 0.0018, 0.0545)],
)
def test_intervals_are_those_of_the_tables(hits, runs, low, high):
    assert wilson(hits, runs) == pytest.approx((low, high), abs=1e-4)


def test_of_no_runs_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)


def test_many_quiet_runs_bound_the_alarms_tighter():
    assert interval(0, 10) == "at most 28 %"
    assert interval(0, 1000) == "at most 0.38 %"


def test_the_sentences_of_a_rule():
    assert measured_lines(DEAD.declaration, TOLD) == [
        "Found in 6 of 6 runs where it was planted (95 %: 61–100 %), first in 4 (in 1 a name as fair was).",
        "Alarmed in 0 of 184 healthy runs (at most 2 %).",
        (
            "On scripts that no threshold was set by: found in 1 of 2 runs where it was planted "
            "(95 %: 9.5–91 %), first in 1; alarmed in 1 of 40 healthy runs (95 %: 0.44–13 %)."
        ),
        "Measured with version 0.1.0 on 2026-11-21, on all 288 scripts of the corpus.",
    ]


def test_a_rule_without_pairs_is_not_measured_and_its_alarms_are():
    lines = measured_lines(find_rule("lr-too-high").declaration, TOLD)
    assert lines[0].startswith("Not measured yet where it is planted")
    assert lines[1] == "Alarmed in 3 of 184 healthy runs (95 %: 0.56–4.7 %)."


def test_what_is_no_alarm_is_not_called_one():
    assert "Spoke in 3 of 184" in measured_lines(SLOW.declaration, TOLD)[1]


def test_a_part_of_the_corpus_is_said_to_be_one():
    lines = measured_lines(DEAD.declaration, replace(TOLD, scripts=72))
    assert lines[-1].endswith("on 72 of 288 scripts of the corpus.")


def test_what_was_never_measured_says_so():
    assert measured_lines(find_rule("loss-nan").declaration, TOLD) == [UNMEASURED]
    assert measured_lines(DEAD.declaration, Measurement()) == [UNMEASURED]


def test_the_page_and_explain_say_the_same(monkeypatch):
    from gradwise.cli.entries import entry_html, entry_text, find_entries

    monkeypatch.setattr(measured, "measurement", lambda: TOLD)
    lines = measured_lines(DEAD.declaration)
    page = docs.rule_page(DEAD)
    assert "## Measured\n\n" + "".join(f"- {line}\n" for line in lines) + "\n## Declaration\n" in page
    (entry,) = find_entries("dead-relu")
    shown = entry_text(entry, width=400)
    assert "\nMeasured\n" + "".join(f"    - {line}\n" for line in lines) in shown
    assert "Found in 6 of 6 runs" in entry_html(entry)


def test_of_a_rule_of_another_package_nothing_is_said():
    from gradwise.cli.entries import _rule_entry

    foreign = replace(DEAD, package="acme")
    assert "Measured" not in [section.heading for section in _rule_entry(foreign).page.sections]
    assert "Measured" in [section.heading for section in _rule_entry(DEAD).page.sections]
