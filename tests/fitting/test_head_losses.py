"""Fits with losses that look at features: from a table to predictions, through an interruption, several at once."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from safetensors.torch import load_file

import gradwise
from gradwise.errors import UsageError
from gradwise.fitting.estimators import NetClassifier
from gradwise.fitting.fit import fit, resume_fit
from gradwise.fitting.listener import Listener
from gradwise.fitting.network import WEIGHTS
from gradwise.nets import make
from gradwise.train import loop

QUICK = {"fused": "no", "precision": "float32", "threads": 1, "compile": "no"}  # no races
NAMES = ["center", "large-margin", "contrastive", "triplet:mining=hard"]


@pytest.mark.parametrize("name", [*NAMES, "label-smoothing", "hinge", "multi-class-hinge"])
def test_it_learns_and_predicts_with_the_plain_net(name, iris, tmp_path):
    fitted = fit(iris, "y", out=tmp_path / "run", loss=name, epochs=40, rate=0.01, **QUICK)
    assert fitted.record.status == "finished" and fitted.record.recipe["loss"] == name
    assert fitted.verdict.learnt and fitted.verdict.score >= 0.9
    network = gradwise.load(tmp_path / "run")
    plain = make(network.record.recipe["net"], outputs=3, numbers=4, **network.record.recipe["options"])
    assert load_file(tmp_path / "run" / WEIGHTS).keys() == plain.state_dict().keys()
    guessed = network.predict(iris)
    assert np.mean(guessed == pl.read_csv(iris)["y"].to_numpy()) > 0.93
    np.testing.assert_allclose(network.outputs(network.open(iris)).sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_fit_ends_with_the_same_bits(name, iris, tmp_path, monkeypatch):
    settings = {
        "loss": name,
        "epochs": 5,
        "rate": 0.01,
        "ema": 0.9,
        "clip": 1.0,
        "fused": "no",
        "doctor": False,
    }
    fit(iris, "y", out=tmp_path / "whole", **settings)
    steps, real = [0], loop.step

    def step(training, inputs, target):
        steps[0] += 1
        if steps[0] == 20:
            training.stop = "interrupted"
        return real(training, inputs, target)

    monkeypatch.setattr(loop, "step", step)
    cut = fit(iris, "y", out=tmp_path / "cut", **settings)
    assert cut.record.status == "interrupted"
    monkeypatch.setattr(loop, "step", real)
    resume_fit(tmp_path / "cut", progress=Listener())
    first, second = (load_file(tmp_path / run / WEIGHTS) for run in ("whole", "cut"))
    assert all(first[weight].equal(second[weight]) for weight in first)
    losses = [
        [row["train_loss"] for row in json.loads((tmp_path / run / "run.json").read_text())["history"]]
        for run in ("whole", "cut")
    ]
    assert losses[0] == losses[1]


def test_several_seeds_are_trained_one_after_another(iris, tmp_path):
    settings = {"loss": "center", "epochs": 3, "rate": 0.01, "runs": 2, "doctor": False, **QUICK}
    fitted = fit(iris, "y", out=tmp_path / "run", **settings)
    assert not fitted.record.recipe["together"] and len(gradwise.load(tmp_path / "run").members) == 2
    with pytest.raises(
        UsageError, match="--together yes cannot be: center looks into the last layer of one net"
    ):
        fit(iris, "y", out=tmp_path / "other", together="yes", **settings)


def test_estimators_take_them():
    rows = np.random.default_rng(0).normal(size=(120, 3))
    truth = np.where(rows[:, 0] + 0.1 * rows[:, 1] > 0, "yes", "no")
    for name in NAMES:
        net = NetClassifier(loss=name, epochs=20, rate=0.01, random_state=0).fit(rows, truth)
        assert net.score(rows, truth) > 0.9


def test_other_targets_are_refused(diabetes, tmp_path):
    with pytest.raises(UsageError, match="--loss triplet is not for numbers, which this target holds; try"):
        fit(diabetes, "y", out=tmp_path / "run", loss="triplet")
    with pytest.raises(UsageError, match="loss 'huber' takes delta above 0, got -1"):
        fit(diabetes, "y", out=tmp_path / "run", loss="huber:delta=-1")
