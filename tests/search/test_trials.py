"""Trials that are given up, that fail, and what is learnt of settings."""

from __future__ import annotations

import math

import pytest
import torch

from gradwise.errors import UsageError
from gradwise.search.lab import Lab


def test_hopeless_trials_are_given_up(look, ears):
    # a rate so low that nothing is learnt, among good ones: the median is that of the good
    space = {"rate": [1e-9, 1e-2, 2e-2, 3e-2]}
    outcome = look(listener=ears, space=space, trials=12, epochs=8)
    pruned = [each for each in outcome.trials if each.state == "pruned"]
    assert pruned
    assert all(each.epochs < 8 and each.settings == {"rate": 1e-9} for each in pruned)
    assert outcome.best.settings["rate"] > 1e-3
    kept = look(space=space, trials=7, epochs=8, prune="no")
    assert {(each.state, each.epochs) for each in kept.trials} == {("complete", 8)}
    assert any(each.settings["rate"] == 1e-9 for each in kept.trials)


def test_hyperband_gives_up_too(look):
    outcome = look(space={"rate": [1e-9, 1e-2, 2e-2, 3e-2]}, trials=14, epochs=9, prune="hyperband")
    assert any(each.state == "pruned" for each in outcome.trials)


def test_a_trial_that_fails_is_recorded_and_passed_by(look, ears, monkeypatch):
    real = Lab.train

    def train(self, config, callbacks=()):
        if config.width is not None and config.width > 16:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")
        return real(self, config, callbacks)

    monkeypatch.setattr(Lab, "train", train)
    outcome = look(listener=ears, space={"width": [4, 8, 32, 64]}, trials=8, rate=0.02)
    failed = [each for each in outcome.trials if each.state == "failed"]
    assert failed and {each.why for each in failed} == {"out of memory"}
    assert all(each.settings["width"] > 16 for each in failed)
    assert len(outcome.trials) == 8, "failures count"
    assert outcome.best.settings.get("width", 0) <= 16


def test_a_loss_that_is_no_number_fails_its_trial(look):
    outcome = look(space={"rate": [0.01, 1000.0]}, optimizer="sgd", trials=6, depth=6, width=256)
    wild = [each for each in outcome.trials if each.settings["rate"] == 1000.0]
    assert wild and all(
        (each.state == "failed" and "not a number" in each.why) or each.loss > 1 for each in wild
    )
    assert outcome.best.settings["rate"] != 1000.0


def test_when_every_trial_fails_it_says_so(look, monkeypatch):
    def train(self, config, callbacks=()):
        raise RuntimeError("kaputt\nand more")

    monkeypatch.setattr(Lab, "train", train)
    with pytest.raises(UsageError, match=r"first 5 trials all failed, the last one: RuntimeError: kaputt;"):
        look(trials=30)


def test_importances_with_a_note_while_trials_are_few(look):
    outcome = look(trials=8, prune="no", space={"rate": [1e-9, 2e-2], "depth": [1, 2]}, epochs=6)
    assert max(outcome.importances, key=outcome.importances.get) == "rate"
    assert math.isclose(sum(outcome.importances.values()), 1, abs_tol=1e-6)
    assert any("take 20 or more" in note for note in outcome.notes)
