"""``gradwise fit --regularize`` on real tables."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file

import gradwise
from gradwise.data.examples import Task
from gradwise.fitting.assembly import assemble
from gradwise.fitting.estimators import NetClassifier
from gradwise.fitting.fit import fit, resume_fit
from gradwise.fitting.listener import Listener
from gradwise.fitting.members import Member
from gradwise.fitting.network import WEIGHTS
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.run import Outcome
from gradwise.regularize import REGULARISERS
from gradwise.train import loop
from gradwise.train.config import FitConfig
from gradwise.train.plan import make_plan
from tests.cli.verbs import call

QUICK = {"rate": 0.01, "fused": "no", "width": 16}


class Heard(Listener):
    def __init__(self):
        self.lines = []

    def said(self, text):
        self.lines.append(text)


@pytest.mark.parametrize("name", [*REGULARISERS])
def test_every_name_is_taken_and_learns(name, iris, tmp_path):
    word = "ensemble:runs=2" if name == "ensemble" else name
    fitted = fit(iris, "y", out=tmp_path / "run", regularize=word, epochs=20, doctor=False, **QUICK)
    assert fitted.record.status == "finished" and fitted.verdict.score > 0.8
    recipe = fitted.record.recipe
    acts = REGULARISERS[name].setting is None
    assert recipe["regularize"] == (name if acts else "none")
    given = {
        "ema": recipe["ema"],
        "patience": recipe["patience"],
        "clip": recipe["clip"],
        "runs": recipe["runs"],
    }
    wanted = {"ema": 0.999, "early-stopping": 10, "clip-norm": 1.0, "ensemble": 2}
    if not acts:
        assert given[REGULARISERS[name].setting[1]] == wanted[name]
    truth = pl.read_csv(iris)["y"].to_numpy()
    assert np.mean(gradwise.load(tmp_path / "run").predict(iris) == truth) > 0.8


def test_zeros_are_told_and_stand_in_the_file(cancer, tmp_path):
    heard = Heard()
    fitted = fit(
        cancer, "y", out=tmp_path / "run", regularize="l1:strength=0.01", epochs=20, patience=0,
        listener=heard, **QUICK,
    )  # fmt: skip
    state = load_file(tmp_path / "run" / WEIGHTS)
    matrices = [tensor for tensor in state.values() if tensor.ndim > 1]
    count = sum(tensor.numel() for tensor in matrices)
    share = 100 * sum(int((tensor == 0).sum()) for tensor in matrices) / count
    told = f"l1: {share:.3g} % of {count:,} weights are exactly zero"
    assert share > 30 and told in heard.lines
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    assert document["verdict"]["regularised"] == told
    assert document["verdict"]["findings"] == []  # the doctor has watched
    assert fitted.verdict.score > 0.93


@pytest.mark.parametrize(
    "names", ["l2:strength=0.05, clip-value, swa", "l0:strength=1e-3, noise:where=weights"]
)
def test_the_doctor_is_not_confused(names, cancer, tmp_path):
    fitted = fit(cancer, "y", out=tmp_path / "run", regularize=names, epochs=8, **QUICK)
    assert fitted.record.verdict["findings"] == []


def test_the_loss_that_is_told_is_that_of_the_data(iris, tmp_path):
    fitted = fit(
        iris, "y", out=tmp_path / "run", regularize="l2:strength=1", epochs=20, doctor=False, **QUICK
    )
    rows = fitted.record.history
    assert abs(rows[-1]["train_loss"] - rows[-1]["valid_loss"]) < 0.1
    assert rows[-1]["train_loss"] <= 1.1  # log 3: weights are pulled to zero, and no penalty is added


@pytest.mark.parametrize("names", ["l1:strength=0.01, dropout", "l0, swa:start=0.4"])
def test_a_resumed_fit_ends_with_the_same_bits(names, iris, tmp_path, monkeypatch):
    settings = {"regularize": names, "epochs": 5, "doctor": False, **QUICK}
    fit(iris, "y", out=tmp_path / "whole", **settings)
    steps, real = [0], loop.step

    def step(training, inputs, target):
        steps[0] += 1
        if steps[0] == 27:
            training.stop = "interrupted"
        return real(training, inputs, target)

    monkeypatch.setattr(loop, "step", step)
    assert fit(iris, "y", out=tmp_path / "cut", **settings).record.status == "interrupted"
    monkeypatch.setattr(loop, "step", real)
    resume_fit(tmp_path / "cut", progress=Listener())
    first, second = (load_file(tmp_path / run / WEIGHTS) for run in ("whole", "cut"))
    assert all(first[weight].equal(second[weight]) for weight in first)


def test_from_a_command_line_and_from_a_file(iris, tmp_path, capsys):
    config = tmp_path / "fit.toml"
    config.write_text('regularize = ["l1:strength=1e-3", "max-norm:norm=2"]\nrate = 0.01\nepochs = 2\n')
    common = [iris, "-t", "y", "--no-doctor", "--quiet"]
    call("fit", capsys, *common, "--config", config, "--out", tmp_path / "a")
    options = ["--regularize", "l1:strength=1e-3,max-norm:norm=2", "--rate", "0.01", "--epochs", "2"]
    call("fit", capsys, *common, *options, "--out", tmp_path / "b")
    recipes = [json.loads((tmp_path / name / "run.json").read_text())["recipe"] for name in "ab"]
    assert [recipe["regularize"] for recipe in recipes] == ["l1:strength=1e-3, max-norm:norm=2"] * 2
    code, _, said = call("fit", capsys, *common, "--regularize", "l1:strength=-1", "--out", tmp_path / "c")
    assert code == 2
    assert "regulariser 'l1': strength takes a number from 0 on, not -1." in " ".join(said.split())


def test_several_seeds_go_one_after_another(iris, tmp_path):
    fitted = fit(iris, "y", out=tmp_path / "run", regularize="l1", runs=2, epochs=3, doctor=False, **QUICK)
    assert not fitted.record.recipe["together"] and len(gradwise.load(tmp_path / "run").members) == 2


def test_dropout_stands_beside_a_loss_that_looks_at_features(iris, tmp_path):
    fitted = fit(
        iris,
        "y",
        out=tmp_path / "run",
        regularize="dropout:input=0",
        loss="center",
        epochs=30,
        doctor=False,
        **QUICK,
    )
    assert fitted.verdict.score > 0.8


def test_weights_of_the_default_fit_do_not_depend_on_this_room():
    rows = np.random.default_rng(0).normal(size=(60, 3))
    made = [
        NetClassifier(epochs=2, rate=0.01, random_state=0).fit(rows, rows[:, 0] > 0).model_ for _ in range(2)
    ]
    first, second = (torch.cat([weight.flatten() for weight in net.parameters()]) for net in made)
    assert first.equal(second)


def test_a_fit_that_ended_no_epoch_still_folds_its_gates_into_the_weights() -> None:
    task = Task("classes", ("y",), ("a", "b"))
    plan = make_plan(task, {"numbers": 3}, 40, FitConfig(regularize="l0", width=4))
    recipe = Recipe.draft(plan, FitConfig(), "cpu", usual_rate=0.01)
    training = assemble(recipe, task, {"numbers": 3}, steps_per_epoch=1)
    gated, folded = training.judged.state_dict(), training.weights()
    name = next(name for name in gated if not gated[name].equal(folded[name]))  # the gates half shut it
    assert Outcome.of(training, None).weights[name].equal(folded[name])
    assert Member.of(0, training, None).weights[name].equal(folded[name])
