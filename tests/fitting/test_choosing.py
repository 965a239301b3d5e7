"""From settings to a recipe with nothing left open, on real tables."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes, load_iris

from gradwise.data.examples import Examples, Task
from gradwise.errors import UnknownNameError, UsageError
from gradwise.fitting.choosing import _counts, resolve
from gradwise.fitting.listener import Listener
from gradwise.train.config import FitConfig

IRIS = Task("classes", ("kind",), ("setosa", "versicolor", "virginica"))
SETTLED = {"precision": "float32", "threads": 1, "compile": "no", "fused": "no"}


class Heard(Listener):
    def __init__(self) -> None:
        self.choices: list = []

    def chose(self, choice) -> None:
        self.choices.append(choice)


def iris(kept: slice = slice(None)) -> Examples:
    data = load_iris()
    numbers = (data.data - data.data.mean(0)) / data.data.std(0)
    return Examples({"numbers": numbers.astype(np.float32)[kept]}, data.target.astype(np.int64)[kept])


def decided(train: Examples | None = None, task: Task = IRIS, shape: dict | None = None, **settings):
    heard = Heard()
    config = FitConfig(**{**SETTLED, **settings})
    recipe, told = resolve(config, task, shape or {"numbers": 4}, train or iris(), heard)
    assert told == heard.choices, "told as they are made, each once"
    assert all(choice.name and choice.value and choice.reason for choice in told)
    assert len({choice.name for choice in told}) == len(told)
    return recipe, {choice.name: choice for choice in told}


def test_what_is_given_is_kept_and_is_no_choice() -> None:
    given = {
        "net": "mlp", "width": 7, "depth": 3, "epochs": 4, "batch_size": 16, "rate": 0.02,
        "optimizer": "nesterov", "schedule": "cosine", "loss": "focal", "weight_decay": 0.1, "clip": 2.0, "patience": 3, "seed": 5,
        "ema": 0.9, "class_weights": "no",
    }  # fmt: skip
    recipe, told = decided(**given)
    for name in set(given) - {"class_weights", "width", "depth"}:
        assert getattr(recipe, name) == given[name], name
    assert recipe.options["units"] == 7
    assert recipe.options["depth"] == 3
    assert recipe.class_weights is None
    assert (recipe.bf16, recipe.threads, recipe.compile) == (False, 1, False)
    assert {name.replace("-", "_") for name in told}.isdisjoint(given)


def test_a_rate_is_found_by_a_range_test_and_found_again() -> None:
    recipe, told = decided(epochs=5)
    assert 1e-4 < recipe.rate < 1
    assert told["rate"].value == f"{recipe.rate:.2g}"
    again, _ = decided(epochs=5)
    assert again.rate == recipe.rate
    assert again == recipe


def test_threads_that_are_not_given_are_settled() -> None:
    before = torch.get_num_threads()
    recipe, _ = decided(epochs=2, rate=0.01, threads=None)
    assert recipe.threads >= 1
    assert torch.get_num_threads() == before


def test_rare_classes_get_weights_by_the_counts_of_the_training_rows() -> None:
    recipe, told = decided(iris(slice(0, 104)), epochs=2, rate=0.01)  # 50, 50 and 4 rows
    assert recipe.class_weights == pytest.approx([104 / 150, 104 / 150, 104 / 12])
    assert "class-weights" in told
    recipe, told = decided(epochs=2, rate=0.01)
    assert recipe.class_weights is None
    assert "class-weights" not in told


def test_counts_are_of_classes_and_of_labels() -> None:
    x = {"numbers": np.zeros((3, 1))}
    assert _counts(IRIS, Examples(x, np.array([0, 2, 2]))) == [1, 0, 2]
    labels = Examples(x, np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert _counts(Task("labels", ("a", "b")), labels) == [2, 1]
    assert _counts(Task("numbers", ("a",), shift=(0.0,), scale=(1.0,)), labels) is None
    assert _counts(IRIS, Examples(x)) is None


def test_numbers_get_a_loss_of_numbers() -> None:
    data, target = load_diabetes(return_X_y=True)
    numbers = (data / data.std(0)).astype(np.float32)
    standard = ((target - target.mean()) / target.std()).astype(np.float32)[:, None]
    task = Task("numbers", ("y",), shift=(target.mean(),), scale=(target.std(),))
    recipe, told = decided(
        Examples({"numbers": numbers}, standard), task, {"numbers": 10}, epochs=2, rate=0.01
    )
    assert recipe.loss in ("mse", "huber", "smooth-l1", "mae")
    assert recipe.class_weights is None
    assert told["net"].value.startswith("mlp")


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"net": "lstm"}, UsageError, "table"),
        ({"net": "mpl"}, UnknownNameError, "mlp"),
        ({"optimizer": "adm"}, UnknownNameError, "adam"),
        ({"schedule": "cosin"}, UnknownNameError, "cosine"),
        ({"device": "abacus"}, UsageError, "--device abacus"),
    ],
)
def test_settings_that_do_not_go_together_are_one_sentence(settings: dict, error: type, told: str) -> None:
    with pytest.raises(error, match=told):
        decided(**{"epochs": 2, "rate": 0.01, **settings})
