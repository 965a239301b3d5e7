"""Which weights decay, and which learn at a share of the rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from gradwise.errors import UsageError

DECAYED_FROM = 2  # dimensions: matrices and filters decay; biases, norms and other vectors do not


SHARE = "share"  # of the rate: the name under which a group keeps it


def decay_groups(
    parameters: Iterable[Tensor],
    weight_decay: float,
    *,
    rate: float | None = None,
    shares: Mapping[Tensor, float] | None = None,
) -> list[dict[str, Any]]:
    """Parameter groups in which only matrices and filters decay.

    Decay of biases and of the gains of norm layers does not make a net simpler, it only shifts it (He, Zhang,
    Zhang, Zhang, Xie, Li, arXiv 1812.01187, section 3.1: "no bias decay").  With no decay there is one group.

    Args:
        parameters: of the model; those that need no gradient are left out.
        weight_decay: of the optimizer.
        rate: of the optimizer; needed where there are shares.
        shares: of the rate, of those that learn more slowly; groups come in falling order of these, and keep
            them as ``share``.

    Raises:
        UsageError: none of the parameters can be trained.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if not trained:
        raise UsageError("the optimizer needs at least one parameter that requires a gradient, got none.")
    if shares is None or rate is None:
        return _by_decay(trained, weight_decay)
    groups = []
    of = {id(weight): share for weight, share in shares.items()}
    for share in sorted({of.get(id(weight), 1.0) for weight in trained}, reverse=True):
        some = [weight for weight in trained if of.get(id(weight), 1.0) == share]
        groups += [{**group, "lr": rate * share, SHARE: share} for group in _by_decay(some, weight_decay)]
    return groups


def _by_decay(weights: list[Tensor], weight_decay: float) -> list[dict[str, Any]]:
    if weight_decay == 0:
        return [{"params": weights, "weight_decay": 0.0}]
    groups = [
        {"params": [p for p in weights if p.ndim >= DECAYED_FROM], "weight_decay": weight_decay},
        {"params": [p for p in weights if p.ndim < DECAYED_FROM], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
