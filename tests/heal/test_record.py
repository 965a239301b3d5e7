"""What is kept of a heal: written whole, found again, and for one process at a time."""

import json

import pytest

from gradwise.errors import UsageError
from gradwise.heal.record import FILE, begin, held, newest, resume
from gradwise.heal.rerun import Words
from gradwise.heal.treatment import Cure
from gradwise.heal.trial import Trial
from tests.heal.made import Made, script


def test_runs_are_found_again(tmp_path):
    directory, words = tmp_path / "heal", script(tmp_path)
    kept = begin(directory, words)
    trial = Trial((Cure("lower-lr", {"factor": 0.1}),), shift=2)
    ran = Made(directory, lambda trial: "loss 1").run(trial, 9.0)
    kept.keep(ran)
    assert resume(directory, words).runs == {trial.key: ran}
    assert json.loads((directory / FILE).read_text())["runs"][0]["cures"][0]["factor"] == 0.1
    assert [path.name for path in directory.iterdir() if path.suffix == ".part"] == []


def test_a_run_whose_directory_is_gone_is_made_again(tmp_path):
    directory, words = tmp_path / "heal", script(tmp_path)
    kept = begin(directory, words)
    ran = Made(directory, lambda trial: "loss 1").run(Trial(), 9.0)
    kept.keep(ran)
    (directory / "runs" / ran.key).rename(tmp_path / "moved")
    assert resume(directory, words).runs == {}


def test_the_newest_of_the_same_script_is_gone_on_with(tmp_path):
    words, other = script(tmp_path), Words(str(tmp_path / "train.py"), ("--lr", "1"))
    for name, which in (("a", words), ("b", other)):
        begin(tmp_path / name, which).write()
    assert newest(tmp_path, words) == tmp_path / "a"
    assert newest(tmp_path, other) == tmp_path / "b"
    with pytest.raises(UsageError, match="there is no heal of"):
        newest(tmp_path, Words(None, (), "pkg"))


def test_two_processes_do_not_heal_in_one_directory(tmp_path):
    with (
        held(tmp_path),
        pytest.raises(UsageError, match="another process heals in"),
        held(tmp_path),
    ):
        pass
    with held(tmp_path):
        pass


def test_other_doses_places_seeds_and_lengths_are_other_runs():
    trials = [
        Trial(),
        Trial(shift=1),
        Trial(max_steps=9),
        Trial(probing=True),
        Trial((Cure("lower-lr", {"factor": 0.1}),)),
        Trial((Cure("lower-lr", {"factor": 0.3}),)),
        Trial((Cure("he-init"),)),
        Trial((Cure("he-init", where=("fc1",)),)),
    ]
    assert len({trial.key for trial in trials}) == len(trials)
    assert Trial((Cure("he-init", why="a"),)).key == Trial((Cure("he-init", why="b"),)).key
