"""Which probes a diagnosis asks for, and how their answers order its findings."""

from __future__ import annotations

import pytest

from gradwise.cli.probing import MODES, chosen, clip_of, names_in, probe_names, probing
from gradwise.diagnosis import Diagnosis, _nest, _promoted
from gradwise.errors import UsageError
from gradwise.handbook.catalogue import catalogue
from gradwise.probes.collection import all_probes
from gradwise.probes.pairs import PAIRS, favoured, undecided
from gradwise.rules.collection import find_rule
from gradwise.trace.append import append_facts
from gradwise.trace.findings import Finding
from gradwise.trace.model import Fact, ModuleInfo, RunInfo, Trace
from gradwise.trace.read import read_run
from gradwise.trace.store import TraceWriter
from tests.cases.build import build, fact, learning


def found(name: str, strength: float = 0.5) -> Finding:
    return find_rule(name).declaration.finding(
        since_step=0, value=1.0, threshold=0.5, unit="1", message="m", why="w", strength=strength
    )


def answer(probe: str, verdict: str, status: str = "answered") -> Fact:
    return fact("probe", probe, status=status, verdict=verdict)


def order(*names: str, told=frozenset()) -> list[tuple[str, tuple[str, ...]]]:
    nested = _nest([found(name) for name in names], told)
    return [(one.rule, tuple(symptom.rule for symptom in one.symptoms)) for one in nested]


def test_every_pair_names_ailments_probes_and_verdicts_that_differ():
    for pair in PAIRS:
        assert {pair.first, pair.second} <= set(catalogue())
        assert pair.probe in all_probes()
        assert not set(pair.for_first) & set(pair.for_second)


def test_two_findings_that_show_alike_ask_for_the_probe_between_them():
    assert undecided({"lr-too-high", "exploding-gradient"}) == ("rate",)
    assert undecided({"lr-too-high", "unnormalized-input"}) == ("standardised-input",)
    assert undecided({"lr-too-high"}) == ()
    assert undecided({"lr-too-high", "softmax-twice"}) == ()


def test_the_answer_decides_which_is_the_cause():
    names = ("lr-too-high", "exploding-gradient")
    lower = favoured(Trace(facts=(answer("rate", "lower"),)))
    none = favoured(Trace(facts=(answer("rate", "none"),)))
    assert order(*names, told=lower) == [("lr-too-high", ("exploding-gradient",))]
    assert order(*names, told=none) == [("exploding-gradient", ("lr-too-high",))]


def test_the_latest_answer_counts_and_abstaining_says_nothing():
    facts = (answer("rate", "lower"), answer("rate", "none"), answer("rate", "", "abstained"))
    assert ("exploding-gradient", "lr-too-high") in favoured(Trace(facts=facts))
    assert favoured(Trace(facts=facts[2:])) == frozenset()
    assert favoured(Trace(facts=(answer("rate", "strange"),))) == frozenset()


def test_without_an_answer_the_order_is_what_it_was():
    findings = [found("unnormalized-input"), found("lr-too-high")]
    assert _promoted(findings, ()) == findings
    assert order("unnormalized-input", "lr-too-high") == [("unnormalized-input", ("lr-too-high",))]


def test_inputs_that_standardising_does_not_help_come_second():
    told = favoured(Trace(facts=(answer("standardised-input", "same"),)))
    assert order("unnormalized-input", "lr-too-high", told=told)[0][0] == "lr-too-high"


def poor(**more):
    tables = learning(end=2.25)
    return build(loss=tables["criterion"]["cross_entropy"], tables=tables, **more)


def test_a_bad_end_without_a_cause_asks_whether_samples_mix():
    assert chosen(Diagnosis(()), poor()) == ["sample-mixing", "rate"]
    assert chosen(Diagnosis((found("underfitting"),)), poor()) == ["sample-mixing", "rate"]
    assert chosen(Diagnosis((found("lr-too-high"),)), poor()) == []


def test_what_another_rate_would_do_is_asked_unless_the_run_learnt_or_something_cannot_be_meant():
    def run(end):
        tables = learning(end=end)
        return build(loss=tables["criterion"]["cross_entropy"], tables=tables)

    assert chosen(Diagnosis(()), run(0.5)) == ["rate"]
    assert chosen(Diagnosis((found("dead-relu"),)), run(0.5)) == ["rate"]
    assert chosen(Diagnosis(()), run(0.1)) == []
    assert chosen(Diagnosis((found("softmax-twice"),)), run(0.5)) == []
    assert chosen(
        Diagnosis((found("unnormalized-input").with_symptoms((found("lr-too-high"),)),)), run(0.5)
    ) == ["standardised-input"]


def test_a_good_run_asks_for_nothing_and_a_half_good_recurrent_one_does():
    good, half = learning(end=0.1), learning(end=1.5)
    loss = good["criterion"]["cross_entropy"]
    lstm = [ModuleInfo("body", "LSTM", 100)]
    assert chosen(Diagnosis(()), build(loss=loss, tables=good, modules=lstm)) == []
    unsure = build(loss=half["criterion"]["cross_entropy"], tables=half, modules=lstm)
    assert chosen(Diagnosis((found("lr-too-high"),)), unsure) == ["sample-mixing"]


def test_options_are_checked_before_anything_runs():
    assert [probing(mode, None).wanted for mode in MODES] == [False, True, True]
    assert probing("Rate, hessian", 2.0).which == "rate, hessian"
    assert names_in("rate, sample_mixing,") == ["rate", "sample-mixing"]
    with pytest.raises(UsageError, match="did you mean 'rate'"):
        probing("rat", None)
    assert set(probe_names()) == set(all_probes())


def test_the_norm_that_a_script_clips_to_is_read():
    clipped = fact("clip", "clip_grad_norm_", function="clip_grad_norm_", max_norm=1.5)
    assert clip_of(build(facts=[clipped])) == 1.5
    assert clip_of(build()) is None


def test_facts_are_added_to_a_closed_run(tmp_path):
    writer = TraceWriter(tmp_path / "run", RunInfo(status="finished", steps=9))
    writer.fact(Fact(1, "note", "x", {}))
    writer.close()
    append_facts(
        tmp_path / "run", [answer("rate", "lower"), Fact(3, "probe", "hessian", {"top": float("inf")})]
    )
    facts = read_run(tmp_path / "run").trace.facts
    assert [(one.kind, one.where) for one in facts] == [
        ("note", "x"),
        ("probe", "rate"),
        ("probe", "hessian"),
    ]
    assert facts[1].data["verdict"] == "lower"
    assert facts[2].data["top"] == float("inf")
