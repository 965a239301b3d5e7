"""``gradwise fit --heal``: settings that cure, proven by fits; what is kept is an ordinary fit."""

import json
from pathlib import Path

import numpy as np
import pytest

from gradwise.heal.launching import Nursery
from tests.cli.conftest import here, server
from tests.cli.verbs import call

__all__ = ["here", "server"]


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
    code, _, err = call(
        "fit", capsys, "d.csv", "--target", "kind", "--rate", 30, "--optimizer", "sgd", "--epochs", 4,
        "--precision", "float32", "--fused", "no", "--threads", 1, "--heal", "--out", "f",
    )  # fmt: skip
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
