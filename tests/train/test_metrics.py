"""Metrics and losses against scikit-learn's, however the rows are cut into batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn import metrics as truth

from gradwise.data.examples import Task
from gradwise.train.metrics import SMALLER_IS_BETTER, metrics_for

CPU = torch.device("cpu")
CLASSES = Task("classes", ("y",), ("a", "b", "c", "d"))
LABELS = Task("labels", ("p", "q", "r"))
NUMBERS = Task("numbers", ("u", "v"), shift=(5.0, 0.0), scale=(10.0, 0.5))


def scores(task, outputs, target, cut=7):
    tally = metrics_for(task)(CPU)
    for part, true in zip(torch.tensor(outputs).split(cut), torch.tensor(target).split(cut), strict=True):
        tally.add(part, true)
    return tally.read()


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_classes(random, cut):
    outputs = random.normal(size=(53, 4)).astype(np.float32)
    target = random.choice([0, 1, 3], 53, p=[0.7, 0.2, 0.1])  # class 2 does not occur
    outputs[:, 2] -= 20
    outputs[np.arange(53), target] += 1
    got = scores(CLASSES, outputs, target, cut)
    chosen = outputs.argmax(1)
    chances = torch.tensor(outputs).double().softmax(1).numpy()
    assert got == pytest.approx(
        {
            "accuracy": truth.accuracy_score(target, chosen),
            "balanced-accuracy": truth.balanced_accuracy_score(target, chosen),
            "log-loss": truth.log_loss(target, chances, labels=range(4)),
        },
        rel=1e-6,
    )


def test_labels(random):
    outputs = random.normal(size=(53, 3)).astype(np.float32)
    target = (random.random((53, 3)) < [0.5, 0.2, 0.0]).astype(np.float32)  # the third never occurs
    outputs[:, 2] = -1
    got = scores(LABELS, outputs, target)
    for kind in ("micro", "macro"):
        assert got[f"f1-{kind}"] == pytest.approx(
            truth.f1_score(target, outputs > 0, average=kind, zero_division=0)
        )


def test_numbers_in_their_own_units(random):
    target = random.normal(size=(53, 2)).astype(np.float32)
    outputs = target + random.normal(size=(53, 2)).astype(np.float32) * [0.1, 2.0]
    got = scores(NUMBERS, outputs, target)
    true, told = (part * [10, 0.5] + [5, 0] for part in (target, outputs))
    assert got == pytest.approx(
        {
            "r2": truth.r2_score(true, told),
            "rmse": truth.root_mean_squared_error(true, told),
            "mae": truth.mean_absolute_error(true, told),
        },
        rel=1e-6,
    )


def test_a_constant_target_has_no_r2_to_divide_by():
    same = np.full((9, 2), 0.1, np.float32)
    assert scores(NUMBERS, same, same)["r2"] == 1.0
    assert scores(NUMBERS, same + 1, same)["r2"] == 0.0


def test_half_precision_outputs_are_counted_in_full():
    outputs = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0)).bfloat16()
    tally = metrics_for(Task("classes", ("y",), ("a", "b")))(CPU)
    tally.add(outputs, torch.zeros(4000, dtype=torch.int64))
    wanted = torch.nn.functional.cross_entropy(outputs.double(), torch.zeros(4000, dtype=torch.int64))
    assert tally.read()["log-loss"] == pytest.approx(wanted.item(), rel=1e-5)


def test_every_metric_has_a_direction():
    names = {name for task in (CLASSES, LABELS, NUMBERS) for name in metrics_for(task)(CPU).read()}
    assert names - SMALLER_IS_BETTER == {"accuracy", "balanced-accuracy", "f1-micro", "f1-macro", "r2"}
