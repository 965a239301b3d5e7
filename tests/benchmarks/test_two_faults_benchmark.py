"""Whether the twins are what they claim, and whether the claim that cures combine can be missed."""

import math

import pytest

from benchmarks.detection.corpus import ManifestError
from benchmarks.heal.measuring import Healing
from benchmarks.heal.two_faults import __main__ as command
from benchmarks.heal.two_faults.measuring import Combined
from benchmarks.heal.two_faults.results import FEWEST, holds, render, summary
from benchmarks.heal.two_faults.twins import ARMS, load, written
from gradwise.rules.collection import all_rules

GOOD = {"sick": [0.1, 0.2, 0.1], "first": [0.5] * 3, "second": [0.6] * 3, "fixed": [0.9, 0.8, 0.9]}


def entry(**more):
    fields = {"script": "a", "faults": ["dead-relu", "lr-too-low"], "metric": "acc (.*)", "better": "max",
              "first": ["one", "two"], "second": ["three", "four"]}  # fmt: skip
    return "[[script]]\n" + "\n".join(f"{key} = {value!r}" for key, value in {**fields, **more}.items())


def twins(tmp_path, text="one\nthree\n", values=GOOD, **more):
    (tmp_path / "sick").mkdir()
    (tmp_path / "sick" / "a.py").write_text(text)
    (tmp_path / "manifest.toml").write_text(entry(**more))
    (tmp_path / "values.toml").write_text(written({"a": values}))
    [one] = load(tmp_path / "manifest.toml", tmp_path / "values.toml")
    return one


def test_each_twin_has_its_own_fault_mended(tmp_path):
    one = twins(tmp_path)
    assert [one.text(arm) for arm in ARMS] == ["one\nthree\n", "two\nthree\n", "one\nfour\n", "two\nfour\n"]


@pytest.mark.parametrize("text", ["one\n", "one\nthree\nthree\n"])
def test_an_edit_has_one_place(tmp_path, text):
    with pytest.raises(ManifestError, match="a: expected 'three', the place of lr-too-low, once"):
        twins(tmp_path, text).text("sick")


def test_a_script_is_in_where_both_faults_do_harm(tmp_path):
    assert twins(tmp_path).why_not() == ""


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"sick": [0.1, 0.85, 0.1]}, "as good as the worst fixed"),
        ({"first": [0.87] * 3}, "with lr-too-low alone"),
        ({"second": [0.86] * 3}, "with dead-relu alone"),
        ({"second": [0.6] * 2}, "three seeds"),
        ({"fixed": [0.9, math.nan, 0.9]}, "NaN"),
    ],
)
def test_a_script_is_out_where_one_does_none(tmp_path, values, why):
    assert why in twins(tmp_path, values={**GOOD, **values}).why_not()


def test_a_run_that_diverges_is_harm(tmp_path):
    assert twins(tmp_path, values={**GOOD, "first": [math.nan] * 3}).why_not() == ""


def test_errors_falling_are_compared_the_other_way(tmp_path):
    falling = {"sick": [9.0] * 3, "first": [3.0] * 3, "second": [1.0] * 3, "fixed": [1.0] * 3}
    assert "with dead-relu alone" in twins(tmp_path, values=falling, better="min").why_not()


@pytest.mark.parametrize(
    ("more", "why"),
    [({"faults": ["one"]}, "two entries in 'faults'"), ({"better": "up"}, "max"), ({"metric": 3}, "metric")],
)
def test_a_manifest_that_lacks_something_says_what(tmp_path, more, why):
    with pytest.raises(ManifestError, match=why):
        twins(tmp_path, **more)


def test_the_scripts_are_many_and_their_faults_are_rules():
    known = load()
    assert len(known) >= FEWEST
    assert {fault for one in known for fault in one.faults} <= set(all_rules())
    assert all(one.faults[0] != one.faults[1] for one in known)
    assert [one.why_not() for one in known if one.why_not()] == []


@pytest.mark.parametrize("one", load(), ids=lambda one: one.pair.name)
def test_every_twin_can_be_made(one):
    texts = {one.text(arm) for arm in ARMS}
    assert len(texts) == len(ARMS)
    for text in texts:
        compile(text, one.pair.name, "exec")


def done(first=("a", "b"), whole=("a", "b"), **more):
    fields = {"verdict": "helped", "reached": True, "lot": False, "steps": 7.0, "chosen": "relu + adam"}
    return Combined(Healing("s", "a + b", **{**fields, **more}), first, whole, 2)


def test_the_claim_can_be_missed():
    good = [done() for _ in range(FEWEST)]
    assert holds(good)
    assert not holds(good[1:])
    assert not holds([*good, done(whole=("a",))])
    assert not holds([*good, done(reached=False)])


def test_the_shares_are_of_all_scripts():
    text = summary([done(), done(first=("b",)), done((), ("b",), reached=False, verdict="not shown")])
    assert "both named in the first run: 1 of 3 (33%)" in text
    assert "one of them: 1 of 3" in text
    assert "both named in the whole heal: 2 of 3" in text
    assert "both named, as good, and shown: 2 of 3" in text


def test_what_was_missed_and_every_harm_stand_in_the_results(tmp_path):
    missed = done(reached=False, words="not shown: no", arms=[[0.1, None], [0.2, 0.3], []])
    text = render([done(), missed], [twins(tmp_path)], 3)
    assert "| not shown: no | 0.1, none | 0.2, 0.3 |" in text
    assert "| a | max | 0.1333 | 0.5 | 0.6 | 0.8667 |" in text
    assert "## Not both" not in render([done()], [], 3)


def test_outcomes_are_read_back(tmp_path):
    file = tmp_path / "done.jsonl"
    command._keep(file, done(whole=("a",)))
    read = command._known(file)["s"]
    assert (read.first, read.whole, read.both, read.cures) == (("a", "b"), ("a",), False, 2)
    assert holds([read] * FEWEST) is False
    assert read.healing.reached
