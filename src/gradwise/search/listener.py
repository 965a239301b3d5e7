"""Whoever wants to see a search while it runs: the command line's bar, a notebook, a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradwise.fitting.listener import Listener


@dataclass(frozen=True, slots=True)
class TrialNews:
    """One trial, in what a person reads.

    Args:
        number: of the trial in its study, from 0 on.
        state: ``complete``, ``pruned``, ``failed``, or ``dropped``: cut off, to be begun again.
        value: of the objective on the validation rows, in the best epoch; None where there is none.
        settings: that were drawn; of the default trial what a fit would choose by itself.
        default: it is the trial with fit's own defaults.
        epochs: that were trained.
        seconds: that it took.
        loss: validation loss of the best epoch.
        why: it failed or was dropped.
    """

    number: int
    state: str
    value: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    default: bool = False
    epochs: int = 0
    seconds: float = 0.0
    loss: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a search is.

    Args:
        done: trials finished, by all workers.
        wanted: trials in all; None: as many as there is time for.
        seconds: since this worker began.
        limit: seconds that it may take; None: no limit.
        metric: the objective.
        best: the best trial so far.
        default: the trial with fit's own defaults, once it is finished.
    """

    done: int
    wanted: int | None
    seconds: float
    limit: float | None
    metric: str
    best: TrialNews | None = None
    default: TrialNews | None = None


class SearchListener(Listener):
    """Hears everything, does nothing; subclasses override what they want to hear."""

    def trial_moved(self, number: int, epoch: int, epochs: int, standing: Standing) -> None:
        """A trial under way ended an epoch, or began (epoch 0)."""

    def trial_ended(self, news: TrialNews, standing: Standing) -> None:
        """A trial is over."""

    def confirming(self, done: int, trainings: int) -> None:
        """Winner and default are trained with other seeds; so many trainings are done."""
