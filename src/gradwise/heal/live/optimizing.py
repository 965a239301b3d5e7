"""What an optimizer keeps, as plain data, and put back into the very tensors that it holds."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

Document = dict[str, Any]


def parameters_of(optimizer: Any) -> list[Tensor]:
    """All that it trains, group after group."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def scheduled(optimizer: Any) -> bool:
    """Whether a scheduler of torch sets its rates."""
    return bool(getattr(optimizer.step, "_wrapped_by_lr_sched", False))


def optimizer_state(optimizer: Any) -> Document:
    """Its numbers by group, and what it keeps of each parameter."""
    numbers = [{k: plain(v) for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    kept = {
        n: {key: plain(value) for key, value in optimizer.state[p].items()}
        for n, p in enumerate(parameters_of(optimizer))
        if p in optimizer.state
    }
    return {"groups": numbers, "state": kept}


def put_optimizer_back(optimizer: Any, saved: Document) -> None:
    """Make it what it was.  Rates that a scheduler sets stay where the schedule is."""
    if not scheduled(optimizer):
        for group, numbers in zip(optimizer.param_groups, saved["groups"], strict=False):
            _fill_group(group, numbers)
    for number, parameter in enumerate(parameters_of(optimizer)):
        if number in saved["state"]:
            _fill_state(optimizer.state[parameter], saved["state"][number], parameter)
        else:
            optimizer.state.pop(parameter, None)


def _fill_group(group: dict[str, Any], numbers: Document) -> None:
    for key, value in numbers.items():
        if isinstance(group.get(key), Tensor):
            group[key].data.copy_(torch.as_tensor(value))
        elif isinstance(value, list):
            group[key] = type(group[key])(value)
        elif value is not None:
            group[key] = value


def _fill_state(state: dict[str, Any], saved: Document, parameter: Tensor) -> None:
    for key, value in saved.items():
        there = state.get(key)
        if isinstance(there, Tensor) and isinstance(value, Tensor) and there.shape == value.shape:
            there.data.copy_(value)
        else:
            state[key] = _moved_to(value, parameter)
    for key in [key for key in state if key not in saved]:
        del state[key]


def _moved_to(value: Any, parameter: Tensor) -> Any:
    """A value with its tensors where the parameter is; counts of steps stay on the CPU, as torch has them."""
    if isinstance(value, Tensor):
        return value.to(parameter.device) if value.dim() else value
    if isinstance(value, list):
        return [_moved_to(each, parameter) for each in value]
    return value


def plain(value: Any) -> Any:
    """What can be written and read without running code; None for what cannot."""
    if isinstance(value, Tensor):
        return compact(value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value if isinstance(value, bool | int | float | str) else None


def compact(tensor: Tensor) -> Tensor:
    """The tensor on the CPU, the same memory where it lies there; no part of a larger one, which would be
    written whole.
    """
    found = tensor.detach().cpu()
    whole = found.layout is not torch.strided or found.untyped_storage().nbytes() == found.nbytes
    return found if whole else found.clone()
