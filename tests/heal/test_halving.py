"""Successive halving on made-up runs: who goes on, who wins, what it costs."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gradwise.heal.candidates import Candidate
from gradwise.heal.halving import Cost, Plan, planned, repeated, search
from gradwise.heal.making import OutOfTimeError
from gradwise.heal.metric import Metric
from gradwise.heal.treatment import Cure
from gradwise.heal.trial import Trial
from gradwise.trace.store import TraceWriter
from tests.cli.verbs import record
from tests.heal.made import runs_of
from tests.report.runs import run_info

LOSS = Metric("printed", lower=True, name="loss", pattern=r"loss ([0-9.]+|nan)")
FACTORS = (0.1, 0.03, 0.3, 0.01, 0.5, 0.2)
LOWER = [Candidate((Cure("lower-lr", {"factor": f}),), "lr-too-high", at) for at, f in enumerate(FACTORS)]


def answer(values, nothing="loss 5"):
    def of(trial):
        if not trial.cures:
            return nothing
        found = [values.get((cure.name, *cure.dose.values()), 9.0) for cure in trial.cures]
        return found[0] if isinstance(found[0], str) else f"loss {min(found) / len(found)}"

    return of


def searched(tmp_path, values, candidates=LOWER, shares=(1.0,), **options):
    runs = runs_of(tmp_path, answer(values), **options)
    first = runs.get(Trial(probing=True))
    return search(candidates, Plan(len(candidates), shares, 0.0), first, [LOSS], runs, None), runs


def test_the_best_wins(tmp_path):
    found, runs = searched(tmp_path, {("lower-lr", 0.03): 0.5, ("lower-lr", 0.3): 2.0})
    assert found.best.cures[0].dose == {"factor": 0.03}
    assert found.nothing == 5.0
    assert len(runs.maker.trials) == 1 + len(LOWER)


def test_a_clean_run_leaves_only_its_own_doses_to_try(tmp_path):
    others = [Candidate((Cure("zero-grad"),), "lr-too-high", 9.0), Candidate((Cure("adam"),), "sick", 9.5)]
    mixed = [LOWER[0], others[0], LOWER[1], others[1]]
    runs = runs_of(tmp_path, answer({("lower-lr", 0.1): 2.0, ("lower-lr", 0.03): 1.0, ("zero-grad",): 0.5}))
    first = runs.get(Trial(probing=True))
    found = search(mixed, Plan(4, (1.0,), 0.0), first, [LOSS], runs, None, clean=lambda place: True)
    assert found.best is LOWER[1]
    assert [trial.cures[0].name for trial in runs.maker.trials[1:]] == ["lower-lr", "lower-lr"]


def test_a_clean_run_that_is_no_better_ends_nothing(tmp_path):
    runs = runs_of(tmp_path, answer({("lower-lr", 0.3): 1.0}))
    first = runs.get(Trial(probing=True))
    found = search(LOWER, Plan(6, (1.0,), 0.0), first, [LOSS], runs, None, clean=lambda place: True)
    assert found.best is LOWER[2]


def test_of_equals_the_likelier_wins(tmp_path):
    found, _ = searched(tmp_path, {("lower-lr", f): 1.0 for f in FACTORS})
    assert found.best is LOWER[0]


def test_nobody_wins_who_is_not_better_than_nothing(tmp_path):
    assert searched(tmp_path, {})[0].best is None


def test_halving_runs_few_over_all_steps(tmp_path):
    found, runs = searched(tmp_path, {("lower-lr", 0.01): 0.5}, shares=(1 / 3, 1.0))
    assert found.best.cures[0].dose == {"factor": 0.01}
    lengths = [trial.max_steps for trial in runs.maker.trials]
    assert lengths.count(66) == len(LOWER) + 1
    assert lengths.count(None) == 1 + 2


def test_idle_failed_and_nameless_runs_are_dropped(tmp_path):
    values = {("lower-lr", 0.1): "idle", ("lower-lr", 0.03): "failed", ("lower-lr", 0.3): "nothing said"}
    found, _ = searched(tmp_path, {**values, ("lower-lr", 0.2): 4.0})
    assert found.best.cures[0].dose == {"factor": 0.2}
    assert [one.ran.status for one in found.tried[:2]] == ["idle", "failed"]
    assert math.isnan(found.tried[2].value)


@pytest.mark.parametrize("shares", [(1.0,), (1 / 3, 1.0)])
def test_where_a_cure_finds_nothing_it_is_given_everywhere_and_once(tmp_path, shares):
    places = [Candidate((Cure("relu", {}, (place,)),), "saturated", 0.0) for place in ("fc1", "fc2")]

    def of(trial):
        return "loss 5" if not trial.cures else "idle" if trial.cures[0].where else "loss 1"

    runs = runs_of(tmp_path, of)
    found = search(places, Plan(2, shares, 0.0), runs.get(Trial(probing=True)), [LOSS], runs, None)
    assert found.best.name == "relu"
    assert [one.candidate.name for one in found.tried] == ["relu"] * len(shares)


def test_two_causes_are_healed_together(tmp_path):
    other = Candidate((Cure("zero-grad"),), "missing-zero-grad", 0.5)
    values = {("lower-lr", 0.1): 4.0, ("zero-grad",): 3.0}
    found, _ = searched(tmp_path, values, [LOWER[0], other])
    assert found.best.name == "lower-lr factor=0.1 + zero-grad"
    assert found.best.cause == "lr-too-high + missing-zero-grad"


def test_the_next_metric_counts_where_a_cure_changes_the_first(tmp_path):
    def of(trial):
        return "loss 5 acc 0.5" if not trial.cures else "acc 0.9"

    runs = runs_of(tmp_path, of)
    first = runs.get(Trial(probing=True))
    accuracy = Metric("printed", lower=False, name="acc", pattern=r"acc ([0-9.]+)")
    found = search(LOWER[:1], planned(1, Cost(1.0, 1.0, 200), 100.0), first, [LOSS, accuracy], runs, None)
    assert found.metric is accuracy
    assert found.best is LOWER[0]


def test_the_budget_ends_it_and_what_was_run_is_kept(tmp_path):
    runs = runs_of(tmp_path, answer({}), budget=5.0)  # 2 s a run
    first = runs.get(Trial(probing=True))
    with pytest.raises(OutOfTimeError):
        search(LOWER, planned(6, Cost(1.0, 1.0, 200), 1e9), first, [LOSS], runs, None)
    assert len(runs.record.runs) == 2


@pytest.mark.parametrize("script", [1.0, 30.0, 600.0])
def test_plans_keep_to_their_time(script):
    cost = Cost(3.0, script, 1000)
    for seconds in (10.0, 100.0, 1000.0, 10_000.0):
        plan = planned(8, cost, seconds)
        assert plan is None or plan.seconds <= seconds
    assert planned(8, cost, 1e9).candidates == 8


def test_short_runs_are_not_shortened():
    assert planned(8, Cost(1.0, 100.0, 40), 1e9).shares == (1.0,)


def test_a_script_that_is_not_deterministic_is_told(tmp_path):
    losses = iter([[3.0, 2.0, 1.0], [3.0, 2.5, 1.0]] + [[3.0, 2.0, 1.0]] * 9)

    def trace(place):
        info = run_info(steps=3, status="finished")
        writer = TraceWriter(place, replace(info, status="running"))
        writer.steps("loss", 0, np.array(next(losses)))
        writer.flush()
        writer.run(info)
        writer.close()

    runs = runs_of(tmp_path, answer({}), trace=trace)
    first = runs.get(Trial(probing=True))
    search(LOWER[:2], Plan(2, (1 / 3, 1.0), 0.0), first, [LOSS], runs, None)
    assert [note for note in runs.notes if "not deterministic" in note]


def test_what_is_repeated_to_the_last_bit_is_not(tmp_path):
    runs = runs_of(tmp_path, answer({}), trace=record)
    first, other = runs.get(Trial(probing=True)), runs.get(Trial(max_steps=50))
    assert repeated(first, other, runs)
    assert runs.notes == []
