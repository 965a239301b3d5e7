"""From a plan to a training that learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris

from gradwise.data.examples import Examples, Task
from gradwise.train import parts
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


def test_a_plan_trains_iris() -> None:
    plan = make_plan(IRIS, SHAPE, 150, FitConfig(epochs=12))
    torch.manual_seed(0)
    training = parts.build_training(plan, parts.build_net(plan, IRIS, SHAPE), IRIS, rate=0.01)
    rows = iris()
    batches = Batches(rows, plan.batch_size, seed=0)
    assert len(batches) == plan.steps_per_epoch
    fit(training, batches, Batches(rows, 150, shuffle=False), epochs=plan.epochs)
    assert training.progress.history[-1].metrics["accuracy"] >= 0.95
    assert training.rate < 1e-3 * 0.01  # one-cycle has come to its end


def test_the_plans_settings_arrive() -> None:
    config = FitConfig(
        optimizer="nag", rate=0.3, weight_decay=0.1, clip=2.0, schedule="plateau", loss="focal", init="zeros"
    )
    plan = make_plan(IRIS, SHAPE, 150, config, counts=(140, 5, 5))
    training = parts.build_training(
        plan, parts.build_net(plan, IRIS, SHAPE), IRIS, speed=Speed(precision="bf16")
    )
    assert not any(weight.any() for weight in training.model.parameters())
    group = training.optimizer.param_groups[0]
    assert (group["nesterov"], group["lr"], group["weight_decay"]) == (True, 0.3, 0.1)
    assert (training.clip, training.pace, training.autocast) == (2.0, "loss", torch.bfloat16)
    assert training.criterion.weights.tolist() == pytest.approx([150 / 420, 10.0, 10.0])


def test_speed_arrives() -> None:
    plan = make_plan(IRIS, {"channels": 1, "height": 8, "width": 8}, 150, FitConfig())
    net = parts.build_net(plan, IRIS, {"channels": 1, "height": 8, "width": 8})
    training = parts.build_training(plan, net, IRIS, speed=Speed(channels_last=True, fused=True))
    assert net.features[4].weight.is_contiguous(memory_format=torch.channels_last)
    assert training.optimizer.param_groups[0]["fused"] is True
    assert parts.fusible(plan, "cpu")
    assert not parts.fusible(make_plan(IRIS, SHAPE, 150, FitConfig(optimizer="nadam")), "cpu")


def test_a_rehearsal_leaves_the_model_alone() -> None:
    plan = make_plan(IRIS, SHAPE, 150, FitConfig())
    net = parts.build_net(plan, IRIS, SHAPE)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    rehearsal = parts.rehearse(plan, net, IRIS)
    assert rehearsal.scheduler is None
    fit(rehearsal, Batches(iris(), 50), epochs=2)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(weight.grad is None for weight in net.parameters())
    moved = dict(rehearsal.model.named_parameters())
    assert not any(torch.equal(before[name], value) for name, value in moved.items())
