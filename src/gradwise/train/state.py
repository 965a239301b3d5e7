"""The whole state of a training as one tree, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gradwise.train.progress import EpochRow, Progress
from gradwise.train.randomness import random_state, restore_random_state
from gradwise.train.training import Training


def state_of(training: Training) -> dict[str, Any]:
    """Everything that a continuation needs: numbers, text and tensors in lists and mappings.

    The best weights are not among it; they change seldom and have a file of their own.
    """
    return {
        "parts": _parts(training),
        "model": dict(training.model.state_dict()),
        "criterion": _learnt(training.criterion),
        "optimizer": training.optimizer.state_dict(),
        "scheduler": None if training.scheduler is None else dict(training.scheduler.state_dict()),
        "scaler": None if training.scaler is None else training.scaler.state_dict(),
        "ema": None if training.ema is None else dict(training.ema.state_dict()),
        "regularisers": training.regularisers.state_dict(),
        "random": random_state(),
        "progress": _progress(training.progress),
    }


def differences(training: Training, state: Mapping[str, Any]) -> str:
    """What keeps a training from taking this state, as a clause; "" when nothing does."""
    for name, part in _parts(training).items():
        before = state["parts"].get(name, "none")
        if before != part:
            return f"the checkpoint was saved with {name} {before}, this training has {part}"
    clause = _mismatch(training.model.state_dict(), state["model"])
    clause = clause or _mismatch(_learnt(training.criterion), state.get("criterion", {}))
    groups = [len(group["params"]) for group in training.optimizer.param_groups]
    saved = [len(group["params"]) for group in state["optimizer"]["param_groups"]]
    if not clause and groups != saved:
        clause = f"the checkpoint's optimizer moves {saved} parameters per group, this training's {groups}"
    return clause


def put_back(training: Training, state: Mapping[str, Any]) -> None:
    """Put a training, and the global random states, where `state_of` found them."""
    training.model.load_state_dict(state["model"])
    for name, weight in training.criterion.named_parameters():
        weight.data.copy_(state["criterion"][name])
    training.optimizer.load_state_dict(state["optimizer"])
    _lay_out_alike(training.optimizer)
    if training.scheduler is not None:
        training.scheduler.load_state_dict(state["scheduler"])
    if training.scaler is not None:
        training.scaler.load_state_dict(state["scaler"])
    if training.ema is not None:
        training.ema.load_state_dict(state["ema"])
    training.regularisers.load_state_dict(state.get("regularisers", {}))
    saved = dict(state["progress"])
    device, dtype = training.progress.loss_sum.device, training.progress.loss_sum.dtype
    saved["loss_sum"] = saved["loss_sum"].to(device, dtype)
    saved["history"] = [EpochRow(**row) for row in saved["history"]]
    training.progress = type(training.progress)(**saved)
    if training.progress.step:
        training.optimizer._opt_called = True  # type: ignore[attr-defined]  # noqa: SLF001 (else a schedule warns that it steps first)
    restore_random_state(state["random"])


def _parts(training: Training) -> dict[str, str]:
    """What must be the same at both ends, by the name of its class."""
    named = {"optimizer": training.optimizer, "schedule": training.scheduler, "scaler": training.scaler}
    parts = {name: "none" if part is None else type(part).__name__ for name, part in named.items()}
    augmentation = "none" if training.augment is None else training.augment.names
    regularisers = ", ".join(training.regularisers.parts) or "none"
    average = "none" if training.ema is None else "ema" if training.average_from is None else "swa"
    return {**parts, "average": average, "augmentation": augmentation, "regularisers": regularisers}


def _progress(progress: Progress) -> dict[str, Any]:
    values = {field.name: getattr(progress, field.name) for field in fields(progress)}
    return {**values, "history": [asdict(row) for row in progress.history]}


def _learnt(criterion: nn.Module) -> dict[str, Tensor]:
    """What a loss learns; its other settings come from the recipe."""
    return {name: weight.detach() for name, weight in criterion.named_parameters()}


def _mismatch(mine: Mapping[str, Tensor], saved: Mapping[str, Tensor]) -> str:
    for name in [*mine, *saved]:
        here, there = (_shape(tensors.get(name)) for tensors in (mine, saved))
        if here != there:
            return f"{name!r} is {there} in the checkpoint and {here} in this net"
    return ""


def _shape(tensor: Tensor | None) -> str:
    return "missing" if tensor is None else "×".join(map(str, tensor.shape)) or "a number"


def _lay_out_alike(optimizer: Optimizer) -> None:
    """Give the optimizer's tensors the memory layout of their parameters.

    Fused kernels walk through both as they lie, so a channels-last weight needs channels-last moments.
    """
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if (
                isinstance(value, Tensor)
                and value.shape == parameter.shape
                and value.stride() != parameter.stride()
            ):
                state[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
