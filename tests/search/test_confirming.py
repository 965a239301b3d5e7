"""Winner against default: the sign of a gain, and an interval that knows of seeds and of rows."""

from __future__ import annotations

import math

import pytest
import torch

from gradwise.data.examples import Examples, Task
from gradwise.search.confirming import Confirmation, compare, confirm

CLASSES = Task("classes", ("y",), ("a", "b"))
NUMBERS = Task("numbers", ("y",), shift=(0.0,), scale=(10.0,))


def guesses(target, right):
    """(N, 2) logits that are right in the first ``right`` rows."""
    chosen = torch.where(torch.arange(len(target)) < right, target, 1 - target)
    return torch.nn.functional.one_hot(chosen, 2).float() * 4


@pytest.fixture
def target():
    return torch.arange(200) % 2


def test_a_clear_gain_is_better(target):
    mine = [guesses(target, right) for right in (190, 192, 191)]
    theirs = [guesses(target, right) for right in (150, 151, 152)]
    found = compare("accuracy", CLASSES, "test", target, (mine, theirs), range(1, 4))
    assert found.word == "better"
    assert found.gain == pytest.approx((40 + 41 + 39) / 3 / 200)
    assert found.winner == (0.95, 0.96, 0.955)
    assert "accuracy 0.955, the default 0.755 on 200 test rows with 3 fresh seeds" in found.sentence
    turned = compare("accuracy", CLASSES, "test", target, (theirs, mine), range(1, 4))
    assert turned.word == "worse" and turned.gain == -found.gain
    assert Confirmation.from_dict(found.as_dict()) == found


def test_one_row_that_every_seed_wins_is_no_gain(target):
    mine, theirs = [guesses(target, 181)] * 3, [guesses(target, 180)] * 3
    found = compare("accuracy", CLASSES, "test", target, (mine, theirs), range(3))
    assert found.gain == pytest.approx(1 / 200)
    # the seeds agree, so all of the width is that of the rows: 1.96 · √(p (1 - p) / n), p = 1 / 200
    assert found.half == pytest.approx(1.96 * math.sqrt(0.005 * 0.995 / 200), rel=0.15)
    assert found.word == "no better"


def test_seeds_that_differ_widen_the_interval(target):
    steady = [guesses(target, 180)] * 3
    found = compare(
        "accuracy", CLASSES, "test", target, ([guesses(target, n) for n in (140, 200, 199)], steady), range(3)
    )
    assert found.word == "no better"
    assert found.half > 0.2


def test_smaller_errors_are_a_gain():
    truth = torch.linspace(-1, 1, 50)[:, None]
    mine, theirs = [truth + 0.1, truth + 0.11], [truth + 0.5, truth - 0.5]
    found = compare("rmse", NUMBERS, "test", truth, (mine, theirs), range(2))
    assert found.gain == pytest.approx(10 * (0.5 - 0.105), rel=1e-5), "in the target's own units"
    assert found.word == "better"


def test_one_seed_tells_nothing(target):
    found = compare(
        "accuracy", CLASSES, "test", target, ([guesses(target, 199)], [guesses(target, 100)]), [7]
    )
    assert math.isnan(found.half) and found.word == "no better"
    assert "no interval from one seed" in found.sentence


def test_a_training_that_fails_confirms_nothing(target):
    asked = []

    def fit(settings, seed):
        asked.append((settings["which"], seed))
        return None if seed == 2 else guesses(target, 150)

    rows = Examples({"numbers": target[:, None].numpy()}, target.numpy())
    pair = ({"which": "winner"}, {"which": "default"})
    assert confirm("accuracy", CLASSES, ("test", rows), pair, [1, 2], fit) is None
    assert asked == [("winner", 1), ("default", 1), ("winner", 2)]
