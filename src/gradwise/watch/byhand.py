"""Training without ``torch.optim``: weights that the script itself changes after each backward."""

from __future__ import annotations

import weakref
from typing import Any

from torch import Tensor

from gradwise.watch.graph import walk


class HandWritten:
    """Stands for the optimizer where the script updates its weights by hand.

    It holds the leaf tensors that the loss depends on.  Its steps are the
    backwards; what the script changes afterwards is not measured.

    Args:
        parameters: leaf tensors that require a gradient.
    """

    def __init__(self, parameters: list[Tensor]) -> None:
        self.param_groups: list[dict[str, Any]] = [{"params": parameters}]
        self._at_start = [_fingerprint(p) for p in parameters]

    @classmethod
    def behind(cls, loss: Tensor) -> HandWritten | None:
        """One that holds all that the loss was differentiated for; None when that is nothing."""
        leaves = [leaf for leaf in walk(loss, {}, {}).leaves.values() if leaf.grad is not None]
        return cls(leaves) if leaves else None

    @property
    def changed(self) -> bool:
        """Whether anything was updated since the first backward."""
        now = [_fingerprint(p) for p in self.param_groups[0]["params"]]
        return now != self._at_start


class Asked:
    """Leaves of which gradients were asked before any optimizer: weights change in between, data does not.

    Nothing of the script's is kept alive by it.
    """

    def __init__(self) -> None:
        self._latest: list[tuple[weakref.ref[Tensor], tuple[float, float]]] = []

    def changed(self, leaves: list[Tensor]) -> bool:
        """Whether the same leaves were asked for before and are others now; a first time never is."""
        held = [id(ref()) for ref, _ in self._latest]  # of None where it is gone
        if held != [*map(id, leaves)]:
            self._latest = [(weakref.ref(leaf), _fingerprint(leaf)) for leaf in leaves]
            return False
        return [seen for _, seen in self._latest] != [*map(_fingerprint, leaves)]


def _fingerprint(parameter: Tensor) -> tuple[float, float]:
    """Sum and sum of squares: shares keep the one, rotations the other."""
    values = parameter.detach().double()
    return float(values.sum().item()), float(values.square().sum().item())
