"""Studies in a database: their addresses, whose process died, what is begun again."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import optuna
import pytest
from optuna.trial import TrialState

from gradwise.errors import GradwiseError, MissingDependencyError, UsageError
from gradwise.search.sampling import SeededTPE, quietly, suggest
from gradwise.search.space import Space
from gradwise.search.study import (
    MOST_RETRIES,
    Contract,
    FirstTrial,
    check_url,
    counts,
    drop_dead,
    open_study,
    put_back,
    shown_url,
)
from gradwise.trace.process import this_process

CONTRACT = Contract("f00d", ["y"], {}, {"epochs": 4}, {"depth": {"values": [1, 2]}}, "accuracy", "median", 4)
FIRST = FirstTrial({"depth": 2}, {"rate": 0.01})


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'study.db'}"


@pytest.fixture
def opened():
    """Opens studies, and closes them after the test."""
    with contextlib.ExitStack() as stack:

        def enter(url):
            how = {"smaller_is_better": False, "seed": 0, "first": lambda: FIRST}
            return stack.enter_context(open_study(url, "mine", CONTRACT, **how))

        yield enter


def begun(study, **attributes):
    """A trial under way."""
    with quietly():
        trial = study.ask()
        trial.suggest_categorical("depth", (1, 2))
    for name, value in attributes.items():
        trial.set_user_attr(name, value)
    return study.get_trials()[trial.number]


def dead():
    """What identifies a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return {**this_process(), "pid": str(process.pid), "pid_started": "1"}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("study.db", "--storage takes sqlite:///FILE"),
        ("", "--storage takes sqlite:///FILE"),
        ("oracles://host/db", "--storage takes sqlite:///FILE"),
        ("mysql+pymysql://host/db", "needs a package"),
        ("postgresql://ada:secret@host:port/db", r"not 'postgresql://\*\*\*@host:port/db'"),
    ],
)
def test_wrong_addresses_are_told(address, told):
    with pytest.raises(GradwiseError, match=told):
        check_url(address)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("sqlite:////no/such/place/study.db", "cannot be used: unable to open database file"),
        ("postgresql://ada:secret@127.0.0.1:1/db", "cannot be used: connection failed"),
    ],
)
def test_databases_that_do_not_answer_are_told_without_the_password(address, told, opened):
    with pytest.raises(UsageError) as caught:
        opened(address)
    assert told in str(caught.value), str(caught.value)
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)
    assert "secret" not in shown_url(address)


def test_a_missing_driver_is_named(monkeypatch, opened):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'psycopg\[binary\]'"):
        opened("postgresql://host/db")


def test_a_file_that_is_no_database_is_told(tmp_path, opened):
    (tmp_path / "notes.txt").write_text("no database at all, " * 50)
    with pytest.raises(UsageError, match="file is not a database"):
        opened(f"sqlite:///{tmp_path / 'notes.txt'}")


def test_a_study_of_someone_else_is_refused(url, opened):
    with quietly():
        theirs = optuna.create_study(storage=url, study_name="mine")
        theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(UsageError, match="was not made by gradwise search"):
        opened(url)


def test_the_first_trial_is_queued_once(url, opened):
    for _ in range(3):
        study = opened(url)
    waiting = study.get_trials(states=(TrialState.WAITING,))
    assert [trial.user_attrs for trial in waiting] == [{"default": {"rate": 0.01}}]
    assert begun(study).params == {"depth": 2}


def test_trials_of_dead_processes_are_put_back_and_others_left(url, opened):
    study = opened(url)
    gone, alive = begun(study, process=dead()), begun(study, process=this_process())
    foreign = begun(study, process={**this_process(), "machine": "elsewhere"})
    assert drop_dead(study) == 1
    states = [trial.state for trial in study.get_trials()]
    assert states[gone.number] == TrialState.FAIL
    assert states[alive.number] == states[foreign.number] == TrialState.RUNNING
    (again,) = study.get_trials(states=(TrialState.WAITING,))
    assert again.user_attrs == {"default": {"rate": 0.01}, "put_back": 1}
    assert not counts(study.get_trials()[gone.number]), "it is not one of those asked for"
    assert drop_dead(study) == 0
    assert begun(study).params == gone.params


def test_a_trial_that_kills_its_process_is_not_begun_for_ever(url, opened):
    study = opened(url)
    for _ in range(MOST_RETRIES):
        begun(study, process=dead())
        drop_dead(study)
    assert len(study.get_trials(states=(TrialState.WAITING,))) == 1
    begun(study, process=dead())
    drop_dead(study)
    assert not study.get_trials(states=(TrialState.WAITING,))


def test_one_that_was_interrupted_is_always_begun_again(url, opened):
    study = opened(url)
    for _ in range(2 * MOST_RETRIES):
        trial = begun(study, told={"why": "interrupted"})
        study.tell(trial.number, state=TrialState.FAIL)
        put_back(study, study.get_trials()[trial.number])
    assert len(study.get_trials(states=(TrialState.WAITING,))) == 1


def test_draws_depend_on_the_number_of_the_trial_and_on_those_before_it_alone():
    space = Space.make({"rate": {"low": 1e-4, "high": 0.1, "log": True}, "depth": [1, 2, 3]})

    def search(seed, parts):
        storage = optuna.storages.InMemoryStorage()
        drawn = []
        for trials in parts:
            with quietly():
                study = optuna.create_study(
                    storage=storage, study_name="x", sampler=SeededTPE(seed), load_if_exists=True
                )
                for _ in range(trials):
                    trial = study.ask()
                    drawn.append(suggest(trial, space, net="mlp", kind="table"))
                    study.tell(trial, drawn[-1]["rate"])
        return drawn

    assert search(0, [15]) == search(0, [4, 8, 3])
    assert search(0, [15]) != search(1, [15])
    rates = [each["rate"] for each in search(0, [40])]
    assert sum(rates[25:]) / 15 < sum(rates[:10]) / 10, "it learns that small rates score best"
