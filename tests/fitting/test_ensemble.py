"""Several seeds: trained, scored each by itself, averaged."""

import json
import os
import signal

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import gradwise
from gradwise.data.examples import Task
from gradwise.data.opening import open_source
from gradwise.errors import UsageError
from gradwise.fitting.ensemble import Ensemble, members_in
from gradwise.fitting.export import export
from gradwise.fitting.fit import fit, rerun, resume_fit
from gradwise.fitting.listener import Listener
from gradwise.fitting.members import Member
from gradwise.fitting.network import activate
from gradwise.fitting.spread import Spread
from gradwise.train.config import FitConfig

SETTINGS = {"epochs": 10, "rate": 0.01, "width": 16, "threads": 1, "fused": "yes", "precision": "float32"}


class Heard(Listener):
    def __init__(self):
        self.choices, self.moments, self.lines = {}, [], []

    def chose(self, choice):
        self.choices[choice.name] = choice

    def moved(self, moment):
        self.moments.append(moment)

    def said(self, text):
        self.lines.append(text)


class Impatient(Listener):
    """Presses Ctrl-C after so many epochs."""

    def __init__(self, epochs):
        self.epochs = epochs

    def finished_epoch(self, news):
        self.epochs -= 1
        if self.epochs == 0:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def apart(iris, tmp_path_factory):
    out = tmp_path_factory.mktemp("apart") / "run"
    return fit(iris, "y", out=out, runs=3, together="no", test=0.2, **SETTINGS)


@pytest.fixture(scope="module")
def at_once(iris, tmp_path_factory):
    out = tmp_path_factory.mktemp("together") / "run"
    return fit(iris, "y", out=out, runs=3, together="yes", test=0.2, **SETTINGS)


def weights(fitted):
    return load_file(fitted.directory / "model.safetensors")


def same(one, other):
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)


def test_both_ways_come_to_the_same(apart, at_once):
    one, other = weights(apart), weights(at_once)
    assert one.keys() == other.keys()
    assert max(float((one[name] - other[name]).abs().max()) for name in one) < 1e-5
    assert [member["best_epoch"] for member in apart.record.members] == [
        member["best_epoch"] for member in at_once.record.members
    ]
    assert not apart.record.recipe["together"]
    assert at_once.record.recipe["together"]


def test_the_first_of_them_is_the_net_of_a_single_run(apart, iris, tmp_path):
    single = fit(iris, "y", out=tmp_path / "run", test=0.2, **SETTINGS)
    first = {
        name.removeprefix("members.0."): tensor
        for name, tensor in weights(apart).items()
        if name.startswith("members.0.")
    }
    assert same(first, weights(single))
    assert apart.record.members[0]["valid"]["accuracy"] == pytest.approx(single.verdict.score)


def test_they_differ_by_their_seeds(apart):
    found = weights(apart)
    assert [member["seed"] for member in apart.record.members] == [0, 1, 2]
    assert not found["members.0.layers.0.weight"].equal(found["members.1.layers.0.weight"])


@pytest.mark.parametrize("way", ["apart", "at_once"])
def test_mean_and_interval_are_recorded(way, request):
    fitted = request.getfixturevalue(way)
    record = json.loads((fitted.directory / "run.json").read_text())
    for part in ("valid", "test"):
        scores = [member[part]["accuracy"] for member in record["members"]]
        spread = record["verdict"]["runs"][part]["accuracy"]
        assert spread["scores"] == scores
        assert spread["mean"] == pytest.approx(np.mean(scores))
        assert spread["half"] == pytest.approx(4.302653 * np.std(scores, ddof=1) / np.sqrt(3))
    assert record["verdict"]["left_out"] == []


def test_it_predicts_the_mean_of_its_members(at_once, iris):
    network = gradwise.load(at_once.directory)
    source = network.open(iris)
    each = [member.outputs(source) for member in network.members]
    assert len(each) == 3
    np.testing.assert_allclose(network.outputs(source), np.mean(each, axis=0), atol=1e-6)
    accuracy = network.evaluate(iris).metrics["accuracy"]
    assert accuracy == pytest.approx(np.mean(network.predict(iris) == pl.read_csv(iris)["y"].to_numpy()))


def test_it_is_exported_as_one_net(at_once, iris, tmp_path):
    network = gradwise.load(at_once.directory)
    export(network, tmp_path / "iris.pt2", network.open(iris))
    program = torch.export.load(tmp_path / "iris.pt2").module()
    numbers = network.encoder.transform(network.open(iris)).inputs["numbers"]
    np.testing.assert_allclose(
        program(torch.from_numpy(numbers)).detach().numpy(), network.outputs(network.open(iris)), atol=1e-6
    )


@pytest.mark.parametrize("way", ["apart", "at_once"])
def test_a_rerun_gives_the_same_bits(way, request, tmp_path):
    fitted = request.getfixturevalue(way)
    again, differences = rerun(fitted.directory, out=tmp_path / "again", progress=Listener())
    assert differences == []
    assert again.record.verdict["runs"] == fitted.record.verdict["runs"]


@pytest.mark.parametrize(
    ("way", "epochs", "begun"),
    [("yes", 4, 3), ("no", 4, 1), ("no", 14, 2)],
    ids=["together", "first", "later"],
)
def test_an_interrupted_fit_goes_on_to_the_same_bits(way, epochs, begun, iris, tmp_path, request):
    whole = request.getfixturevalue("at_once" if way == "yes" else "apart")
    cut = fit(
        iris,
        "y",
        out=tmp_path / "run",
        runs=3,
        together=way,
        test=0.2,
        listener=Impatient(epochs),
        **SETTINGS,
    )
    assert cut.record.status == "interrupted"
    assert len(cut.record.members) == begun, "what was learnt is kept"
    assert cut.network is not None
    assert len(cut.network.members) == begun
    heard = Heard()
    resumed = resume_fit(tmp_path / "run", progress=heard)
    assert resumed.record.status == "finished"
    trained = [line.partition(",")[0] for line in heard.lines if line.startswith("run ")]
    assert trained == ([] if way == "yes" else [f"run {number} of 3" for number in range(begun, 4)])
    assert same(weights(resumed), weights(whole))
    assert resumed.record.verdict["runs"] == whole.record.verdict["runs"]
    assert [row["valid_loss"] for row in resumed.record.history] == [
        row["valid_loss"] for row in whole.record.history
    ]
    assert not (tmp_path / "run" / "members").exists()


def test_the_bar_covers_all_of_them(iris, tmp_path):
    heard = Heard()
    fit(iris, "y", out=tmp_path / "run", runs=2, together="no", listener=heard, **{**SETTINGS, "epochs": 3})
    assert {moment.epochs for moment in heard.moments} == {6}
    assert max(moment.epoch for moment in heard.moments) >= 3
    assert heard.choices["doctor"].value == "first run"
    assert sum(line.startswith("run ") for line in heard.lines) == 2


def test_the_way_is_raced_and_told_with_numbers(iris, tmp_path):
    heard = Heard()
    fitted = fit(iris, "y", out=tmp_path / "run", runs=2, listener=heard, **{**SETTINGS, "epochs": 2})
    choice = heard.choices["together"]
    assert choice.value == ("yes" if fitted.record.recipe["together"] else "no")
    assert "2 steps of one" in choice.reason
    assert "ms" in choice.reason


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    draw = np.random.default_rng(0)
    lines = [
        "\t".join(
            [
                str(kind),
                *(f"{value:.3f}" for value in np.sin(np.arange(12) * (kind + 1)) + draw.normal(0, 0.3, 12)),
            ]
        )
        for kind in (0, 1)
        for _ in range(20)
    ]
    place = tmp_path_factory.mktemp("waves") / "waves_TRAIN.tsv"
    place.write_text("\n".join(lines) + "\n")
    return place


@pytest.mark.parametrize(("net", "why"), [("lstm", "recurrent"), ("cnn1d", "means of its batches")])
def test_what_cannot_be_stacked_is_trained_one_by_one(waves, net, why, tmp_path):
    heard = Heard()
    given = {"net": net, "epochs": 2, "rate": 0.01, "runs": 2, "width": 4}
    fitted = fit(waves, out=tmp_path / "run", listener=heard, **given)
    assert heard.choices["together"].value == "no"
    assert why in heard.choices["together"].reason
    assert len(fitted.network.members) == 2
    with pytest.raises(UsageError, match=why):
        fit(waves, out=tmp_path / "other", together="yes", **given)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"valid": 0.0}, "validation rows"),
        ({"schedule": "plateau"}, "plateau"),
        ({"loss": "center"}, "last layer"),
        ({"precision": "bf16"}, "bf16"),
    ],
)
def test_settings_that_rule_it_out_are_told(given, why, iris, tmp_path):
    with pytest.raises(UsageError, match=why):
        fit(iris, "y", out=tmp_path / "run", runs=2, together="yes", **{**SETTINGS, **given})


def test_numbers_are_averaged_in_their_own_units(diabetes, tmp_path):
    fitted = fit(diabetes, "y", out=tmp_path / "run", runs=2, together="yes", **SETTINGS)
    each = [member.predict(diabetes) for member in fitted.network.members]
    np.testing.assert_allclose(fitted.network.predict(diabetes), np.mean(each, axis=0), rtol=1e-4)
    assert fitted.record.verdict["runs"]["valid"]["r2"]["mean"] < fitted.verdict.score + 0.05


def test_a_net_that_has_no_numbers_is_left_out(iris, tmp_path, monkeypatch):
    usual = Member.of

    def broken(seed, training, findings):
        member = usual(seed, training, findings)
        if seed == 1:
            member.weights = {name: tensor * float("nan") for name, tensor in member.weights.items()}
        return member

    monkeypatch.setattr(Member, "of", broken)
    heard = Heard()
    given = {**SETTINGS, "epochs": 3}
    fitted = fit(iris, "y", out=tmp_path / "run", runs=3, together="no", listener=heard, **given)
    assert [member["seed"] for member in fitted.record.members] == [0, 2]
    assert fitted.record.verdict["left_out"] == [1]
    assert np.isfinite(fitted.network.outputs(open_source(str(iris), target="y"))).all()
    assert any("seed 1 is left out" in line for line in heard.lines)


class Says(nn.Module):
    def __init__(self, raw):
        super().__init__()
        self.raw = nn.Parameter(torch.tensor([raw]))

    def forward(self, x):
        return self.raw.expand(len(x), -1)


@pytest.mark.parametrize(
    "task",
    [
        Task("classes", ("y",), ("a", "b", "c")),
        Task("labels", ("a", "b", "c")),
        Task("numbers", ("a", "b", "c"), shift=(1.0, 2.0, 3.0), scale=(4.0, 5.0, 6.0)),
    ],
    ids=lambda task: task.kind,
)
def test_predictions_are_averaged_not_raw_outputs(task):
    nets = [Says([2.0, -1.0, 0.5]), Says([-60.0, 90.0, 0.0]), Says([0.1, 0.2, -95.0])]
    rows = torch.zeros(2, 1)
    mean = activate(task, Ensemble(nets, task.kind)(rows))
    expected = torch.stack([activate(task, net(rows).double()) for net in nets]).mean(0)
    torch.testing.assert_close(mean.double(), expected, rtol=1e-5, atol=1e-7)


def test_members_are_counted_in_a_state():
    assert members_in({"layers.0.weight": 0}) == 0
    assert members_in(Ensemble([nn.Linear(1, 1), nn.Linear(1, 1)], "numbers").state_dict()) == 2


def test_an_interval_is_that_of_student():
    from scipy import stats

    scores = [0.81, 0.84, 0.9, 0.86, 0.79]
    spread = Spread.of(scores)
    low, high = stats.t.interval(0.95, 4, np.mean(scores), stats.sem(scores))
    assert spread.mean - spread.half == pytest.approx(low)
    assert spread.mean + spread.half == pytest.approx(high)
    assert Spread.from_dict(spread.as_dict()) == spread
    assert str(Spread.of([0.5])) == "0.5 over 1 seed"


def test_seeds_do_not_run_out():
    with pytest.raises(UsageError, match="leaves no seeds for --runs 4"):
        FitConfig.make({"seed": 2**32 - 2, "runs": 4})
    with pytest.raises(UsageError, match="--runs takes a number from 1 to 1000"):
        FitConfig.make({"runs": 0})
    with pytest.raises(UsageError, match="--together takes one of auto, yes, no"):
        FitConfig.make({"together": "maybe"})
