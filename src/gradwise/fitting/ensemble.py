"""Several nets as one model: it answers with the mean of their probabilities or numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

PREFIX = "members."  # of a member's weights, followed by its number


class Ensemble(nn.Module):
    """The mean of several nets, put out as a single net of the same kind would put it.

    Means are taken of what is predicted, not of raw outputs: for classes this returns the logarithm of the
    mean probabilities, whose softmax are these; for labels the log odds of the mean probabilities; for
    numbers the mean.  So it can stand wherever one net stands.

    Args:
        nets: of one build.
        kind: of the task.

    >>> sure, unsure = nn.Identity(), nn.Threshold(math.inf, 0.0)  # odds of 9 to 1; 1 to 1 whatever comes
    >>> mean = Ensemble([sure, unsure], "labels")
    >>> round(mean(torch.tensor([[math.log(9)]])).sigmoid().item(), 3)  # (0.9 + 0.5) / 2
    0.7
    """

    def __init__(self, nets: Sequence[nn.Module], kind: Literal["classes", "labels", "numbers"]) -> None:
        super().__init__()
        self.members = nn.ModuleList(nets)
        self.kind = kind

    def forward(self, *inputs: Tensor) -> Tensor:
        """As one of its nets: (N, ...) each -> (N, K)."""
        raw = torch.stack([net(*inputs) for net in self.members])  # (M, N, K)
        if self.kind == "classes":
            return raw.log_softmax(2).logsumexp(0) - math.log(len(self.members))
        if self.kind == "labels":
            return functional.logsigmoid(raw).logsumexp(0) - functional.logsigmoid(-raw).logsumexp(0)
        return raw.mean(0)


def ensemble_state(members: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The weights of an `Ensemble` from those of its nets."""
    return {
        f"{PREFIX}{number}.{name}": tensor
        for number, weights in enumerate(members)
        for name, tensor in weights.items()
    }


def members_in(state: Mapping[str, Any]) -> int:
    """How many nets the weights of an `Ensemble` belong to.

    >>> members_in({"members.0.weight": 1, "members.1.weight": 1})
    2
    """
    return len({name.split(".")[1] for name in state if name.startswith(PREFIX)})
