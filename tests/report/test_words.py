import pytest

from gradwise.diagnosis import Diagnosis
from gradwise.report import words
from gradwise.trace.model import Fact, ModuleInfo, ParameterInfo, RunInfo, Trace
from tests.report.runs import finding, run_info, sick


def test_control_characters_never_reach_the_terminal():
    assert words.clean("a\x1b]0;owned\x07b\x9bc\ud800") == "a?]0;owned?b?c?"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 ms"),
        (59.94, "59.9 s"),
        (60, "1 min 0 s"),
        (3600, "1 h 0 min"),
        (float("nan"), "an unknown time"),
    ],
)
def test_durations(seconds, said):
    assert words.duration(seconds) == said


def test_a_place_says_what_it_is():
    trace = Trace(
        modules=(ModuleInfo("features.3", "ReLU", units=256), ModuleInfo("drop", "Dropout")),
        parameters=(ParameterInfo("fc.weight", (10, 64)),),
    )
    assert words.place("features.3", trace) == "features.3 (ReLU, 256 units)"
    assert words.place("drop", trace) == "drop (Dropout)"
    assert words.place("fc.weight", trace) == "fc.weight (10×64)"
    assert words.place("cross_entropy", trace) == "cross_entropy"


def test_many_places_are_counted():
    assert words.places(("a", "b", "c", "d", "e"), Trace()) == "a, b, c and 2 more"
    assert words.places((), Trace()) == "the whole run"


def test_the_verdict_counts_causes_by_group_and_symptoms():
    both = Diagnosis((finding(), finding(rule="loss-nan", group="broken", symptoms=())), (), 16)
    assert (
        words.verdict(both, run_info())
        == "2 causes found (1 broken, 1 sick), 1 symptom, in 840 steps by 16 rules"
    )
    assert words.verdict(Diagnosis((), (), 16), run_info()) == "no ailment found in 840 steps by 16 rules"


def test_a_run_without_steps_gets_no_clean_bill():
    assert words.verdict(Diagnosis((), (), 16), RunInfo()) == "nothing to judge: no training step was seen"


def test_notes_of_watcher_and_rules_are_told_once():
    note = Fact(3, "note", "", {"where": "collector", "error": "ValueError: odd"})
    trace = Trace(facts=(note, note, Fact(4, "clip")))
    assert words.notes(Diagnosis((), ("rule x failed",)), trace) == (
        "rule x failed",
        "collector: ValueError: odd",
    )


def test_how_a_run_ended():
    assert words.status(RunInfo(status="running")) == "still running"
    assert (
        words.status(RunInfo(status="failed", error="ValueError: no\nsuch")) == "failed (ValueError: no such)"
    )


def test_flat_lists_symptoms_of_symptoms():
    deep = finding().with_symptoms((finding(rule="b", symptoms=(finding(rule="c", symptoms=()),)),))
    assert [f.rule for f in words.flat([deep])] == ["dead-relu", "b", "c"]
    assert len(list(words.flat(sick().findings))) == 2
