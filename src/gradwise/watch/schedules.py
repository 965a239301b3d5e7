"""Learning-rate schedulers: how often each is stepped, against how far it plans."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

from gradwise.trace.model import Fact

FIRST_TOLD = 10  # steps; then whenever the run has doubled
HORIZONS = ("total_steps", "T_max", "T_0", "step_size", "total_iters")  # attributes that say how far it plans
LONGEST = 200  # schedulers that are followed


@dataclass
class _Followed:
    """One scheduler, and what it said when it was last looked at."""

    ref: weakref.ref[Any]
    at_start: int  # calls counted when it was made
    made_at: int  # steps done by then
    data: dict[str, Any] = field(default_factory=dict)


class Schedules:
    """Follows schedulers by reading their own counters; nothing happens when they step."""

    def __init__(self) -> None:
        self._followed: list[_Followed] = []
        self._told = 0

    def note(self, scheduler: Any, step: int) -> None:
        """A scheduler was made, or its state was loaded: it counts from here."""
        self._followed = [f for f in self._followed if f.ref() is not scheduler]
        if len(self._followed) < LONGEST:
            count = int(getattr(scheduler, "last_epoch", 0))
            self._followed.append(_Followed(weakref.ref(scheduler), count, step))

    def facts(self, step: int, batches: int, final: bool = False) -> list[Fact]:
        """How all of them stand, when the run has doubled since they were last told, or at its end.

        Args:
            step: steps done.
            batches: per epoch of the DataLoader that feeds the training; 0 when there is none.
            final: tell in any case.
        """
        if not self._followed:
            return []
        inner = {id(part) for f in self._followed for part in getattr(f.ref(), "_schedulers", ()) or ()}
        for followed in self._followed:
            scheduler = followed.ref()
            if scheduler is not None:
                followed.data = _reading(scheduler, followed, step, batches, id(scheduler) in inner)
        if not final and step < max(FIRST_TOLD, 2 * self._told):
            return []
        self._told = step
        told = [
            Fact(max(step - 1, 0), "scheduler", f.data["class"], f.data) for f in self._followed if f.data
        ]
        self._followed = [f for f in self._followed if f.ref() is not None]
        return told


def _reading(scheduler: Any, followed: _Followed, step: int, batches: int, inner: bool) -> dict[str, Any]:
    horizon, attribute = 0, ""
    for name in HORIZONS:
        value = getattr(scheduler, name, None)
        if isinstance(value, int | float) and value > 0:
            horizon, attribute = int(value), name
            break
    milestones = getattr(scheduler, "milestones", None)
    if milestones:
        horizon, attribute = int(max(milestones)), "milestones"
    return {
        "class": type(scheduler).__name__,
        "calls": int(getattr(scheduler, "last_epoch", 0)) - followed.at_start,
        "already": followed.at_start,
        "steps": step - followed.made_at,
        "horizon": horizon,
        "attribute": attribute,
        "gamma": float(getattr(scheduler, "gamma", 0.0) or 0.0) if attribute != "T_max" else 0.0,
        "batches": batches,
        "inner": inner,
    }
