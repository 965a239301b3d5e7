"""A fit with every optimizer by its name, on a real table."""

from __future__ import annotations

import json

import pytest

from gradwise import optim
from gradwise.errors import UsageError
from gradwise.fitting.fit import fit, rerun, resume_fit
from gradwise.fitting.listener import Listener

CLOSED = [name for name in optim.OPTIMIZERS if optim.OPTIMIZERS[name].closure]
QUICK = {"width": 8, "threads": 1, "precision": "float32", "fused": "no"}


class Heard(Listener):
    def __init__(self):
        self.findings, self.lines = [], []

    def found(self, names):
        self.findings += names

    def said(self, line):
        self.lines.append(line)


@pytest.mark.parametrize("name", list(optim.OPTIMIZERS))
def test_iris_is_learnt_by_every_optimizer(name, iris, tmp_path):
    heard = Heard()
    closed = optim.OPTIMIZERS[name].closure
    fused = {} if optim.OPTIMIZERS[name].fused_on else {"fused": "auto"}
    epochs = 6 if closed else 200 if name == "bgd" else 40
    made = fit(
        iris, "y", out=tmp_path / "run", optimizer=name, epochs=epochs, listener=heard, **{**QUICK, **fused}
    )
    assert made.network.evaluate(iris).metrics["accuracy"] > 0.9
    assert made.verdict.learnt
    assert made.watched
    assert heard.findings == [], "the doctor finds nothing wrong with a training that works"
    assert heard.lines == [], "and nothing else is to be told"
    choices = {choice["name"]: choice for choice in made.record.choices}
    assert "rate" in choices
    assert ("no range test" in choices["rate"]["reason"]) == closed


class Impatient(Listener):
    def finished_epoch(self, news):
        if news.epoch == 3:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("name", ["l-bfgs", "trust-ncg", "bfgs", "adam-to-sgd:share=0.3", "ftrl:l1=0.01"])
def test_interrupted_and_resumed_it_comes_to_the_same_weights(name, iris, tmp_path):
    rate = {} if optim.OPTIMIZERS[name].closure else {"rate": 0.02}
    settings = {"optimizer": name, "epochs": 5, "dropout": 0.2, **QUICK, **rate}
    whole = fit(iris, "y", out=tmp_path / "whole", **settings)
    cut = fit(iris, "y", out=tmp_path / "cut", listener=Impatient(), **settings)
    assert cut.record.status == "interrupted"
    resumed = resume_fit(tmp_path / "cut", progress=Listener())
    _, differences = rerun(tmp_path / "whole", out=tmp_path / "again", progress=Listener())
    assert differences == []
    one, other = whole.network.model.state_dict(), resumed.network.model.state_dict()
    assert all(one[word].equal(other[word]) for word in one)
    recipe = json.loads((tmp_path / "whole" / "run.json").read_text())["recipe"]
    assert recipe["optimizer"] == name


def test_a_net_too_large_for_bfgs_is_refused_before_anything_is_written(iris, tmp_path):
    with pytest.raises(UsageError, match="2,000 of them at most, got 4,675; take l-bfgs"):
        fit(iris, "y", out=tmp_path / "run", optimizer="bfgs", width=64)
    assert not (tmp_path / "run").exists()
