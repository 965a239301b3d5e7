"""A heal from the first run to the verdict, on made-up runs with a recorded trace of a dying layer."""

import json

import pytest

from gradwise.errors import UsageError
from gradwise.heal.healing import Order, ScriptFailedError, heal
from gradwise.heal.making import Runs
from gradwise.heal.record import resume
from gradwise.heal.treatment import read_treatment
from gradwise.rules.collection import all_rules
from tests.cli.verbs import record
from tests.heal.made import Made, runs_of, script

DEAD = [all_rules()["dead-relu"]]
ORDER = Order(rules=DEAD)


def by_cure(good):
    """Prints a loss that only the good cure lowers, and moves with the seed."""

    def answer(trial):
        names = [cure.name for cure in trial.cures]
        loss = 0.2 if good in names else 1.0
        return f"test loss {loss + 0.01 * (trial.shift % 3) + 0.001 * len(names)}"

    return answer


def traced(place):
    record(place)


def healed(tmp_path, answer, order=ORDER, **options):
    runs = runs_of(tmp_path, answer, trace=traced, **options)
    return heal(order, runs), runs


def test_what_helps_is_found_proven_and_saved(tmp_path):
    found, runs = healed(tmp_path, by_cure("lower-lr"))
    assert (found.verdict, found.exit_code) == ("helped", 0)
    assert found.chosen.cures[0].name == "lower-lr"
    assert found.proof.shifts == (1, 2, 3)
    assert found.cost == pytest.approx(found.runs)  # each takes as long
    assert read_treatment(found.treatment).cures[0].dose == {"factor": 0.1}
    told = json.loads((runs.record.directory / "heal.json").read_text())
    assert told["outcome"]["verdict"] == "helped"
    assert len(told["runs"]) == found.runs == len(runs.maker.trials)


def test_the_arms_have_the_same_seeds_and_none_of_the_search(tmp_path):
    _, runs = healed(tmp_path, by_cure("lower-lr"))
    arms = [trial for trial in runs.maker.trials if trial.shift]
    assert sorted(trial.shift for trial in arms) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert [trial.shift for trial in arms if not trial.cures] == [1, 2, 3]


def test_no_cure_helped(tmp_path):
    found, _ = healed(tmp_path, lambda trial: f"test loss {1.0 if not trial.cures else 1.5}")
    assert (found.verdict, found.exit_code) == ("no cure helped", 1)
    assert found.treatment is None


def test_luck_of_one_seed_is_not_a_proof(tmp_path):
    def lucky(trial):
        loss = 1.0 + 0.1 * (trial.shift % 2) if trial.shift or not trial.cures else 0.3
        return f"test loss {loss + (0.05 if trial.shift == 2 and trial.cures else 0)}"

    found, _ = healed(tmp_path, lucky)
    assert (found.verdict, found.exit_code) == ("not shown", 1)


def test_healthy_runs_are_left_alone(tmp_path):
    found, runs = healed(tmp_path, by_cure("lower-lr"), Order(rules=[all_rules()["loss-nan"]]))
    assert (found.verdict, found.exit_code) == ("healthy", 0)
    assert len(runs.maker.trials) == 1


def test_nothing_to_try_within_the_grades(tmp_path):
    found, runs = healed(tmp_path, by_cure("lower-lr"), Order(rules=DEAD, allow=("safe",)))
    assert (found.verdict, found.exit_code) == ("nothing to try", 1)
    assert "leaky-relu" in found.left
    assert len(runs.maker.trials) == 1


def test_a_script_that_fails_is_said(tmp_path):
    with pytest.raises(ScriptFailedError, match="fails after 200 steps") as failed:
        healed(tmp_path, lambda trial: "failed")
    assert failed.value.exit_code == 3


def test_a_script_longer_than_the_budget_is_said(tmp_path):
    with pytest.raises(UsageError, match="does not end within the budget of 1 s; .*--max-steps"):
        healed(tmp_path, by_cure("adam"), budget=1.0)


def test_a_budget_too_small_for_a_proof_is_said_and_the_run_kept(tmp_path):
    with pytest.raises(UsageError, match="one run takes 2 s, .* give --budget 16s or more"):
        healed(tmp_path, by_cure("adam"), budget=10.0)
    assert resume(tmp_path / "heal", script(tmp_path)).runs


def test_fewer_seeds_where_the_budget_reaches_for_no_more(tmp_path):
    found, _ = healed(tmp_path, by_cure("lower-lr"), budget=20.0)
    assert found.proof is None or found.proof.gain.seeds == 2
    assert any("reaches for 2 seeds" in note for note in found.notes)


def test_an_interrupted_heal_goes_on_where_it_was(tmp_path):
    whole, runs = healed(tmp_path / "a", by_cure("lower-lr")) if (tmp_path / "a").mkdir() is None else None
    (tmp_path / "b").mkdir()
    broken = runs_of(tmp_path / "b", by_cure("lower-lr"), trace=traced)
    make, count = broken.maker.run, [0]

    def until_ctrl_c(trial, limit):
        count[0] += 1
        if count[0] > 5:
            raise KeyboardInterrupt
        return make(trial, limit)

    broken.maker.run = until_ctrl_c
    with pytest.raises(KeyboardInterrupt):
        heal(ORDER, broken)
    directory = tmp_path / "b" / "heal"
    rest = Runs(
        Made(directory, by_cure("lower-lr"), traced), resume(directory, script(tmp_path / "b")), 1000.0
    )
    found = heal(ORDER, rest)
    assert found.proof == whole.proof
    assert len(rest.maker.trials) == len(runs.maker.trials) - 5


def test_a_spent_budget_leaves_what_was_run(tmp_path):
    slow = {"now": False}

    def answer(trial):
        return by_cure("lower-lr")(trial)

    runs = runs_of(tmp_path, answer, trace=traced, budget=60.0)
    make = runs.maker.run

    def slower(trial, limit):
        slow["now"] = trial.shift == 1
        runs.maker.seconds = 500.0 if slow["now"] else 2.0
        return make(trial, limit)

    runs.maker.run = slower
    found = heal(ORDER, runs)
    assert (found.verdict, found.exit_code) == ("unfinished", 1)
    assert "--resume" in found.words
    assert len(runs.record.runs) > 3


def test_the_script_must_be_the_same_to_resume(tmp_path):
    healed(tmp_path, by_cure("lower-lr"))
    (tmp_path / "train.py").write_text("print(2)\n")
    from gradwise.heal.rerun import Words

    with pytest.raises(UsageError, match="before it was changed"):
        resume(tmp_path / "heal", Words(str(tmp_path / "train.py")))


def test_a_damaged_record_is_said(tmp_path):
    words = script(tmp_path)
    (tmp_path / "heal.json").write_text("{")
    with pytest.raises(UsageError, match="is damaged"):
        resume(tmp_path, words)
    with pytest.raises(UsageError, match="holds no heal"):
        resume(tmp_path / "none", words)
