"""The exam puts causes in order: what is broken, then what is sick or slow, then taste; symptoms go with their cause."""

from dataclasses import replace

from gradwise.diagnosis import diagnose
from gradwise.rules.collection import all_rules
from tests.cases.build import build


def order(*named):
    """Rules of the first lines, where these rules find something of these groups."""

    def rule(name, group):
        one = all_rules()[name]
        found = one.declaration.finding(
            where=[name],
            since_step=0,
            value=1.0,
            threshold=0.0,
            unit="1",
            message="m",
            why="w",
            strength=0.5,
            evidence=[],
        )
        return replace(one, check=lambda _: iter([replace(found, group=group)]))

    findings = diagnose(build(loss=1.0), [rule(name, group) for name, group in named]).findings
    return [(finding.rule, [symptom.rule for symptom in finding.symptoms]) for finding in findings]


def test_a_habit_comes_after_what_is_sick_whatever_its_organ():
    assert order(("unnormalized-target", "habit"), ("excessive-dropout", "sick")) == [
        ("excessive-dropout", []),
        ("unnormalized-target", []),
    ]


def test_what_is_broken_comes_first():
    assert [name for name, _ in order(("overfitting", "sick"), ("hidden-state-leak", "broken"))] == [
        "hidden-state-leak",
        "overfitting",
    ]


def test_a_mild_cause_of_something_sick_stands_where_its_symptom_would():
    causes = order(("dead-relu", "habit"), ("vanishing-gradient", "sick"), ("trained-too-long", "habit"))
    assert causes == [("dead-relu", ["vanishing-gradient"]), ("trained-too-long", [])]


def stages(name, sick, of):
    """Rules of the first lines of a run of several stages, in so many of which a rule finds something."""
    one = all_rules()[name]
    found = one.declaration.finding(
        where=[name], since_step=0, value=1.0, threshold=0.0, unit="1", message="m", why="w",
        strength=0.5, evidence=[],
    )  # fmt: skip
    traces = [build(loss=1.0, first_step=10 * number) for number in range(of)]
    rule = replace(one, check=lambda trace: iter([found] if trace.first_step < 10 * sick else []))
    return [finding.rule for finding in diagnose(traces, [rule]).findings]


def test_an_outcome_of_a_few_among_many_stages_is_left_out():
    assert stages("loss-not-decreasing", sick=3, of=9) == []
    assert stages("loss-not-decreasing", sick=5, of=9) == ["loss-not-decreasing"]
    assert stages("loss-not-decreasing", sick=1, of=4) == ["loss-not-decreasing"]
    assert stages("missing-zero-grad", sick=1, of=9) == ["missing-zero-grad"]
