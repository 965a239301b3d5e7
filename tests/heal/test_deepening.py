"""A second look at the run that was cured of the first cause."""

import pytest

from gradwise.heal.candidates import ALLOWED, Candidate
from gradwise.heal.deepening import deepened
from gradwise.heal.halving import Plan, search
from gradwise.heal.metric import Metric
from gradwise.heal.treatment import Cure
from gradwise.heal.trial import Trial
from gradwise.trace.findings import Finding
from tests.heal.made import runs_of

LOSS = Metric("printed", lower=True, name="loss", pattern=r"loss ([0-9.]+|nan)")
CANDIDATES = [
    Candidate((Cure("zero-grad"),), "missing-zero-grad", 0.0),
    Candidate((Cure("lower-lr", {"factor": 0.1}),), "missing-zero-grad", 1.0),
]
HIDDEN = Finding("symmetric-init", "I01", "sick", (), 0, 1.0, 0.5, "", "m", "w", ("he-init", "zero-grad"))
FIRST = Finding(
    "missing-zero-grad", "W01", "broken", (), 0, 1.0, 0.5, "", "m", "w", ("zero-grad", "lower-lr")
)


def answer(trial):
    names = {cure.name for cure in trial.cures}
    return f"loss {0.1 if {'zero-grad', 'he-init'} <= names else 2.2 if 'lower-lr' in names else 2.3 if names else 2.4}"


def looked(tmp_path, after, room=9):
    """The search, deepened; ``after``: findings of a run by what it was given."""
    runs = runs_of(tmp_path, answer)
    first = runs.get(Trial(probing=True))
    found = search(CANDIDATES, Plan(2, (1.0,), 0.0), first, [LOSS], runs, None)
    names = {one.ran.key: one.candidate.cures[0].name for one in found.tried}
    before = len(runs.maker.trials)

    def judge(place):
        return after[names[place.name]]

    found = deepened(found, judge, ALLOWED, first, [LOSS], runs, room=room, max_steps=None)
    return found, len(runs.maker.trials) - before


def test_what_the_first_cause_hid_is_cured_with_it(tmp_path):
    found, made = looked(tmp_path, {"zero-grad": [HIDDEN], "lower-lr": [FIRST]})
    assert found.best.cures[0].name == "zero-grad"
    assert found.best.cures[1].name == "he-init"
    assert found.best.cause == "missing-zero-grad + symmetric-init"
    assert made == 3  # the ladder of he-init; zero-grad is given already


def test_a_cured_run_without_findings_is_not_looked_at_again(tmp_path):
    found, made = looked(tmp_path, {"zero-grad": [], "lower-lr": [FIRST]})
    assert (found.best.name, made) == ("lower-lr factor=0.1", 0)


def test_where_no_run_is_cured_there_is_no_second_look(tmp_path):
    assert looked(tmp_path, {"zero-grad": [FIRST], "lower-lr": [FIRST]})[1] == 0


@pytest.mark.parametrize("room", [0, 1])
def test_the_second_look_keeps_to_its_room(tmp_path, room):
    assert looked(tmp_path, {"zero-grad": [HIDDEN], "lower-lr": [FIRST]}, room)[1] == room
