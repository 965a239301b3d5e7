"""Weight decay beside what the loss asks for, per parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gradwise.watch.pack import Key

# Optimizers of torch that shrink the weights directly instead of adding the decay to the gradient.
DECOUPLED = ("AdamW",)


def decoupled(optimizer: Any, group: Mapping[str, Any]) -> bool:
    """Whether the decay of this group acts on the weights and not through the gradient."""
    return type(optimizer).__name__ in DECOUPLED or bool(group.get("decoupled_weight_decay"))


def decay_shares(
    optimizer: Any, names: Mapping[int, str], values: Mapping[Key, float]
) -> Iterator[tuple[Key, float]]:
    """The signal ``decay_share`` of every decayed parameter, from norms that were measured already.

    Cost: a few host operations per parameter, nothing on the device.
    """
    for group in optimizer.param_groups:
        decay, rate = group.get("weight_decay"), group.get("lr")
        if not isinstance(decay, float | int) or not decay or not isinstance(rate, float | int):
            continue
        apart = decoupled(optimizer, group)
        for p in group["params"]:
            name = names.get(id(p))
            if name is None:
                continue
            weight = values.get(("weight_norm", name))
            other = values.get(("update_norm" if apart else "grad_norm", name))
            if weight is None or other is None:
                continue
            term = float(decay) * weight * (float(rate) if apart else 1.0)
            yield ("decay_share", name), term / other if other > 0 else float("inf") if term else 0.0
