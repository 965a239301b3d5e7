"""From a plan to the things that train: net, loss, optimizer, schedule, all together."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from gradwise import init, losses, nets, optim
from gradwise.data.examples import Task
from gradwise.train.metrics import metrics_for
from gradwise.train.plan import Plan
from gradwise.train.speed import Speed
from gradwise.train.training import Training


def build_net(plan: Plan, task: Task, shape: Mapping[str, Any]) -> nn.Module:
    """The net of a plan, with its first weights.

    Args:
        plan: names it.
        task: how many outputs it has.
        shape: of its input, as `gradwise.data.examples.Encoder.shape` gives it.
    """
    net = nets.make(plan.net, outputs=task.outputs, **shape, **plan.net_options)
    if plan.init is not None:
        init.apply(net, plan.init)
    return net


def build_loss(plan: Plan) -> nn.Module:
    """The loss of a plan, with its class weights."""
    return losses.make(plan.loss, weights=plan.class_weights)


def build_training(
    plan: Plan,
    model: nn.Module,
    task: Task,
    *,
    rate: float | None = None,
    speed: Speed | None = None,
    device: torch.device | str = "cpu",
    schedule: bool = True,
) -> Training:
    """Everything that trains ``model``, which is moved to the device and laid out as ``speed`` says.

    Args:
        plan: of the training.
        model: trained in place.
        task: what is predicted.
        rate: learning rate; None: the plan's, or the optimizer's usual one.
        speed: settings of pace; its threads are for the caller to set (`Speed.use_threads`).
        device: where it trains.
        schedule: whether the rate follows the plan's schedule, or stays.
    """
    speed = speed or Speed()
    place = torch.device(device)
    model.to(place)
    if speed.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if speed.compile:
        model.compile()
    optimizer = optim.make(
        plan.optimizer,
        model.parameters(),
        rate=plan.rate if rate is None else rate,
        weight_decay=plan.weight_decay,
        fused=speed.fused,
    )
    training = Training(
        model=model,
        optimizer=optimizer,
        criterion=build_loss(plan).to(place),
        device=place,
        autocast=speed.autocast,
        clip=plan.clip,
        metrics=metrics_for(task),
    )
    if schedule:
        made = optim.make_schedule(
            plan.schedule, optimizer, steps_per_epoch=plan.steps_per_epoch, epochs=plan.epochs
        )
        training.scheduler, training.pace = made.scheduler, made.pace
    return training


def rehearse(
    plan: Plan,
    model: nn.Module,
    task: Task,
    *,
    speed: Speed | None = None,
    device: torch.device | str = "cpu",
) -> Training:
    """A training like `build_training`'s at a constant rate, on a copy: ``model`` is not touched."""
    return build_training(plan, copy.deepcopy(model), task, speed=speed, device=device, schedule=False)


def fusible(plan: Plan, device: torch.device | str) -> bool:
    """Whether the plan's optimizer has a fused form on this device."""
    return torch.device(device).type in optim.OPTIMIZERS[plan.optimizer].fused_on
