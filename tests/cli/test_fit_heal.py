"""``gradwise fit --heal``: settings that cure, proven by fits; what is kept is an ordinary fit."""

import json
from pathlib import Path

import numpy as np
import pytest

from gradwise.heal.fits.asked import Asked, asked
from gradwise.heal.fits.making import FitWords
from gradwise.heal.launching import Nursery
from tests.cli.conftest import here, server
from tests.cli.verbs import call

__all__ = ["here", "server"]

HOT = (
    "d.csv", "--target", "kind", "--rate", 30, "--optimizer", "sgd", "--epochs", 4, "--precision", "float32",
    "--fused", "no", "--threads", 1, "--heal",
)  # fmt: skip


@pytest.fixture
def warm(server, here, monkeypatch):
    """Fits are forked from a process that has imported torch already."""

    def run(self, arguments, place, limit):
        return server.run(*arguments, cwd=place.work, stdout=place.out, stderr=place.err).code

    monkeypatch.setattr(Nursery, "run", run)
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(160, 4))
    kinds = np.where(rows[:, 0] - rows[:, 1] > 0, "a", "b")
    lines = [",".join([*(f"{x:.3f}" for x in row), kind]) for row, kind in zip(rows, kinds, strict=True)]
    (here / "d.csv").write_text("\n".join(["p,q,r,s,kind", *lines]) + "\n")
    return here


def test_a_rate_that_is_too_high_is_healed_and_the_healed_fit_kept(warm, capsys):
    code, _, err = call("fit", capsys, *HOT, "--out", "f")
    assert "found     lr-too-high" in err
    (kept,) = Path(".gradwise/heals").glob("*/heal.json")
    outcome = json.loads(kept.read_text())["outcome"]
    assert {cure["name"] for cure in outcome["chosen"]} == {"lower-lr"}
    recipe = json.loads(Path("f/run.json").read_text())["recipe"]
    if outcome["verdict"] == "helped":
        assert code == 0
        assert recipe["rate"] < 30
        assert "kept with --rate" in err
    else:
        assert recipe["rate"] == 30
        assert "not kept" in err
    code, _, _ = call("evaluate", capsys, "f", "d.csv")
    assert code in (0, 1)


def test_an_interrupted_heal_goes_on_with_the_fits_that_are_missing(warm, monkeypatch, capsys):
    make, made = Nursery.run, []

    def until_ctrl_c(self, arguments, place, limit):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(place.out)
        return make(self, arguments, place, limit)

    monkeypatch.setattr(Nursery, "run", until_ctrl_c)
    code, _, err = call("fit", capsys, *HOT, "--out", "f")
    (kept,) = Path(".gradwise/heals").glob("*/heal.json")
    assert code == 130
    assert f"gradwise fit --resume {kept.parent.absolute()}" in err
    assert not Path("f").exists()

    monkeypatch.setattr(Nursery, "run", lambda self, *words: made.append(words[1].out) or make(self, *words))
    code, _, err = call("fit", capsys, "--resume", kept.parent)
    outcome = json.loads(kept.read_text())["outcome"]
    assert outcome["verdict"] in ("helped", "not shown")
    assert len(made) == len(set(made)) == len(list(kept.parent.glob("runs/*/run.json")))
    assert Path("f/run.json").is_file()
    assert "found     lr-too-high" in err


def test_a_heal_is_not_gone_on_with_where_it_cannot(here, capsys):
    (here / "d.csv").write_text("a,y\n1,2\n")
    words = FitWords(("d.csv",), ("y",), {}, {"rate": 3.0})
    heal = here / "heal"
    heal.mkdir()
    (heal / "heal.json").write_text("{}")

    def sentence():
        code, _, err = call("fit", capsys, "--resume", "heal")
        assert (code, err.count("\n")) == (2, 1)
        return err

    assert "goes on with `gradwise heal --resume`" in sentence()
    Asked.now(words, None, 60.0).keep(heal)
    assert asked(heal).words == words
    assert "is damaged" in sentence()  # the record of its fits
    (here / "d.csv").write_text("a,y\n1,2\n3,4\n")
    assert "d.csv was changed since" in sentence()
    kept = json.loads((heal / "fit.json").read_text())
    (heal / "fit.json").write_text(json.dumps({**kept, "folder": "/elsewhere"}))
    assert "begun in /elsewhere" in sentence()
    (heal / "fit.json").write_text("[")
    assert "is damaged" in sentence()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--no-doctor",), "--heal needs the doctor"),
        (("--runs", 2), "leave out --runs"),
        (("--valid", 0), "--valid a share above 0"),
        (("--heal-budget", "soon"), "takes a time such as"),
        (("--out", "full"), "is not empty"),
    ],
)
def test_mistakes_are_said_before_any_fit(here, capsys, words, sentence):
    (here / "d.csv").write_text("a,y\n1,2\n")
    (here / "full").mkdir()
    (here / "full" / "x").write_text("")
    code, _, err = call("fit", capsys, "d.csv", "--target", "y", "--heal", *words)
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1
    assert not Path(".gradwise").exists()
