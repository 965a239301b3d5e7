"""How class weights, balanced batches and resampling go together, and balanced batches themselves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from gradwise.data.examples import Examples, Task
from gradwise.errors import UsageError
from gradwise.optim import OPTIMIZERS
from gradwise.train.batches import Batches
from gradwise.train.config import FitConfig
from gradwise.train.together import MemberBatches
from gradwise.train.weighing import check_balanced, class_weights

TWO = Task("classes", ("y",), ("often", "seldom"))
LABELS = Task("labels", ("x", "y"))


def weighed(counts, **settings):
    told = []
    return class_weights(TWO, sum(counts), FitConfig(**settings), counts, told), {c.name: c for c in told}


def test_weights_come_with_uneven_classes_and_go_with_even_ones():
    weights, told = weighed([990, 10])
    assert weights[1] / weights[0] == pytest.approx(99) and told["class-weights"].value == "yes"
    assert weighed([100, 10]) == (None, {})


def test_with_resampling_they_are_of_the_resampled_rows_and_that_is_told():
    weights, told = weighed([500, 500], resample="over")
    assert weights is None and "resampled rows are 1 to 1" in told["class-weights"].reason
    weights, told = weighed([1000, 250], resample="over:ratio=0.25", class_weights="yes")
    assert weights[1] / weights[0] == pytest.approx(4) and "4 to 1" in told["class-weights"].reason
    weights, told = weighed([1000, 50], resample="over:ratio=0.05")
    assert weights is not None and told["class-weights"].reason.startswith("resampled classes are 20 to 1")


def test_with_balanced_batches_they_are_left_out_unless_asked_for():
    weights, told = weighed([990, 10], balanced_batches=True)
    assert weights is None and told["class-weights"].value == "no"
    weights, told = weighed([990, 10], balanced_batches=True, class_weights="yes")
    assert weights is not None and "rare ones count twice" in told["class-weights"].reason


@pytest.mark.parametrize(
    ("task", "optimizer", "words"),
    [
        (LABELS, "adam", "the target holds labels; take --class-weights yes"),
        (Task("numbers", ("x",)), "adam", "the target holds numbers; leave it out"),
        (TWO, "bgd", "bgd takes them all; take --class-weights yes"),
        (TWO, "l-bfgs", "l-bfgs takes them all"),
    ],
)
def test_where_batches_cannot_be_balanced(task, optimizer, words):
    check_balanced(task, OPTIMIZERS[optimizer], FitConfig())
    with pytest.raises(UsageError, match=words):
        check_balanced(task, OPTIMIZERS[optimizer], FitConfig(balanced_batches=True))


def digits():
    """Digits with 20 eights."""
    data = load_digits()
    rows = np.concatenate([np.flatnonzero(data.target != 8), np.flatnonzero(data.target == 8)[:20]])
    return Examples(
        {"numbers": data.data[rows].astype(np.float32)}, (data.target[rows] == 8).astype(np.int64)
    )


def test_every_batch_is_even_and_rows_belong_to_their_targets():
    rows = digits()
    batches = Batches(rows, 32, seed=1, balanced=True)
    assert len(batches) == len(Batches(rows, 32)) and batches.rows == len(rows)
    for (numbers,), target in batches.iterate(epoch=2):
        assert abs(2 * int(target.sum()) - len(target)) <= 2
        own = rows.inputs["numbers"][rows.target == 1]
        for row in numbers[target == 1].numpy():
            assert (own == row).all(axis=1).any()


def test_an_epoch_goes_on_from_its_middle_with_the_same_rows():
    batches = Batches(digits(), 64, seed=3, balanced=True)
    whole = [target.tolist() for _, target in batches.iterate(4)]
    assert whole[5:] == [target.tolist() for _, target in batches.iterate(4, start=5)]


def test_state_tells_balanced_batches_and_only_them():
    rows = digits()
    assert Batches(rows, 8, balanced=True).state()["balanced"] is True
    assert "balanced" not in Batches(rows, 8).state(), "checkpoints of before go on"


def test_members_meet_what_each_would_meet_alone():
    rows = digits()
    together = MemberBatches(rows, 16, seeds=(4, 9), balanced=True)
    for member, seed in enumerate((4, 9)):
        alone = Batches(rows, 16, seed=seed, balanced=True).order(1)
        np.testing.assert_array_equal(together.order(1)[:, member], alone)


@pytest.mark.parametrize(
    ("target", "settings", "words"),
    [
        (None, {}, "no class ids"),
        (np.zeros((6, 2), np.float32), {}, "no class ids"),
        (np.arange(6), {"by_length": True}, "balanced or by length, not both"),
    ],
)
def test_rows_that_cannot_be_balanced(target, settings, words):
    rows = Examples({"series": np.zeros((6, 3, 1), np.float32), "lengths": np.full(6, 3)}, target)
    with pytest.raises(UsageError, match=words):
        Batches(rows, 2, balanced=True, **settings)
