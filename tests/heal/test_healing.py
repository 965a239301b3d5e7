"""A heal from the first run to the verdict, on made-up runs with a recorded trace of a dying layer."""

import json

import pytest

from gradwise.diagnosis import Diagnosis, diagnose
from gradwise.errors import UsageError
from gradwise.heal import healing, proving
from gradwise.heal.halving import repeated
from gradwise.heal.healing import ScriptFailedError, heal
from gradwise.heal.making import Runs
from gradwise.heal.outcome import Order
from gradwise.heal.record import resume
from gradwise.heal.treatment import read_treatment
from gradwise.heal.trial import SEARCHING
from gradwise.rules.collection import all_rules
from gradwise.trace.read import read_run
from tests.cli.verbs import record
from tests.heal.made import Made, runs_of, script

DEAD = [all_rules()["dead-relu"]]
ORDER = Order(rules=DEAD)


@pytest.fixture(autouse=True)
def seeds_matter(monkeypatch):
    """All made-up runs have the same trace, as if seeds were ignored; only their numbers move."""
    monkeypatch.setattr(proving, "repeated", lambda *_: None)


def by_cure(good):
    """Prints a loss that only the good cure lowers, and moves with the seed."""

    def answer(trial):
        names = [cure.name for cure in trial.cures]
        loss = 0.2 if good in names else 1.0
        return f"test loss {loss + 0.01 * (trial.shift % 3) + 0.001 * len(names)}"

    return answer


def traced(place):
    record(place)


def cured_by(runs, name):
    """Judges runs with that cure as healthy, though all of them have the same trace."""

    def judged(order, place):
        ran = runs.record.runs.get(place.name)
        cured = ran is not None and name in [cure["name"] for cure in ran.cures]
        return Diagnosis(()) if cured else diagnose(read_run(place).segments, order.rules)

    return judged


def healed(tmp_path, answer, order=ORDER, **options):
    runs = runs_of(tmp_path, answer, trace=traced, **options)
    return heal(order, runs), runs


def of_proof(trials):
    return [trial for trial in trials if trial.shift != SEARCHING and (trial.cures or trial.shift)]


def test_the_likeliest_cure_goes_into_the_proof_where_it_is_enough(tmp_path, monkeypatch):
    runs = runs_of(tmp_path, by_cure("lower-lr"), trace=traced)
    monkeypatch.setattr(healing, "_judged", cured_by(runs, "lower-lr"))
    found = heal(ORDER, runs)
    assert (found.verdict, found.exit_code) == ("helped", 0)
    assert found.chosen.cures[0].name == "lower-lr"
    assert found.proof.shifts == (0, 1, 2)
    assert len(found.proof.drawn) == 1  # far behind at once
    assert found.runs == len(runs.maker.trials) == 8
    assert found.steps == pytest.approx(7.1)  # whether what was drawn acts was seen in a tenth of a run
    assert found.cost == pytest.approx(8)  # each takes as long
    assert read_treatment(found.treatment).cures[0].dose == {"factor": 0.1}
    told = json.loads((runs.record.directory / "heal.json").read_text())
    assert told["outcome"]["verdict"] == "helped"
    assert len(told["runs"]) == 8


def test_the_scripts_own_run_is_the_first_pairs(tmp_path):
    found, runs = healed(tmp_path, by_cure("leaky-relu"))
    plain = [trial.shift for trial in runs.maker.trials if not trial.cures]
    assert plain == [0, 1, 2]
    assert found.proof.nothing[0] == found.search.nothing


def test_no_number_of_the_search_is_in_the_proof(tmp_path):
    found, runs = healed(tmp_path, by_cure("leaky-relu"))
    assert found.verdict == "helped"
    assert found.chosen.cures[0].name == "leaky-relu"
    searched = {t.key for t in runs.maker.trials if t.shift == SEARCHING}
    assert searched
    proof = [t for t in runs.maker.trials if t.cures == found.chosen.cures and t.key not in searched]
    assert sorted(trial.shift for trial in proof) == [0, 1, 2]


def test_a_script_that_ignores_its_seeds_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(proving, "repeated", repeated)
    found, runs = healed(tmp_path, by_cure("leaky-relu"))
    assert found.verdict == "not shown"
    assert "every seed gave the same run" in found.words
    assert [trial.shift for trial in runs.maker.trials if not trial.cures] == [0, 1]


def test_where_no_interval_can_be_certain_nothing_is_drawn(tmp_path):
    def answer(trial):
        better = trial.cures and trial.shift in (0, SEARCHING)
        return f"test loss {0.5 if better else 1.0 + 0.1 * trial.shift}"

    found, _ = healed(tmp_path, answer)
    assert (found.verdict, found.exit_code) == ("not shown", 1)
    assert found.proof.drawn == ()
    assert len(found.proof.chosen) == 2  # a third pair could not have changed it


def test_no_cure_helped(tmp_path):
    found, _ = healed(tmp_path, lambda trial: f"test loss {1.0 if not trial.cures else 1.5}")
    assert (found.verdict, found.exit_code) == ("no cure helped", 1)
    assert found.treatment is None


def test_healthy_runs_are_left_alone(tmp_path):
    found, runs = healed(tmp_path, by_cure("lower-lr"), Order(rules=[all_rules()["loss-nan"]]))
    assert (found.verdict, found.exit_code) == ("healthy", 0)
    assert len(runs.maker.trials) == 1


def test_nothing_to_try_within_the_grades(tmp_path):
    found, runs = healed(tmp_path, by_cure("lower-lr"), Order(rules=DEAD, allow=("safe",)))
    assert (found.verdict, found.exit_code) == ("nothing to try", 1)
    assert "leaky-relu" in found.left
    assert len(runs.maker.trials) == 1


def test_cures_that_find_nothing_to_act_on_are_nothing_to_try(tmp_path):
    found, _ = healed(tmp_path, lambda trial: "idle" if trial.cures else "test loss 1")
    assert (found.verdict, found.exit_code) == ("nothing to try", 1)
    assert "to act on" in found.words


def test_what_is_drawn_is_first_seen_to_act(tmp_path):
    def answer(trial):
        names = [cure.name for cure in trial.cures]
        return by_cure("leaky-relu")(trial) if not names or "leaky-relu" in names else "idle"

    found, runs = healed(tmp_path, answer)
    assert found.proof.drawn == () or found.proof.lots[0].startswith("leaky-relu")
    drawn = [t for t in runs.maker.trials if t.cures != found.chosen.cures and t.cures and t.shift == 0]
    assert len([trial for trial in drawn if trial.max_steps == 3]) > 3


def test_a_script_that_fails_is_said(tmp_path):
    with pytest.raises(ScriptFailedError, match="fails after 200 steps") as failed:
        healed(tmp_path, lambda trial: "failed")
    assert failed.value.exit_code == 3


def test_a_script_longer_than_the_budget_is_said(tmp_path):
    with pytest.raises(UsageError, match="does not end within the budget of 1 s; .*--max-steps"):
        healed(tmp_path, by_cure("adam"), budget=1.0)


def test_a_budget_too_small_for_a_proof_is_said_and_the_run_kept(tmp_path):
    with pytest.raises(UsageError, match="one run takes 2 s, .* give --budget 10s or more"):
        healed(tmp_path, by_cure("adam"), budget=9.0)
    assert resume(tmp_path / "heal", script(tmp_path)).runs


def test_fewer_seeds_where_the_budget_reaches_for_no_more(tmp_path):
    found, _ = healed(tmp_path, by_cure("lower-lr"), budget=12.0)
    assert found.proof.gain.seeds == 2
    assert any("reaches for 2 seeds, not 3" in note for note in found.notes)


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
    runs = runs_of(tmp_path, by_cure("lower-lr"), trace=traced, budget=60.0)
    make = runs.maker.run

    def slower(trial, limit):
        runs.maker.seconds = 500.0 if trial.shift == 1 else 2.0
        return make(trial, limit)

    runs.maker.run = slower
    found = heal(ORDER, runs)
    assert (found.verdict, found.exit_code) == ("unfinished", 1)
    assert "--resume" in found.words
    assert len(runs.record.runs) >= 2


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
