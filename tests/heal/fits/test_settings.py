"""Cures as settings of a fit: each of them can be given, and one that changes nothing says so."""

import pytest

from gradwise.heal.fits.settings import CHANGES, can_be_set, changed
from gradwise.heal.treatment import Cure
from gradwise.remedies.collection import all_remedies
from gradwise.train.config import FitConfig

RECIPE = {
    "rate": 0.1, "options": {"units": 32, "dropout": 0.8}, "schedule": "cosine", "weight_decay": 0.1, "clip": 1.0,
    "batch_size": 16, "epochs": 20,
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_every_cure_of_the_table_gives_settings_that_fit_takes(name):
    found = changed(RECIPE, {}, [Cure(name)])
    assert found
    FitConfig.make(found)


def test_what_stands_in_the_table_is_a_remedy_and_nothing_else_can_be_set():
    remedies = all_remedies()
    assert set(CHANGES) <= set(remedies)
    assert can_be_set(remedies["lower-lr"]) == ""
    assert "no setting" in can_be_set(remedies["zero-grad"])


def test_doses_are_of_the_fit_as_it_is():
    assert changed(RECIPE, {}, [Cure("lower-lr", {"factor": 0.5})]) == {"rate": 0.05}
    assert changed(RECIPE, {}, [Cure("larger-net")]) == {"width": 64}
    both = [Cure("lower-lr", {"factor": 0.5}), Cure("clip-gradient", {"limit": 2.0})]
    assert changed(RECIPE, {}, both) == {"rate": 0.05, "clip": 2.0}


@pytest.mark.parametrize(
    ("recipe", "given", "cure"),
    [
        ({"clip": None}, {}, Cure("raise-clip")),
        ({"weight_decay": 0.0}, {}, Cure("lower-weight-decay")),
        ({"options": {}}, {}, Cure("larger-net")),
        ({"options": {"dropout": 0.1}}, {}, Cure("lower-dropout", {"share": 0.2})),
        ({"schedule": "one-cycle"}, {}, Cure("warm-up")),
        ({}, {"norm": "batch-norm"}, Cure("batch-norm")),
        ({}, {}, Cure("he-init", {"scale": 2.0})),
    ],
)
def test_what_would_change_nothing_is_none(recipe, given, cure):
    assert changed({**RECIPE, **recipe}, given, [cure]) is None
