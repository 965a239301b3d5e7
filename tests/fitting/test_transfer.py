"""``gradwise fit --weights``, ``--freeze``, ``--rate-decay`` and ``--teacher`` on real data."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import gradwise
from gradwise import nets
from gradwise.data.examples import Task
from gradwise.errors import UsageError
from gradwise.fitting.fit import fit, rerun, resume_fit
from gradwise.fitting.listener import Listener
from gradwise.fitting.teaching import _translated
from gradwise.train import loop
from tests.cli.verbs import call
from tests.fitting.earlier import OLD, QUICK, make_earlier, state


class Heard(Listener):
    def __init__(self):
        self.choices = {}

    def chose(self, choice):
        self.choices[choice.name] = choice


def told(fitted, name):
    return next((choice for choice in fitted.record.choices if choice["name"] == name), None)


def changed(before, after):
    return {name for name in before if not before[name].equal(after[name])}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transfer")
    make_earlier(folder)
    return folder


def test_weights_of_a_run_bring_net_scaling_and_all_but_the_last_layer(place, tmp_path):
    fitted = fit(
        place / "more.csv",
        "kind",
        out=tmp_path / "run",
        weights=place / "two",
        freeze="all",
        epochs=2,
        doctor=False,
        **QUICK,
    )
    recipe, before, after = fitted.record.recipe, state(place / "two"), state(tmp_path / "run")
    assert recipe["options"]["depth"] == 3 and recipe["options"]["units"] == 16
    assert (
        told(fitted, "weights")["reason"]
        == "18 of 20 entries matched; layers.9 stays fresh: 2 outputs there, 3 here"
    )
    assert told(fitted, "net") == {"name": "net", "value": "mlp", "reason": "that of two"}
    assert changed({n: v for n, v in before.items() if not n.startswith("layers.9")}, after) == set()
    old = gradwise.load(place / "two").encoder
    assert fitted.network.encoder.numbers == old.numbers and len(old.numbers) == 4
    assert told(fitted, "columns-left-out")["reason"].startswith("extra: two had none such")
    assert told(fitted, "freeze")["reason"].startswith("layers.9 learns, 51 of ")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["recipe"]["weights_digest"]


def test_the_same_question_keeps_the_last_layer(place, tmp_path):
    fitted = fit(
        place / "iris.csv",
        "kind",
        out=tmp_path / "run",
        weights=str(place / "all"),
        epochs=1,
        seed=3,
        doctor=False,
        **{**QUICK, "rate": 1e-12},
    )
    assert told(fitted, "weights")["reason"] == "14 of 14 entries matched"
    assert fitted.verdict.score > 0.85  # as it was; nothing was learnt at such a rate


def test_images_get_mean_and_deviation_of_the_run(place, tmp_path):
    fitted = fit(
        place / "high.npz",
        out=tmp_path / "run",
        weights=place / "cnn",
        epochs=1,
        freeze="all-but-2",
        doctor=False,
        **QUICK,
    )
    old, new = gradwise.load(place / "cnn").encoder, fitted.network.encoder
    assert (new.mean, new.std) == (old.mean, old.std) and new.task.classes == ("5", "6", "7", "8", "9")
    before, after = state(place / "cnn"), state(tmp_path / "run")
    assert {name.partition(".")[0] for name in changed(before, after)} == {"head"}
    assert told(fitted, "scale")["reason"] == "those of cnn"
    assert told(fitted, "weights")["reason"].endswith("stays fresh: its 5 outputs stood for other answers")


@pytest.mark.parametrize("end", ["safetensors", "pth"])
def test_a_file_of_ours_tells_mean_and_deviation_too(end, place, tmp_path):
    weights = state(place / "cnn")
    file = tmp_path / f"w.{end}"
    if end == "pth":
        torch.save({"epoch": 3, "state_dict": {f"module.{n}": v for n, v in weights.items()}}, file)
    else:
        save_file(weights, file)
    fitted = fit(
        place / "high.npz",
        net="cnn",
        width=4,
        out=tmp_path / "run",
        weights=file,
        epochs=1,
        doctor=False,
        **QUICK,
    )
    old, new = gradwise.load(place / "cnn").encoder, fitted.network.encoder
    assert new.mean == pytest.approx(old.mean, abs=1e-5) and new.std == pytest.approx(old.std, abs=1e-5)
    assert told(fitted, "scale")["reason"] == f"those that w.{end} was trained with"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A net in the layout of published weights, and colour images of 32 pixels, which get another stem."""
    folder = tmp_path_factory.mktemp("published")
    torch.manual_seed(0)
    net = nets.make("resnet18", outputs=1000, units=4, channels=3, height=224, width=224)
    torch.save(
        {n: v for n, v in net.state_dict().items() if not n.startswith("pixels.")}, folder / "resnet.pth"
    )
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 255, (60, 3, 32, 32), np.uint8)
    pixels[::2] //= 2
    np.savez(folder / "colour.npz", x=pixels, y=np.arange(60) % 2)
    return folder


def test_published_weights_bring_stem_and_imagenets_mean(published, tmp_path):
    options = {
        "net": "resnet18",
        "width": 4,
        "weights": published / "resnet.pth",
        "epochs": 1,
        "doctor": False,
    }
    fitted = fit(published / "colour.npz", out=tmp_path / "run", **options, **QUICK)
    encoder = fitted.network.encoder
    assert encoder.mean == (0.485, 0.456, 0.406) and encoder.std == (0.229, 0.224, 0.225)
    assert told(fitted, "scale")["value"] == "mean 0.485 0.456 0.406; deviation 0.229 0.224 0.225"
    assert told(fitted, "scale")["reason"] == "those that published weights of resnet18 expect"
    assert (
        fitted.record.recipe["options"]["stem"] == "imagenet" and told(fitted, "stem")["value"] == "imagenet"
    )
    assert (
        told(fitted, "weights")["reason"]
        == "120 of 122 entries matched; fc stays fresh: 1000 outputs there, 2 here"
    )
    asked = fit(published / "colour.npz", out=tmp_path / "own", scale="min-max", **options, **QUICK)
    assert asked.network.encoder.mean == (0.0, 0.0, 0.0) and told(asked, "scale")["value"] == "min-max"


GROWING = {
    "freeze": "all",
    "unfreeze_every": 1,
    "rate_decay": 0.5,
    "schedule": "one-cycle",
    "regularize": "l2:strength=1e-4,dropout:hidden=0.1",
    "ema": 0.9,
    "fused": "yes",
    "clip": 1.0,
}
DISTILLED = {"freeze": "none", "teacher": "all", "distill": "temperature=3", "augment": "swap-noise"}


@pytest.mark.parametrize("more", [GROWING, DISTILLED], ids=["growing", "distilled"])
def test_resumed_and_run_again_it_ends_with_the_same_bits(more, place, tmp_path, monkeypatch):
    settings = {"weights": place / "all", "epochs": 4, "batch_size": 20, "seed": 1, **QUICK, **more}
    if "teacher" in more:
        settings |= {"teacher": place / "all", "weights": None}
    fit(place / "iris.csv", "kind", out=tmp_path / "whole", **settings)
    steps, real = [0], loop.step

    def step(training, inputs, target):
        steps[0] += 1
        if steps[0] == 15:  # in the third of four epochs of 6 steps
            training.stop = "interrupted"
        return real(training, inputs, target)

    monkeypatch.setattr(loop, "step", step)
    assert fit(place / "iris.csv", "kind", out=tmp_path / "cut", **settings).record.status == "interrupted"
    monkeypatch.setattr(loop, "step", real)
    resume_fit(tmp_path / "cut", progress=Listener())
    assert changed(state(tmp_path / "whole"), state(tmp_path / "cut")) == set()
    fitted, differences = rerun(tmp_path / "whole", out=tmp_path / "again", progress=Listener())
    assert differences == [] and fitted.record.status == "finished"
    assert fitted.record.verdict["findings"] == []  # the doctor does not mind


def test_stages_thaw_in_a_fit(place, tmp_path):
    fit(
        place / "two.csv",
        "kind",
        out=tmp_path / "run",
        weights=place / "two",
        freeze="all",
        unfreeze_every=2,
        epochs=4,
        seed=5,
        doctor=False,
        **QUICK,
    )
    moved = {name.split(".")[1] for name in changed(state(place / "two"), state(tmp_path / "run"))}
    assert moved == {
        "6",
        "7",
        "9",
    }  # the last layer, and from the third epoch on the one before with its norm


def test_the_doctor_finds_nothing_about_frozen_norms_and_layers(place, tmp_path):
    for name, more in (("frozen", {}), ("norms", {"unfreeze_every": 3, "rate_decay": 0.3})):
        fitted = fit(
            place / "iris.csv",
            "kind",
            out=tmp_path / name,
            weights=place / "all",
            freeze="all-but-1",
            epochs=12,
            batch_size=16,
            **QUICK,
            **more,
        )
        assert fitted.record.verdict["findings"] == []


def test_random_features_are_told(iris, tmp_path):
    fitted = fit(iris, "y", out=tmp_path / "run", freeze="all", epochs=1, doctor=False, **QUICK)
    assert told(fitted, "freeze")["reason"].endswith(
        "these were drawn at random, since no --weights were given"
    )


def test_several_seeds_share_the_body_and_draw_heads_of_their_own(place, tmp_path):
    fitted = fit(
        place / "iris.csv",
        "kind",
        out=tmp_path / "run",
        weights=place / "two",
        freeze="all",
        runs=2,
        epochs=1,
        doctor=False,
        **QUICK,
    )
    one, two = (dict(member.model.state_dict()) for member in fitted.network.members)
    assert changed(one, two) == {"layers.9.weight", "layers.9.bias"} and not fitted.record.recipe["together"]
    together = {"weights": place / "two", "runs": 2, "epochs": 1, "together": "yes", "doctor": False, **QUICK}
    with pytest.raises(UsageError, match="--together yes cannot be: layers of single nets are frozen"):
        fit(place / "iris.csv", "kind", out=tmp_path / "no", freeze="all", **together)
    with pytest.raises(UsageError, match="--together yes cannot be: the teacher is asked"):
        fit(
            place / "iris.csv",
            "kind",
            out=tmp_path / "no",
            teacher=place / "all",
            **{**together, "weights": None},
        )


def test_a_full_batch_optimizer_trains_what_is_not_frozen(place, tmp_path):
    fitted = fit(
        place / "iris.csv",
        "kind",
        out=tmp_path / "run",
        weights=place / "two",
        freeze="all",
        optimizer="bfgs",
        epochs=2,
        doctor=False,
        fused="no",
        patience=0,
    )
    assert fitted.verdict.score > 0.85
    before = {name: value for name, value in state(place / "two").items() if not name.startswith("layers.9")}
    assert changed(before, state(tmp_path / "run")) == set()


def test_a_teacher_of_numbers_speaks_in_its_own_units(diabetes, tmp_path):
    shared = {"width": 16, "doctor": False, **QUICK}
    fit(diabetes, "y", out=tmp_path / "old", epochs=10, seed=0, **shared)
    heard = Heard()
    fitted = fit(
        diabetes,
        "y",
        out=tmp_path / "new",
        teacher=tmp_path / "old",
        distill="weight=1",
        epochs=30,
        seed=1,
        listener=heard,
        **shared,
    )
    assert heard.choices["teacher"].value == "old" and "weight 1" in heard.choices["teacher"].reason
    assert (
        heard.choices["validation"].value == "optimistic" and "--seed 0" in heard.choices["validation"].reason
    )
    assert fitted.network.task.shift != gradwise.load(tmp_path / "old").task.shift
    old, new = (gradwise.load(tmp_path / name).predict(diabetes) for name in ("old", "new"))
    assert np.corrcoef(old[:, 0], new[:, 0])[0, 1] > 0.9 and abs(old.mean() - new.mean()) < 15


def test_a_teachers_outputs_come_in_the_students_order_and_units():
    two = Task("numbers", ("a", "b"), shift=(10.0, 0.0), scale=(2.0, 1.0))
    mine = Task("numbers", ("b", "a"), shift=(1.0, 4.0), scale=(5.0, 3.0))
    network = SimpleNamespace(task=two, model=torch.nn.Identity())
    found = _translated(network, mine, "old")(torch.tensor([[1.0, 11.0]]))  # a is 12, b is 11
    assert found.tolist() == [[(11 - 1) / 5, pytest.approx((12 - 4) / 3)]]
    words = [Task("classes", ("y",), classes=classes) for classes in (("x", "z", "w"), ("w", "x", "z"))]
    network = SimpleNamespace(task=words[0], model=torch.nn.Identity())
    assert _translated(network, words[1], "old")(torch.tensor([[1.0, 2.0, 3.0]])).tolist() == [
        [3.0, 1.0, 2.0]
    ]
    assert _translated(network, words[0], "old") is network.model


def test_a_teacher_may_be_an_average_and_know_classes_in_another_order(place, tmp_path):
    fit(place / "iris.csv", "kind", out=tmp_path / "two", runs=2, epochs=2, doctor=False, **OLD)
    fitted = fit(
        place / "iris.csv",
        "kind",
        out=tmp_path / "run",
        teacher=tmp_path / "two",
        epochs=2,
        doctor=False,
        **OLD,
    )
    assert fitted.record.recipe["teacher_digest"] and told(fitted, "validation") is None


def test_from_a_command_line_and_from_a_file(place, tmp_path, capsys):
    config = tmp_path / "fit.toml"
    config.write_text(
        f'weights = "{place / "two"}"\nfreeze = "all-but-2"\nrate-decay = 0.5\nrate = 0.01\nepochs = 1\n'
    )
    common = [place / "iris.csv", "-t", "kind", "--no-doctor", "--quiet"]
    call("fit", capsys, *common, "--config", config, "--out", tmp_path / "a")
    options = [
        "--weights",
        place / "two",
        "--freeze",
        "all-but-2",
        "--rate-decay",
        "0.5",
        "--rate",
        "0.01",
        "--epochs",
        "1",
    ]
    call("fit", capsys, *common, *options, "--out", tmp_path / "b")
    recipes = [json.loads((tmp_path / name / "run.json").read_text())["recipe"] for name in "ab"]
    for name, wanted in {"weights": str(place / "two"), "freeze": "all-but-2", "rate_decay": 0.5}.items():
        assert [recipe[name] for recipe in recipes] == [wanted] * 2
    code, _, said = call("fit", capsys, *common, "--freeze", "3", "--out", tmp_path / "c")
    assert code == 2 and "write all-but-3" in " ".join(said.split())
