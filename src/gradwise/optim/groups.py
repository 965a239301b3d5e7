"""Which weights decay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from gradwise.errors import UsageError

DECAYED_FROM = 2  # dimensions: matrices and filters decay; biases, norms and other vectors do not


def decay_groups(parameters: Iterable[Tensor], weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups in which only matrices and filters decay.

    Decay of biases and of the gains of norm layers does not make a net simpler, it only shifts it (He, Zhang,
    Zhang, Zhang, Xie, Li, arXiv 1812.01187, section 3.1: "no bias decay").  With no decay there is one group.

    Args:
        parameters: of the model; those that need no gradient are left out.
        weight_decay: of the optimizer.

    Raises:
        UsageError: none of the parameters can be trained.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if not trained:
        raise UsageError("the optimizer needs at least one parameter that requires a gradient, got none.")
    if weight_decay == 0:
        return [{"params": trained, "weight_decay": 0.0}]
    groups = [
        {"params": [p for p in trained if p.ndim >= DECAYED_FROM], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < DECAYED_FROM], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
