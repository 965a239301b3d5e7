"""Findings that a project accepts, with a reason."""

from dataclasses import replace

from gradwise.diagnosis import diagnose
from gradwise.report.html import html_report
from gradwise.report.schema import render_json
from gradwise.report.terminal import render_text
from gradwise.rules.collection import find_rule
from gradwise.settings.settings import Settings, Suppression
from tests.cases.test_dead_relu import run
from tests.report.runs import finding

RULES = [find_rule("dead-relu"), find_rule("loss-nan")]
SICK = run(0.95)


def judged(*suppressions, trace=SICK, rules=RULES):
    return diagnose(trace, rules, settings=Settings(shown="gradwise.toml", suppress=suppressions))


def test_a_suppressed_finding_is_kept_apart_with_its_reason():
    diagnosis = judged(Suppression("dead-relu", "pruned on purpose"))
    assert diagnosis.findings == () and diagnosis.notes == ()
    (held,) = diagnosis.suppressed
    assert (held.finding.rule, held.reason) == ("dead-relu", "pruned on purpose")
    assert not diagnosis.fails("trial")


def test_where_fits_all_places_or_nothing():
    both = finding(where=("encoder.0", "head"))
    assert not Suppression("dead-relu", "x", "encoder.*").covers(both)
    assert Suppression("dead-relu", "x", "encoder.*").covers(finding(where=("encoder.0",)))
    assert Suppression("dead-relu", "x").covers(finding(where=()))
    assert not Suppression("dead-relu", "x", "encoder.*").covers(finding(where=()))
    assert not Suppression("loss-nan", "x").covers(finding())


def test_a_suppression_that_matched_nothing_is_said():
    assert judged(Suppression("dead-relu", "x", "fc2")).notes == (
        "gradwise.toml: the suppression of dead-relu at fc2 matched nothing",
    )
    assert judged(Suppression("loss-nan", "x")).notes == (
        "gradwise.toml: the suppression of loss-nan matched nothing",
    )


def test_it_is_not_said_where_it_could_not_match():
    assert judged(Suppression("overfitting", "x")).notes == ()  # its rule did not judge
    assert judged(Suppression("loss-nan", "x", script="other.py")).notes == ()


def test_scripts():
    here = Suppression("dead-relu", "x", script="train.py")
    assert judged(here).findings == ()
    elsewhere = replace(SICK, run=replace(SICK.run, script="old/fit.py"))
    assert judged(here, trace=elsewhere).suppressed == ()
    assert judged(Suppression("dead-relu", "x", script="old/*.py"), trace=elsewhere).findings == ()


def test_segments_are_counted_once():
    diagnosis = diagnose([SICK, SICK], RULES, settings=Settings(suppress=(Suppression("dead-relu", "x"),)))
    assert len(diagnosis.suppressed) == 1


def test_what_a_suppressed_cause_explained_stands_by_itself():
    def symptom(trace):
        yield finding(rule="vanishing-gradient", code="G01", symptoms=())

    rules = [*RULES, replace(find_rule("vanishing-gradient"), check=symptom)]
    assert [one.rule for one in judged(rules=rules).findings] == ["dead-relu"]
    diagnosis = judged(Suppression("dead-relu", "x"), rules=rules)
    assert [one.rule for one in diagnosis.findings] == ["vanishing-gradient"]


def test_it_is_counted_and_shown_on_demand():
    diagnosis = judged(Suppression("dead-relu", "pruned on purpose"))
    text = render_text(diagnosis, SICK.run, SICK)
    assert "no ailment found in 400 steps by 2 rules, 1 suppressed\nsettings  gradwise.toml" in text
    assert "pruned" not in text
    shown = render_text(diagnosis, SICK.run, SICK, show_suppressed=True)
    assert "suppressed: A01 dead-relu  fc1 (Linear, 64 units), from the start" in shown
    assert "    reason  pruned on purpose" in shown
    page = html_report(SICK, diagnosis)
    assert "1 suppressed in gradwise.toml" in page and "pruned on purpose" in page


def test_in_json():
    document = render_json(judged(Suppression("dead-relu", "pruned on purpose")), SICK.run)
    assert document["findings"] == []
    (held,) = document["suppressed"]
    assert (held["code"], held["reason"]) == ("A01", "pruned on purpose")
    assert document["settings"] == "gradwise.toml"
    plain = render_json(diagnose(SICK, RULES), SICK.run)
    assert (plain["suppressed"], plain["settings"]) == ([], None)
