"""Whole searches of real data, with real studies in SQLite."""

from __future__ import annotations

import tomllib

import polars as pl
import pytest

from gradwise import fit
from gradwise.errors import UsageError
from gradwise.search import Space, resume_search, search
from gradwise.search.lab import Lab
from tests.search.conftest import SPACE, Ears


def test_the_default_comes_first_and_the_rest_within_the_space(look, ears):
    outcome = look(listener=ears, trials=5)
    assert [each.number for each in ears.news] == [0, 1, 2, 3, 4]
    assert ears.news[0].default and not any(each.default for each in ears.news[1:])
    assert list(ears.news[0].settings) == ["rate"], "found by a range test, all else as fit has it"
    for each in ears.news[1:]:
        assert 4 <= each.settings["width"] <= 64 and each.settings["depth"] in (1, 2)
        assert 1e-3 <= each.settings["rate"] <= 0.1
        assert set(each.settings) == set(SPACE)
    assert outcome.default == ears.news[0]
    best = max(each.value for each in ears.news if each.state == "complete")
    assert outcome.best.value == best
    assert ears.choices["objective"].value == "accuracy"
    assert ears.why == ""


def test_fixed_settings_stay_fixed_whatever_the_space_says(look, monkeypatch):
    seen = []
    real = Lab.train

    def train(self, config, callbacks=()):
        seen.append((config.depth, config.norm, config.epochs, config.seed, config.width))
        return real(self, config, callbacks)

    monkeypatch.setattr(Lab, "train", train)
    outcome = look(trials=3, confirm=1, depth=1, norm="layer-norm", seed=5)
    assert {each[:3] for each in seen} == {(1, "layer-norm", 4)}
    assert {each[3] for each in seen[:3]} == {5}, "trials share one seed"
    assert {each[3] for each in seen[3:]} <= {6}, "the confirmation has others"
    assert all("depth" not in each.settings for each in outcome.trials)
    assert tomllib.loads(outcome.best_file.read_text())["depth"] == 1


def test_the_best_file_fits_to_the_score_of_its_trial(look, ears, iris):
    outcome = look(listener=ears, test=0.2)
    document = tomllib.loads(outcome.best_file.read_text())
    target = document.pop("target")
    fitted = fit(iris, target, doctor=False, **document)
    assert fitted.verdict.score == pytest.approx(outcome.best.value, abs=1e-9)
    assert fitted.record.split == {"train": 90, "valid": 30, "test": 30}
    assert outcome.command.startswith("gradwise fit ") and str(outcome.best_file) in outcome.command


def test_a_gain_is_confirmed_on_rows_and_seeds_that_no_trial_saw(look, ears, monkeypatch):
    monkeypatch.setattr(Lab, "rate", lambda self, config: (1e-9, "a range test that errs"))
    outcome = look(listener=ears, trials=5, confirm=3, epochs=10, space={"rate": [1e-2, 2e-2, 3e-2]})
    found = outcome.confirmation
    assert not outcome.best.default
    assert found.rows == "test" and found.count == 30 and found.seeds == (1, 2, 3)
    assert ears.confirmed[0] == (0, 6) and ears.confirmed[-1] == (6, 6)
    assert found.word == "better" and found.gain > found.half > 0
    assert found.sentence in outcome.best_file.read_text()
    again = resume_search(outcome.directory, later := Ears())
    assert again.confirmation == found and not later.confirmed, "what was confirmed is kept"


def test_where_nothing_beats_the_default_it_says_so(look):
    outcome = look(trials=4, confirm=3, space={"rate": [1e-9, 2e-9]})
    assert outcome.best.default and outcome.confirmation is None
    assert any("no setting beat the default" in note for note in outcome.notes)
    document = tomllib.loads(outcome.best_file.read_text())
    assert "rate" not in document, "fit finds its own"
    assert "This is the default" in outcome.best_file.read_text()


def test_without_test_rows_it_says_that_the_gain_is_optimistic(look):
    outcome = look(trials=4, confirm=1, test=0.0, seed=3)
    assert outcome.best.default or (
        outcome.confirmation.rows == "validation"
        and any("still optimistic" in note for note in outcome.notes)
    )
    assert len(outcome.trials) == 4


def test_numbers_are_searched_by_r2_and_by_any_metric(look, tmp_path):
    table = pl.DataFrame({"a": [float(at % 7) for at in range(120)], "b": [at / 60 for at in range(120)]})
    table = table.with_columns((2 * pl.col("a") - pl.col("b")).alias("y"))
    table.write_csv(tmp_path / "line.csv")
    outcome = look(data=tmp_path / "line.csv", trials=4, epochs=8)
    assert outcome.metric == "r2" and outcome.best.value > 0.5
    by_error = look(data=tmp_path / "line.csv", trials=4, objective="rmse", confirm=1)
    scores = [each.value for each in by_error.trials if each.state == "complete"]
    assert by_error.best.value == min(scores), "smaller errors are better"


def test_the_default_space_serves_every_net_that_it_names(tmp_path, monkeypatch, iris):
    monkeypatch.chdir(tmp_path)
    outcome = search(iris, "y", trials=3, confirm=0, epochs=1, threads=1, precision="float32", fused="yes")
    assert {"width", "depth", "rate", "norm"} <= set(outcome.trials[1].settings)
    assert not any(each.state == "failed" for each in outcome.trials)


def test_nothing_of_a_search_is_left_where_it_cannot_begin(look, tmp_path):
    with pytest.raises(UsageError, match="nothing is left to search"):
        look(space={"depth": [1, 2]}, depth=1)
    with pytest.raises(UsageError):
        look(target="nothing")
    assert not list((tmp_path / ".gradwise" / "searches").iterdir())


def test_settings_that_a_net_does_not_take_are_left_out_of_its_trials(look):
    space = Space.make({"net": ["mlp", "perceptron"], "depth": [1, 2, 3], "dropout": [0.0, 0.1]})
    outcome = look(space=space, trials=8, epochs=1)
    nets = {each.settings["net"] for each in outcome.trials if not each.default}
    assert nets == {"mlp", "perceptron"}
    assert not any(each.state == "failed" for each in outcome.trials)
    for each in outcome.trials:
        assert ("depth" in each.settings) == (each.settings.get("net") == "mlp")
