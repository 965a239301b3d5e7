"""A fit of a net with options behind its name: kept in the run, used again, learnt from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

import gradwise
from gradwise.fitting.assembly import build_net
from gradwise.fitting.fit import fit, resume_fit
from gradwise.fitting.listener import Listener
from gradwise.fitting.network import WEIGHTS
from gradwise.fitting.recipe import Recipe
from gradwise.train import loop
from gradwise.train.randomness import seed_everything
from tests.data.pictures import digit_folder

QUICK = {
    "epochs": 1, "rate": 0.001, "batch_size": 12, "precision": "float32", "layout": "contiguous", "fused": "no",
    "compile": "no", "threads": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return digit_folder(tmp_path_factory.mktemp("options") / "pics", classes=3, each=15)


def test_auxiliary_classifiers_are_trained_and_kept(pictures: Path, tmp_path: Path) -> None:
    fitted = fit(pictures, out=tmp_path / "run", net="googlenet:aux=true", **QUICK)
    assert fitted.record.recipe["net"] == "googlenet"
    assert fitted.record.recipe["options"] == {"aux": True}
    network = gradwise.load(tmp_path / "run")
    assert len(network.predict(pictures)) == 45
    kept = load_file(tmp_path / "run" / WEIGHTS)
    assert network.model.state_dict().keys() == kept.keys()
    assert kept["aux1.conv.bn.num_batches_tracked"] == 3  # as many batches as an epoch has
    seed_everything(fitted.record.recipe["seed"])
    drawn = build_net(Recipe.of(fitted.record.recipe), network.task, network.encoder.shape()).state_dict()
    moved = {key: not kept[key].equal(drawn[key]) for key in ("aux1.fc2.bias", "aux2.fc2.bias", "fc.bias")}
    assert all(moved.values()), moved


def test_an_interrupted_fit_goes_on_with_the_same_net(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, real = [0], loop.step

    def step(training, inputs, target):
        steps[0] += 1
        if steps[0] == 2:
            training.stop = "interrupted"
        return real(training, inputs, target)

    settings = {**QUICK, "net": "resnet18:stem=imagenet,units=4,norm=none", "doctor": False}
    whole = fit(pictures, out=tmp_path / "whole", **settings)
    monkeypatch.setattr(loop, "step", step)
    fit(pictures, out=tmp_path / "cut", **settings)
    monkeypatch.setattr(loop, "step", real)
    resume_fit(tmp_path / "cut", progress=Listener())
    made = [load_file(tmp_path / name / WEIGHTS) for name in ("whole", "cut")]
    assert made[0].keys() == made[1].keys()
    assert all(made[0][key].equal(made[1][key]) for key in made[0])
    assert made[0]["conv1.weight"].shape == (4, 1, 7, 7)
    written = json.loads((tmp_path / "cut" / "run.json").read_text())
    assert written["recipe"]["options"] == {"stem": "imagenet", "units": 4, "norm": "none"}
    assert whole.record.recipe["options"] == written["recipe"]["options"]
