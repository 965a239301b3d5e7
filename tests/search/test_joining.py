"""Studies that are gone on with, joined and refused."""

from __future__ import annotations

import json

import optuna
import polars as pl
import pytest

from gradwise.errors import TraceError, UsageError
from gradwise.search import resume_search
from gradwise.search.sampling import quietly
from tests.search.conftest import Ears


def trials_of(outcome):
    with quietly():
        study = optuna.load_study(study_name=outcome.study, storage=outcome.storage)
        return study.get_trials()


def test_a_resumed_search_draws_what_an_uninterrupted_one_does(look, ears):
    whole = look(listener=ears, trials=12, name="whole", prune="no", epochs=1)
    part = look(trials=5, name="part", prune="no", epochs=1)
    later = resume_search(part.directory, Ears(), trials=12)
    assert [each.settings for each in later.trials] == [each.settings for each in whole.trials]
    assert [each.value for each in later.trials] == [each.value for each in whole.trials]
    assert len({json.dumps(dict(each.settings)) for each in whole.trials}) == 12, "no two are alike"


def test_another_seed_draws_otherwise(look):
    one, two = (look(trials=3, name=f"s{seed}", seed=seed, epochs=1) for seed in (0, 1))
    assert one.trials[1].settings != two.trials[1].settings


def test_a_study_is_joined_by_its_name_and_refuses_what_differs(look, iris, tmp_path):
    first = look(name="mine", trials=2)
    joined = look(name="mine", trials=4)
    assert len(joined.trials) == 4 and joined.directory == first.directory
    other = tmp_path / "iris.csv"
    table = pl.read_csv(iris)
    table[:-1].write_csv(other)
    for change, told in (
        ({"data": other}, "begun with other data"),
        ({"space": {"depth": [1, 2, 3]}}, "begun with another space"),
        ({"norm": "layer-norm"}, "begun with other fixed settings"),
        ({"objective": "log-loss"}, "begun with another objective"),
        ({"prune": "no"}, "begun with another --prune"),
        ({"reading": {"drop": ["sepal length (cm)"]}}, "begun with other data|begun with the data read"),
    ):
        with pytest.raises(UsageError, match=told):
            look(name="mine", **change)
    assert len(look(name="mine", threads=1, trials=4).trials) == 4, "pace may differ"


def test_changed_data_is_refused_on_resume(look, iris, tmp_path):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(iris.read_bytes())
    outcome = look(data=copy, trials=2)
    pl.read_csv(copy).reverse().write_csv(copy)
    with pytest.raises(UsageError, match="begun with other data"):
        resume_search(outcome.directory, Ears(), trials=4)


def test_what_is_no_search_cannot_be_resumed(tmp_path):
    with pytest.raises(TraceError, match=r"it has no search\.json"):
        resume_search(tmp_path, Ears())
    for text, told in (("{", "damaged"), ("[]", "not written by"), ('{"schema": 9}', "newer gradwise")):
        (tmp_path / "search.json").write_text(text)
        with pytest.raises(TraceError, match=told):
            resume_search(tmp_path, Ears())


def test_time_ends_a_search_and_the_trial_under_way_is_put_back(look, monkeypatch):
    outcome = look(trials=None, seconds=3.0, epochs=400, confirm=1)
    cut = [each for each in outcome.trials if each.state == "dropped"]
    assert {each.why for each in cut} <= {"out of time"}
    assert outcome.trials
    waiting = [each for each in trials_of(outcome) if each.state == optuna.trial.TrialState.WAITING]
    assert len(waiting) == len(cut)
