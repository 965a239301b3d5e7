"""From a recipe to a training that learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris

from gradwise.data.examples import Examples, Task
from gradwise.fitting import assembly
from gradwise.fitting.recipe import Recipe
from gradwise.train.batches import Batches
from gradwise.train.config import FitConfig
from gradwise.train.loop import fit
from gradwise.train.plan import make_plan
from gradwise.train.speed import Speed

IRIS = Task("classes", ("kind",), ("setosa", "versicolor", "virginica"))
SHAPE = {"numbers": 4}


def iris() -> Examples:
    data = load_iris()
    numbers = (data.data - data.data.mean(0)) / data.data.std(0)
    return Examples({"numbers": numbers.astype(np.float32)}, data.target.astype(np.int64))


def recipe(config: FitConfig, shape: dict[str, int] = SHAPE, counts: tuple[int, ...] | None = None) -> Recipe:
    plan = make_plan(IRIS, shape, 150, config, counts=counts)
    return Recipe.draft(plan, config, "cpu", usual_rate=0.01)


def test_a_recipe_trains_iris() -> None:
    made = recipe(FitConfig(epochs=12))
    rows = iris()
    batches = Batches(rows, made.batch_size, seed=0)
    training = assembly.assemble(made, IRIS, SHAPE, steps_per_epoch=len(batches))
    fit(training, batches, Batches(rows, 150, shuffle=False), epochs=made.epochs)
    assert training.progress.history[-1].metrics["accuracy"] >= 0.95
    assert training.rate < 1e-3 * 0.01  # one-cycle has come to its end


def test_the_same_recipe_gives_the_same_weights() -> None:
    made = [
        assembly.assemble(recipe(FitConfig(seed=seed)), IRIS, SHAPE, steps_per_epoch=1) for seed in (3, 3, 4)
    ]
    first, again, other = (torch.cat([w.flatten() for w in training.parameters]) for training in made)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_plans_settings_arrive() -> None:
    config = FitConfig(
        optimizer="nag",
        rate=0.3,
        weight_decay=0.1,
        clip=2.0,
        schedule="plateau",
        loss="focal",
        init="zeros",
        ema=0.9,
    )
    made = recipe(config, counts=(140, 5, 5)).at(Speed(precision="bf16"))
    training = assembly.assemble(made, IRIS, SHAPE, steps_per_epoch=3)
    assert not any(weight.any() for weight in training.model.parameters())
    group = training.optimizer.param_groups[0]
    assert (group["nesterov"], group["lr"], group["weight_decay"]) == (True, 0.3, 0.1)
    assert (training.clip, training.pace, training.autocast) == (2.0, "loss", torch.bfloat16)
    assert training.criterion.weights.tolist() == pytest.approx([150 / 420, 10.0, 10.0])
    assert training.ema is not None


def test_speed_arrives() -> None:
    shape = {"channels": 1, "height": 8, "width": 8}
    made = recipe(FitConfig(), shape).at(Speed(channels_last=True, fused=True))
    training = assembly.assemble(made, IRIS, shape, steps_per_epoch=3)
    assert training.model.features[4].weight.is_contiguous(memory_format=torch.channels_last)
    assert training.optimizer.param_groups[0]["fused"] is True
    assert assembly.fusible("adamw", "cpu")
    assert not assembly.fusible("nadam", "cpu")


def test_a_rehearsal_leaves_the_model_alone() -> None:
    made = recipe(FitConfig(ema=0.9))
    net = assembly.build_net(made, IRIS, SHAPE)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    rehearsal = assembly.rehearse(made, net, IRIS, Speed())
    fit(rehearsal, Batches(iris(), 50), epochs=2)
    assert rehearsal.rate == made.rate
    assert rehearsal.ema is None
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(weight.grad is None for weight in net.parameters())
    moved = dict(rehearsal.model.named_parameters())
    assert not any(torch.equal(before[name], value) for name, value in moved.items())
