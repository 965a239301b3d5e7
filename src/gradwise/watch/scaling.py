"""Steps that a GradScaler skipped: normal while they are few, counted and told."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from gradwise.trace.model import Fact
from gradwise.watch.ledger import Ledger


class ScalerBook:
    """Counts what GradScalers stepped and skipped.

    A skip is read off what the scaler itself has already read (`found_inf`).
    Optimizers that are told instead of asked (fused ones on an accelerator)
    leave it on the device; it is read when the count is told.

    Args:
        ledger: takes the facts.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.steps = 0
        self.skipped = 0
        self.last = -1  # step at which the last one was skipped
        self._told = (0, 0)
        self._waiting: list[Tensor] = []
        self._scale = math.nan

    def stepped(self, scaler: Any, optimizer: Any, step: int) -> bool:
        """A scaler's ``step(optimizer)`` has run; returns whether it is known to have been skipped."""
        try:
            skipped = self._look(scaler, optimizer, step)
            if self.skipped >= max(1, 2 * self._told[0]):  # told whenever it has doubled
                self.tell(step)
        except Exception as error:  # noqa: BLE001
            self.ledger.guard.contain("scaler", error, step)
            return False
        return skipped

    def _look(self, scaler: Any, optimizer: Any, step: int) -> bool:
        if not scaler.is_enabled():
            return False
        found = scaler._per_optimizer_states[id(optimizer)].get("found_inf_per_device", {}).values()
        self.steps += 1
        scale = scaler._scale
        if isinstance(scale, Tensor) and scale.is_cpu:
            self._scale = float(scale)
        if getattr(optimizer, "_step_supports_amp_scaling", False) and not all(f.is_cpu for f in found):
            self._waiting += [f.detach().clone() for f in found]
            return False
        skipped = any(float(f) for f in found)
        if skipped:
            self.skipped += 1
            self.last = step
        return skipped

    def tell(self, step: int) -> None:
        """Write the count so far, unless nothing was skipped or nothing is new."""
        waiting, self._waiting = self._waiting, []
        self.skipped += sum(1 for found in waiting if float(found))
        if not self.skipped or (self.skipped, self.steps) == self._told:
            return
        self._told = (self.skipped, self.steps)
        scale = self._scale if math.isfinite(self._scale) else None
        data = {"scale": scale, "skipped": self.skipped, "steps": self.steps, "last": self.last}
        self.ledger.fact(Fact(step, "scaler", "", data))
