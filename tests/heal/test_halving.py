"""The search on made-up runs: who goes on, when it ends, what it costs."""

import math

import numpy as np
import pytest

from gradwise.heal.candidates import Candidate
from gradwise.heal.halving import Plan, planned, repeated, search
from gradwise.heal.making import OutOfTimeError
from gradwise.heal.metric import Metric
from gradwise.heal.treatment import Cure
from gradwise.heal.trial import SEARCHING, Trial
from gradwise.heal.trying import Cost, Ground
from gradwise.trace.findings import Finding
from gradwise.trace.store import TraceWriter
from tests.cli.verbs import record
from tests.heal.made import runs_of
from tests.report.runs import run_info

LOSS = Metric("printed", lower=True, name="loss", pattern=r"loss ([0-9.]+|nan)")
FACTORS = (0.1, 0.03, 0.3, 0.01, 0.5, 0.2)
LOWER = [Candidate((Cure("lower-lr", {"factor": f}),), "lr-too-high", at) for at, f in enumerate(FACTORS)]
FOUND = Finding("lr-too-high", "L01", "sick", (), 0, 1.0, 0.5, "", "m", "w", ("lower-lr",))
LATE = Finding("lr-too-high", "L01", "sick", (), 150, 1.0, 0.5, "", "m", "w", ("lower-lr",))


def answer(values, nothing="loss 5"):
    """Prints three lines, so that a third of the run has one of them; what a cure is worth is on all."""

    def of(trial):
        if not trial.cures:
            return "\n".join([nothing] * 3)
        found = values.get((trial.cures[0].name, *trial.cures[0].dose.values()), 9.0)
        lines = 1 if trial.max_steps else 3
        return found if isinstance(found, str) else "\n".join([f"loss {found}"] * lines)

    return of


def ground_of(tmp_path, values, judge=lambda place: [FOUND], findings=(FOUND,), **options):
    runs = runs_of(tmp_path, answer(values), trace=record, **options)
    return Ground(runs.get(Trial(probing=True)), [LOSS], runs, judge, findings)


def searched(tmp_path, values, candidates=LOWER, shares=(1.0,), **options):
    ground = ground_of(tmp_path, values, **options)
    tried, enough = search(candidates, Plan(len(candidates), shares, LOSS), ground)
    return tried, enough, ground.runs


def test_without_a_clean_run_all_are_tried_with_seeds_of_their_own(tmp_path):
    tried, enough, runs = searched(tmp_path, {("lower-lr", 0.03): 0.5})
    assert enough is None
    assert [one.candidate for one in tried] == LOWER
    assert {trial.shift for trial in runs.maker.trials[1:]} == {SEARCHING}
    assert tried[1].value == 0.5
    assert tried[1].nothing == 5.0


def test_a_clean_run_that_is_better_ends_it(tmp_path):
    values = {("lower-lr", 0.03): 0.5, ("lower-lr", 0.3): 0.1}
    tried, enough, _ = searched(tmp_path, values, judge=lambda place: [])
    assert enough.candidate is LOWER[1]  # the first is clean too, and worse than nothing
    assert len(tried) == 2


def test_what_was_tried_before_must_be_reached(tmp_path):
    values = {("lower-lr", 0.1): 2.0, ("lower-lr", 0.03): 3.0, ("lower-lr", 0.3): 1.0}
    ground = ground_of(tmp_path, values, judge=lambda place: [])
    before = ground.whole(LOWER[0], 0)
    tried, enough = search(LOWER[1:], Plan(5, (1.0,), LOSS), ground, before)
    assert enough.candidate is LOWER[2]
    assert len(tried) == 2


def test_halving_sends_a_third_on(tmp_path):
    tried, enough, runs = searched(tmp_path, {("lower-lr", 0.01): 0.5}, shares=(1 / 9, 1 / 3))
    assert enough is None
    lengths = [trial.max_steps for trial in runs.maker.trials]
    assert (lengths.count(22), lengths.count(66), lengths.count(None)) == (6, 2, 1)
    assert LOWER[3] in [one.candidate for one in tried]


@pytest.mark.parametrize(("found", "ended"), [(FOUND, True), (LATE, False)])
def test_a_short_clean_run_counts_where_the_cause_shows_as_early(tmp_path, found, ended):
    values = {("lower-lr", 0.1): 0.5}
    ground = ground_of(tmp_path, values, judge=lambda place: [], findings=[found])
    _, enough = search(LOWER, Plan(6, (1 / 3,), LOSS), ground)
    assert (enough is not None) is ended


def test_failed_and_nameless_runs_are_told(tmp_path):
    values = {("lower-lr", 0.1): "failed", ("lower-lr", 0.03): "nothing said"}
    tried, _, _ = searched(tmp_path, values)
    assert tried[0].ran.status == "failed"
    assert math.isnan(tried[1].value)


def test_a_cure_that_finds_nothing_to_act_on_is_tried_once(tmp_path):
    tried, _, _ = searched(tmp_path, {("lower-lr", factor): "idle" for factor in FACTORS})
    assert [one.ran.status for one in tried] == ["idle"]


def test_where_a_cure_finds_nothing_it_is_given_everywhere_and_once(tmp_path):
    places = [Candidate((Cure("relu", {}, (place,)),), "saturated", 0.0) for place in ("fc1", "fc2")]

    def of(trial):
        return "loss 5" if not trial.cures else "idle" if trial.cures[0].where else "loss 1"

    runs = runs_of(tmp_path, of, trace=record)
    ground = Ground(runs.get(Trial(probing=True)), [LOSS], runs, lambda place: [FOUND])
    tried, _ = search(places, Plan(2, (1.0,), LOSS), ground)
    assert [one.candidate.name for one in tried] == ["relu"]


def test_the_next_metric_counts_where_a_cure_changes_the_first(tmp_path):
    def of(trial):
        return "loss 5 acc 0.5" if not trial.cures else "acc 0.9"

    runs = runs_of(tmp_path, of, trace=record)
    accuracy = Metric("printed", lower=False, name="acc", pattern=r"acc ([0-9.]+)")
    ground = Ground(runs.get(Trial(probing=True)), [LOSS, accuracy], runs, lambda place: [])
    one = ground.whole(LOWER[0], 0)
    assert (one.value, one.nothing) == (0.9, 0.5)
    assert ground.agreed([one]) is accuracy


def test_the_budget_ends_it_and_what_was_run_is_kept(tmp_path):
    ground = ground_of(tmp_path, {}, budget=5.0)  # 2 s a run
    with pytest.raises(OutOfTimeError):
        search(LOWER, Plan(6, (1.0,), LOSS), ground)
    assert len(ground.runs.record.runs) == 2


@pytest.mark.parametrize("seconds", [2.0, 10.0, 100.0, 1000.0])
def test_plans_keep_to_their_time(tmp_path, seconds):
    ground = ground_of(tmp_path, {})
    plan = planned(8, ground, seconds)
    assert plan is None or plan.seconds(Cost.of(ground.first)) <= seconds
    assert planned(8, ground, 1e9).candidates == 6


def test_runs_are_shortened_only_where_a_number_comes_so_early(tmp_path):
    ground = ground_of(tmp_path, {})  # 200 steps, a number after each third of them
    assert planned(6, ground, 1e9).shares == (1 / 3,)
    once = Metric("printed", lower=True, name="loss", pattern=r"\Aloss ([0-9.]+)")
    ground.metrics = [once]
    plan = planned(6, ground, 1e9)
    assert (plan.shares, plan.candidates) == ((1.0,), 3)


def test_runs_are_not_shortened_to_before_the_cause_shows(tmp_path):
    ground = ground_of(tmp_path, {})  # a third of 200 steps
    assert planned(6, ground, 1e9, since=33).shares == (1 / 3,)
    assert planned(6, ground, 1e9, since=34).shares == (1.0,)


def test_what_is_repeated_to_the_last_bit_is_not_chance(tmp_path):
    losses = iter([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [3.0, 2.5, 1.0]])

    def trace(place):
        info = run_info(steps=3, status="finished")
        writer = TraceWriter(place, info)
        writer.steps("loss", 0, np.array(next(losses)))
        writer.flush()
        writer.run(info)
        writer.close()

    runs = runs_of(tmp_path, answer({}), trace=trace)
    first, same, other = (runs.get(Trial(shift=shift)) for shift in range(3))
    assert repeated(first, same, runs) is True
    assert repeated(first, other, runs) is False
