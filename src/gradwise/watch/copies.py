"""Copies of what a training step is made of: tensors, settings, moments, random states."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map


def copied(value: Any) -> Any:
    """A structure with its tensors detached and copied; everything else as it is."""
    copies: Callable[[Any], Any] = lambda t: t.detach().clone() if isinstance(t, Tensor) else t  # noqa: E731
    return tree_map(copies, value)


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers of a module, by name."""
    held: dict[str, Tensor] = dict(module.named_parameters(remove_duplicate=False))
    held.update(module.named_buffers(remove_duplicate=False))
    return held


def bytes_of(values: Any) -> int:
    """Bytes of the tensors among these values."""
    return sum(t.numel() * t.element_size() for t in values if isinstance(t, Tensor))


def groups_of(optimizer: Any) -> tuple[dict[str, Any], ...]:
    """Settings of each group of an optimizer, without its parameters; none where there is no optimizer."""
    if optimizer is None:
        return ()
    return tuple(
        {key: copied(value) for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    )


def moments_of(optimizer: Any) -> dict[tuple[int, int], dict[str, Any]]:
    """The optimizer's state of each parameter, by (group, position)."""
    if optimizer is None:
        return {}
    return {
        (g, i): {key: copied(copy.copy(value)) for key, value in optimizer.state[parameter].items()}
        for g, group in enumerate(optimizer.param_groups)
        for i, parameter in enumerate(group["params"])
        if parameter in optimizer.state
    }


def random_states(tensors: list[Any]) -> dict[str, Any]:
    """Random states as they are; reading them draws nothing."""
    states: dict[str, Any] = {"torch": torch.get_rng_state(), "python": random.getstate()}
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        states["numpy"] = numpy.random.get_state()
    device = next((t.device for t in tensors if isinstance(t, Tensor) and t.device.type == "cuda"), None)
    if device is not None:
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def autocast_on() -> dict[str, Any]:
    """Device type → dtype, where autocast is on."""
    return {
        kind: torch.get_autocast_dtype(kind) for kind in ("cpu", "cuda") if torch.is_autocast_enabled(kind)
    }
