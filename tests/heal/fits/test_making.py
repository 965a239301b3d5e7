"""Fits made for a heal: their words, their seeds, what is read of them, and what need not be made."""

import tomllib

import numpy as np
import pytest

from gradwise.fitting.record import Record
from gradwise.heal.fits import making
from gradwise.heal.fits.making import FitRuns, FitWords
from gradwise.heal.metric import choose_metrics
from gradwise.heal.rerun import printed_by
from gradwise.heal.treatment import Cure
from gradwise.heal.trial import Trial
from gradwise.trace.store import TraceWriter
from tests.report.runs import run_info

READING = {"time": None, "ids": "machine", "drop": ["a", "b"], "task": "auto", "image_size": None}
WORDS = FitWords(("data.csv",), ("y",), READING, {"optimizer": "sgd", "seed": 4})
RECIPE = {"rate": 0.1, "options": {}, "schedule": "cosine", "weight_decay": 0.0, "clip": None}


class Made:
    """Stands for the process that makes fits."""

    seconds = 0.0

    def __init__(self, code=0, status="finished"):
        self.code, self.status, self.commands = code, status, []

    def run(self, arguments, place, limit):
        self.commands.append(arguments)
        out = place.out.parent
        place.err.write_text("gradwise: no such column.\n")
        if self.code == 2:
            return 2
        info = run_info(steps=3, status="finished")
        writer = TraceWriter(out, info)
        writer.steps("loss", 0, np.array([3.0, 2.0, 1.0]))
        writer.flush()
        writer.run(info)
        writer.close()
        record = Record({}, {}, recipe=RECIPE, status=self.status, verdict={"score": 0.75})
        record.write(out)
        return self.code

    def close(self):
        """Nothing to end."""


@pytest.fixture
def fits(tmp_path, monkeypatch):
    monkeypatch.setattr(making, "CAN_FORK", True)
    return lambda **options: FitRuns(WORDS, tmp_path, Made(**options))


def test_a_fit_is_made_with_its_own_words_and_other_seeds(fits):
    maker = fits()
    ran = maker.run(Trial((), shift=2), 60)
    (words,) = maker.nursery.commands
    assert words[:3] == ["fit", "data.csv", "--quiet"]
    assert " ".join(words).endswith("--target y --id machine --drop a --drop b --task auto")
    settings = tomllib.loads((maker.place(ran.key) / "settings.toml").read_text())
    assert settings == {"optimizer": "sgd", "seed": 6}
    assert (ran.status, ran.steps) == ("finished", 3)


def test_cures_are_settings_of_the_fit_as_it_was(fits):
    maker = fits(code=1)  # it did not beat guessing, which is no failure
    first = maker.run(Trial(probing=True), 60)
    assert first.held
    ran = maker.run(Trial((Cure("lower-lr", {"factor": 0.5}),)), 60)
    settings = tomllib.loads((maker.place(ran.key) / "settings.toml").read_text())
    assert settings == {"optimizer": "sgd", "seed": 4, "rate": 0.05}


def test_what_would_change_nothing_is_not_made(fits):
    maker = fits()
    maker.run(Trial(probing=True), 60)
    assert maker.run(Trial((Cure("raise-clip"),)), 60).status == "idle"
    assert maker.run(Trial((Cure("relu"),), max_steps=3), 60).status == "stopped"
    assert len(maker.nursery.commands) == 1


def test_its_score_is_what_it_is_compared_by(fits):
    maker = fits()
    place = maker.place(maker.run(Trial(probing=True), 60).key)
    (metric,) = choose_metrics(making.SCORE, False, place)
    assert metric.of(place) == 0.75
    assert "validation score 0.75" in printed_by(place)


@pytest.mark.parametrize(("code", "status"), [(2, "finished"), (1, "failed"), (None, "finished")])
def test_a_fit_that_does_not_end_well_is_told(fits, code, status):
    ran = fits(code=code, status=status).run(Trial(probing=True), 60)
    assert not ran.held
    assert ran.status == ("killed" if code is None else "failed")
    assert ran.error == ("it was ended at its time limit" if code is None else "no such column.")
